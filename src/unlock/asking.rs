//! Who may ask for an unlock, and where.

use super::{Policy, Rejection};
use crate::people::Actor;

/// Says whether somebody may ask for an unlock where they are: a person with the right role, in a
/// channel for it, where the card of the request can be posted. [`open`](super::open()) asks this too; to ask it earlier spares
/// people a form.
///
/// # Errors
/// The first thing that is in the way.
pub fn may_ask(by: &Actor, policy: &Policy) -> Result<(), Rejection> {
    if by.is_bot {
        return Err(Rejection::Bot);
    }
    if !policy.asking.allows(by) {
        return Err(Rejection::NotAsker(policy.asking.roles.clone()));
    }
    if !policy.asking.allows_the_channel_of(by) {
        return Err(Rejection::NotHere(policy.asking.channels.clone()));
    }
    if !by.room.missing.is_empty() {
        return Err(Rejection::CannotPost(by.room.missing.clone()));
    }
    Ok(())
}
