//! The recorded history of a state's lock.

use chrono::{DateTime, Utc};

use super::parts::held_by;
use crate::audit::Entry;
use crate::command::Command;
use crate::lock::{State, in_words};
use crate::message::{Message, Text, Tone};
use crate::people::Person;
use crate::text::SHORT;
use crate::watch::{Ending, PastHold};

/// `Held 12 min by jjoyner@ci-runner-04 (apply), until …, released by request`
pub(crate) fn past_hold(past: &PastHold) -> Text {
    let held = held_by(format!("Held {}", in_words(past.length())), &past.hold);
    held.then(", until ").at(past.ended_at).then(match past.ending {
        Ending::Cleared => "",
        Ending::Unlocked { .. } => ", released by request",
        Ending::ChangedHands => ", and taken by another run at once",
    })
}

/// A page of entries, newest first.
pub(crate) fn page(state: &State, before: Option<u64>, count: usize, entries: &[Entry]) -> Message {
    let title = Text::own("📜 ").name(state.name.as_str(), SHORT).then(": what was recorded");
    let mut message = Message::new(Tone::Plain, title);
    if entries.is_empty() {
        return message.line(Text::own(match before {
            None => "No release of its lock was ever requested.",
            Some(_) => "Nothing was recorded before that.",
        }));
    }
    for entry in entries {
        message = message.field(heading(entry), line(entry));
    }
    let at = |before| Command::History { state: state.short_name(), before, count };
    let oldest = entries.last().map_or(0, Entry::seq);
    message.button("Older", at(Some(oldest)), oldest > 1).button(
        "Newest",
        at(None),
        before.is_some(),
    )
}

/// `7 · request.approved`.
fn heading(entry: &Entry) -> Text {
    let action = entry.text("action").unwrap_or("no action");
    Text::own(format!("{} · ", entry.seq())).name(action, SHORT)
}

/// Person, time, lock and reason.
fn line(entry: &Entry) -> Text {
    let name = entry.text_of("actor", "name");
    let id = entry.text_of("actor", "id").and_then(|id| id.parse().ok());
    let mut text = match (name, id) {
        (Some(name), Some(id)) => Text::own("by ").person(&Person { id, name: name.to_owned() }),
        (Some(name), None) => Text::own("by ").name(name, SHORT),
        (None, _) => Text::own("by nobody"),
    };
    let at = entry.text("at").and_then(|at| at.parse::<DateTime<Utc>>().ok());
    if let Some(at) = at {
        text = text.then(", ").at(at);
    }
    if let Some(id) = entry.text_of("lock", "id") {
        text = text.then(", lock ").quote(id, SHORT / 2);
    }
    for (label, field) in [(", because ", "reason"), (" · ", "detail")] {
        if let Some(words) = entry.text(field) {
            text = text.then(label).quote(words, SHORT);
        }
    }
    text
}
