//! Who may ask for an unlock, and where.

use super::Refusal;
use crate::people::Actor;

/// Says whether somebody may ask for an unlock where they are: a person, in a channel where the card
/// of the request can be posted. [`open`](super::open()) asks this too; to ask it earlier spares
/// people a form.
///
/// # Errors
/// The first thing that is in the way.
pub fn may_ask(by: &Actor) -> Result<(), Refusal> {
    if by.is_bot {
        return Err(Refusal::Bot);
    }
    if !by.room.missing.is_empty() {
        return Err(Refusal::CannotPost(by.room.missing.clone()));
    }
    Ok(())
}
