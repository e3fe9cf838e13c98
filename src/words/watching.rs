//! Answers to watchers.

use crate::lock::{State, StateName};
use crate::message::{Message, Text, Tone};
use crate::people::UserId;
use crate::text::SHORT;
use crate::watch::{Line, MOST_WATCHED};

/// Most states that are listed: as many as one person may watch. With so many, Discord's limit for
/// a description shortens long names.
const MOST: usize = MOST_WATCHED;

/// Confirms a place in line.
pub(crate) fn in_line(
    state: &StateName,
    keep: bool,
    before: usize,
    is_surely_told: bool,
) -> Message {
    let text = Text::own("You will be told in this channel ")
        .then(if keep { "every time " } else { "when " })
        .name(state.as_str(), SHORT)
        .then(" clears.");
    let text = text.then(" You are ").append(place(before)).then(".");
    let text = if is_surely_told {
        text
    } else {
        text.then(" It could not be read whether the lock has just cleared: look at /lock status.")
    };
    Message::sentence(Tone::Plain, text)
}

/// `first in line`, or `number 3 in line`.
fn place(before: usize) -> Text {
    match before {
        0 => Text::own("first in line"),
        before => Text::own(format!("number {} in line", before + 1)),
    }
}

/// Confirms that a person left the line.
pub(crate) fn out_of_line(state: &StateName) -> Message {
    let text = Text::own("You will not be told about ").name(state.as_str(), SHORT).then(".");
    Message::sentence(Tone::Plain, text)
}

/// Lists the lines that a person is in.
pub(crate) fn watches(user: UserId, lines: &[(State, Line)]) -> Message {
    if lines.is_empty() {
        let text = Text::own(
            "You watch no state: press Notify me under a locked state, or type /lock watch.",
        );
        return Message::sentence(Tone::Plain, text);
    }
    let mut message = Message::new(Tone::Plain, Text::own("🔔 The states that you watch"));
    for (state, line) in lines.iter().take(MOST) {
        let before = line.before(user).unwrap_or(0);
        let keeps = line.watchers().iter().any(|one| one.person.id == user && one.keep);
        let name = Text::default().name(state.name.as_str(), SHORT);
        let text = name.then(": you are ").append(place(before));
        message = message.line(if keeps { text.then(", every time") } else { text });
    }
    if let Some(more) = lines.len().checked_sub(MOST).filter(|&more| more > 0) {
        message = message.line(Text::own(format!("and {more} more")));
    }
    message
}
