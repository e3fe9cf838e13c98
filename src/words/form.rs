//! The questions back: what a button asks before it does something.

use crate::command::Command;
use crate::message::{FORM_TITLE, Form, Message, Text, Tone};
use crate::people::RequestId;
use crate::text::{clip_middle, visible};
use crate::unlock::UnlockRequest;

/// Asks why a lock has to be released.
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

/// Longest example in an empty field, in characters: what is to be typed has to be read in full.
const EXAMPLE: usize = 100;

/// What an approver types to confirm: the state's name, and of one that cannot be shown or typed as
/// it is, the shortened one of its buttons.
pub(crate) fn word(request: &UnlockRequest) -> String {
    let name = request.state.name.as_str().trim();
    if name.chars().count() <= EXAMPLE && visible(name) == name {
        name.to_owned()
    } else {
        request.state.short_name()
    }
}

/// Asks an approver to stop and think: the lock may be that of a live run.
pub(crate) fn confirmation(request: &UnlockRequest) -> Form {
    let name = request.state.name.as_str();
    Form {
        title: title("It may be alive: ", name),
        label: "Type the state's name to unlock it",
        example: word(request),
        required: true,
        long: false,
        command: Command::Approve { request: request.id, typed: None },
    }
}

/// Asks why somebody says no.
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
    let room = FORM_TITLE - words.chars().count();
    format!("{words}{}", clip_middle(&visible(name), room))
}

/// Says that it is too late to open a form.
pub(crate) fn too_late_for_a_form() -> Message {
    let late = "The form took too long to open. Nothing was changed: press the button again.";
    Message::sentence(Tone::Plain, Text::own(late))
}
