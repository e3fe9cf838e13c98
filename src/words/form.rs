//! Forms: what a button asks before it acts.

use crate::command::Command;
use crate::message::{FORM_TITLE, Form, Message, Text, Tone};
use crate::people::RequestId;
use crate::text::{clip_middle, length, visible};
use crate::unlock::UnlockRequest;

/// Asks for the reason of an unlock request.
pub(crate) fn reason(typed_state: &str, name: &str) -> Form {
    Form {
        title: title("Unlock ", name),
        label: "Why must it be unlocked?",
        example: "The runner died during apply; the job is gone".to_owned(),
        required: true,
        long: true,
        command: Command::Unlock { state: typed_state.to_owned(), reason: None },
    }
}

/// Longest placeholder, because the approver must read the full text to type it.
const EXAMPLE: usize = 100;

/// The confirmation that an approver types: the state's name, or the shortened one of its buttons
/// if the name is too long or contains invisible characters.
pub(crate) fn confirmation_word(request: &UnlockRequest) -> String {
    let name = request.state.name.as_str().trim();
    if length(name) <= EXAMPLE && visible(name) == name {
        name.to_owned()
    } else {
        request.state.short_name()
    }
}

/// Asks an approver for confirmation, because the lock may be of a live run.
pub(crate) fn confirmation(request: &UnlockRequest) -> Form {
    let name = request.state.name.as_str();
    Form {
        title: title("It may be alive: ", name),
        label: "Type the state's name to unlock it",
        example: confirmation_word(request),
        required: true,
        long: false,
        command: Command::Approve { request: request.id, typed: None },
    }
}

/// Asks for the reason of a denial.
pub(crate) fn denial(id: RequestId, name: &str) -> Form {
    Form {
        title: title("Deny: ", name),
        label: "Why not? (optional)",
        example: "It is still running".to_owned(),
        required: false,
        long: true,
        command: Command::Deny { request: id, reason: None },
    }
}

fn title(words: &str, name: &str) -> String {
    let room = FORM_TITLE - length(words);
    format!("{words}{}", clip_middle(&visible(name), room))
}

/// Says that it is too late to open a form.
pub(crate) fn too_late_for_a_form() -> Message {
    let late = "The form took too long to open. Nothing was changed: press the button again.";
    Message::sentence(Tone::Plain, Text::own(late))
}
