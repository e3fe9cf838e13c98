//! The recorded history of a state's lock.

use chrono::{DateTime, Utc};

use super::parts::{operation, or_unknown};
use crate::audit::{Action, Entry};
use crate::command::Command;
use crate::lock::{State, in_words};
use crate::message::{Message, Text, Tone};
use crate::people::Person;
use crate::text::SHORT;
use crate::watch::{Ending, PastHold};

/// `12 min · apply · jjoyner@ci-runner-04 · until … · released by request`
fn past_hold(past: &PastHold) -> Text {
    let hold = &past.hold;
    let text = Text::default().strong(in_words(past.length())).then(" · ");
    let text = match hold.who.as_deref().zip(hold.operation()) {
        Some((who, kind)) => {
            text.append(operation(&kind)).then(" · ").quote(or_unknown(who), SHORT)
        }
        None => text.then("unknown holder"),
    };
    text.then(" · until ").at(past.ended_at).then(match past.ending {
        Ending::Cleared => "",
        Ending::Unlocked { .. } => " · released by request",
        Ending::ChangedHands => " · taken by another run at once",
    })
}

/// Adds the last holds, newest first.
pub(crate) fn with_past_holds(message: Message, past: &[PastHold]) -> Message {
    if past.is_empty() {
        return message;
    }
    let message = message.line(Text::default().strong("Past holds"));
    past.iter().fold(message, |message, past| message.line(past_hold(past)))
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
    let mut above = None;
    for entry in entries {
        let lock = entry.text_of("lock", "id");
        message = message.field(heading(entry), line(entry, lock.filter(|_| lock != above)));
        above = lock;
    }
    let at = |before| Command::History { state: state.short_name(), before, count };
    let oldest = entries.last().map_or(0, Entry::seq);
    message.button("Older", at(Some(oldest)), oldest > 1).button(
        "Newest",
        at(None),
        before.is_some(),
    )
}

/// `7 · Approved (request.approved)`. An action of a later version has its name alone.
fn heading(entry: &Entry) -> Text {
    let action = entry.text("action").unwrap_or("no action");
    let text = Text::own(format!("{} · ", entry.seq()));
    match Action::named(action) {
        Some(known) => text.then(format!("{} ({action})", in_short(known))),
        None => text.name(action, SHORT),
    }
}

fn in_short(action: Action) -> &'static str {
    match action {
        Action::Opened => "Requested",
        Action::Approved => "Approved",
        Action::Denied => "Denied",
        Action::Withdrawn => "Withdrawn",
        Action::Expired => "Expired",
        Action::Unpostable => "Closed without a card",
        Action::ApprovalRefused => "Approval refused",
        Action::DenialRefused => "Denial refused",
        Action::WithdrawalRefused => "Withdrawal refused",
        Action::UnlockStarted => "Release begun",
        Action::UnlockDone => "Released",
        Action::UnlockSuperseded => "Changed hands",
        Action::UnlockAlreadyFree => "Already free",
        Action::UnlockFailed => "Release failed",
    }
}

/// Person, time, lock and reason. The lock is left out where it is that of the entry above.
fn line(entry: &Entry, lock: Option<&str>) -> Text {
    let name = entry.text_of("actor", "name");
    let id = entry.text_of("actor", "id").and_then(|id| id.parse().ok());
    let mut text = match (name, id) {
        (Some(name), Some(id)) => Text::own("by ").person(&Person { id, name: name.to_owned() }),
        (Some(name), None) => Text::own("by ").name(name, SHORT),
        (None, _) => Text::own("by the bot"),
    };
    let at = entry.text("at").and_then(|at| at.parse::<DateTime<Utc>>().ok());
    if let Some(at) = at {
        text = text.then(", ").at(at);
    }
    if let Some(id) = lock {
        text = text.then(", lock ").quote(id, SHORT / 2);
    }
    for (label, field) in [(", because ", "reason"), (" · ", "detail")] {
        if let Some(words) = entry.text(field) {
            text = text.then(label).quote(words, SHORT);
        }
    }
    text
}
