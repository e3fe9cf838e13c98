//! What a person is told when a command is not carried out: one sentence and the next step.

use super::help::how_states_are_named;
use crate::error::{Fault, Refusal};
use crate::lock::NameError;
use crate::message::{LONG, Message, SHORT, Text, Tone};

/// The message for a request that cannot be met.
#[must_use]
pub fn refusal_message(refusal: &Refusal) -> Message {
    Message::sentence(Tone::Plain, refusal_text(refusal))
}

fn refusal_text(refusal: &Refusal) -> Text {
    match refusal {
        Refusal::BadName { error: NameError::Empty, .. } => {
            Text::own("No state was named: type one, such as env/prod.")
        }
        Refusal::BadName { typed, error, nearest } => {
            let text = Text::default()
                .quote(typed, SHORT)
                .then(" is no state name: ")
                .name(&error.to_string(), LONG);
            match nearest {
                Some(nearest) => {
                    text.then(". Did you mean ").quote(nearest.as_str(), SHORT).then("?")
                }
                None => text.then(". ").append(how_states_are_named()).then("."),
            }
        }
        Refusal::UnknownHandle => {
            Text::own("That state is not known any more: look for it in the list of locks.")
        }
        Refusal::NamesNotRead => {
            Text::own("The names of states are still being read: try again in a minute.")
        }
        Refusal::Unknown => Text::own(
            "This button or command is not of this version of the bot: type /lock help for what \
             there is.",
        ),
        Refusal::Elsewhere => Text::own(
            "I answer only in the server that I was set up for: ask there, or set \
             DISCORD_GUILD_ID to this one.",
        ),
    }
}

/// The message for a fault. `state` is what was asked about, and `reference` what the person quotes
/// and the log is searched for.
#[must_use]
pub fn fault_message(fault: &Fault, state: Option<&str>, reference: &str) -> Message {
    let about = match state {
        Some(state) => Text::own("Whether ").quote(state, SHORT).then(" is locked is not known. "),
        None => Text::own("This is not known. "),
    };
    Message::sentence(Tone::Broken, about.name(&fault.to_string(), 3 * LONG).then("."))
        .line(Text::own(format!("The log has more under {reference}.")))
}
