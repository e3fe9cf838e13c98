//! Who may ask for an unlock, and where.

use super::{Policy, Rejection};
use crate::people::Actor;

/// Checks whether a person may ask for an unlock: their role, the channel, and that the card can be posted
/// there. [`open`](super::open()) checks the same. The earlier check spares people a form.
///
/// # Errors
/// The first check that fails.
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
