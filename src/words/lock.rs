//! The status of a state's lock: holder, operation and age.

use chrono::{DateTime, TimeDelta, Utc};

use super::half::half_line;
use super::parts::{held_by, operation, or_unknown};
use super::store::store_line;
use crate::command::Command;
use crate::finding::{Known, Report};
use crate::lock::{LockState, Sources, State, StateName, Store, Stores, Unreadable, age, in_words};
use crate::message::{Message, Text, Tone};
use crate::ports::Asked;
use crate::text::{LONG, SHORT};
use crate::watch::PastHold;

/// The label of the field about an open request.
const OPEN_REQUEST: &str = "Open request";

/// How the lock stands, without buttons.
#[must_use]
pub fn status(report: &Report) -> Message {
    let message = match &report.lock {
        LockState::Free => without_lock(report),
        LockState::Held(lock) => held(report, &lock.sources),
        LockState::Unreadable(lock) => unreadable(report, lock),
    };
    let message = match store_line(report.store) {
        Some(line) => message.line(line),
        None => message,
    };
    message.read_at(report.at)
}

/// Adds the button that reads the state again.
#[must_use]
pub fn with_refresh(message: Message, report: &Report) -> Message {
    let state = match report.known {
        // A guessed path must not look like one that the person typed in full.
        Known::Unseen { .. } | Known::NotRead { .. } => report.state.short_name(),
        Known::Seen | Known::InFull { .. } => report.state.short_path(),
    };
    message.button("Refresh", Command::Status { state }, true)
}

/// Adds the button that asks for the lock to be released.
pub(crate) fn with_ask(message: Message, state: &State) -> Message {
    let ask = Command::Unlock { state: state.short_path(), reason: None };
    message.button("Request unlock", ask, true)
}

/// Adds the button that joins those who wait.
pub(crate) fn with_watch(message: Message, state: &State) -> Message {
    let watch = Command::Watch { state: state.short_path(), keep: false };
    message.button("Notify me", watch, true)
}

/// Adds the open request: `alice asks to unlock it: the card`.
pub(crate) fn with_open_request(message: Message, asked: &Asked) -> Message {
    let text = Text::default().person(&asked.requester).then(" asks to unlock it");
    let text = match asked.card {
        Some(card) => text.then(": ").message(asked.place, card),
        None => text.then("."),
    };
    message.field(OPEN_REQUEST, text)
}

/// Says that it is not known whether there is an open request.
pub(crate) fn with_request_not_read(message: Message) -> Message {
    message.field(OPEN_REQUEST, Text::own("It could not be read. The log says why."))
}

fn title(mark: &'static str, state: &State, says: &'static str) -> Text {
    Text::own(mark).name(state.name.as_str(), SHORT).then(says)
}

fn held(report: &Report, sources: &Sources) -> Message {
    let tone = if sources.half().is_some() { Tone::Broken } else { Tone::Held };
    let title = title("🔒 ", &report.state, " is locked");
    with_lock(Message::new(tone, title), report)
}

fn unreadable(report: &Report, lock: &Unreadable) -> Message {
    let title = title("⚠️ ", &report.state, " is locked, and its record is unreadable");
    let message = Message::new(Tone::Broken, title);
    with_lock(message, report).line(
        Text::own("Its holder is unknown: ")
            .name(&lock.flaw.to_string(), LONG)
            .then(". The lock counts as held. terraform force-unlock cannot read it either."),
    )
}

fn with_lock(message: Message, report: &Report) -> Message {
    let mut message = message.line(held_for(&report.lock, report.at));
    if let Some(line) = half_line(&report.lock) {
        message = message.line(line);
    }
    lock_fields(message, &report.lock).field("State path", Text::quoted(report.state.path.as_str()))
}

/// The facts of a held lock, as far as its record is readable.
pub(crate) fn lock_fields(message: Message, lock: &LockState) -> Message {
    match lock {
        LockState::Free => message,
        LockState::Held(lock) => {
            let info = &lock.info;
            let message = message
                .short_field("Holder", Text::quoted(or_unknown(&info.who)))
                .short_field("Operation", operation(&info.operation))
                .field("Lock ID", Text::quoted(info.id.as_str()))
                .short_field("Terraform or OpenTofu", Text::quoted(or_unknown(&info.version)))
                .short_field("Lives in", Text::own(lives_in(&lock.sources)));
            if info.info.is_empty() {
                return message;
            }
            message.field("Info", Text::quoted(&info.info))
        }
        LockState::Unreadable(lock) => {
            let message = message.short_field("Lives in", Text::own(lives_in(&lock.sources)));
            let mut records = lock.sources.records().map(|stored| stored.record.to_text());
            match records.find(|record| !record.is_empty()) {
                Some(record) => message.field("Record", Text::quoted(&record)),
                None => message,
            }
        }
    }
}

/// A state without a lock: free if the state exists, else unknown.
fn without_lock(report: &Report) -> Message {
    let state = &report.state;
    let path = Text::quoted(state.path.as_str());
    let free = || {
        let message = Message::new(Tone::Free, title("🔓 ", state, " is free"));
        message.line(Text::own(no_lock(report.looked_in)))
    };
    let unknown = || Message::new(Tone::Plain, title("❔ ", state, " is unknown"));
    match &report.known {
        Known::Seen => free().field("State path", path),
        Known::InFull { nearest } => {
            let text = Text::own("Nothing else has been seen at this path: it is new or misspelt.");
            free().line(did_you_mean(text, nearest.as_ref())).field("State path", path)
        }
        Known::Unseen { nearest } => {
            let text = Text::own("Nothing has ever been seen of a state of this name.");
            unknown()
                .line(or_misspelt(text, nearest.as_ref()))
                .line(Text::own("No lock is at the path below. A new state goes by its full path."))
                .field("Looked at", path)
        }
        Known::NotRead { why } => unknown()
            .line(Text::own(
                "No lock is at the path below, but it could not be read whether the state exists.",
            ))
            .line(Text::default().name(why, 3 * LONG).then("."))
            .field("Looked at", path),
    }
}

/// Says where there is no lock. A lock in a store that the bot does not read keeps Terraform out too.
fn no_lock(looked_in: Option<Stores>) -> &'static str {
    match looked_in {
        Some(Stores { row: true, lockfile: false }) => {
            "There is no lock in DynamoDB. This backend is not set to have S3 lockfiles."
        }
        Some(Stores { row: false, lockfile: true }) => {
            "There is no S3 lockfile. This backend is not set to have a lock table."
        }
        _ => "Nobody holds its lock.",
    }
}

/// Suggests a similar name.
pub(crate) fn did_you_mean(text: Text, nearest: Option<&StateName>) -> Text {
    match nearest {
        Some(nearest) => text.then(" Did you mean ").quote(nearest.as_str(), SHORT).then("?"),
        None => text,
    }
}

/// Suggests a similar name, or asks to check the spelling.
pub(crate) fn or_misspelt(text: Text, nearest: Option<&StateName>) -> Text {
    match nearest {
        Some(_) => did_you_mean(text, nearest),
        None => text.then(" Check its spelling."),
    }
}

/// How long a lock has been held.
pub(crate) fn held_for(lock: &LockState, now: DateTime<Utc>) -> Text {
    match lock.since() {
        // Ages use the holder's clock. Clocks may differ by up to a minute.
        Some(since) if since > now + TimeDelta::minutes(1) => Text::default()
            .strong("Held")
            .then(" by a machine whose clock is ahead of this one: since ")
            .at(since)
            .then("."),
        Some(since) => Text::default()
            .strong(format!("Held for {}", in_words(age(since, now))))
            .then(", since ")
            .at(since)
            .then("."),
        None => Text::default().strong("Held").then(" since an unknown time."),
    }
}

/// The stores of a lock, in words.
fn lives_in(sources: &Sources) -> &'static str {
    match *sources.stores() {
        [Store::DynamoDb] => "DynamoDB",
        [Store::S3] => "S3 lockfile",
        _ => "DynamoDB and S3 lockfile",
    }
}

/// `Last held for 12 min by jjoyner@ci-runner-04 (apply), until …`
pub(crate) fn last_hold(past: &PastHold) -> Text {
    let words = format!("Last held for {}", in_words(past.length()));
    held_by(words, &past.hold).then(", until ").at(past.ended_at).then(".")
}

/// Replaces the summary of past holds if it cannot be read.
pub(crate) fn past_not_read() -> Text {
    Text::own("Its past holds could not be read. The log says why.")
}
