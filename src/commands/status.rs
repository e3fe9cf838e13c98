//! `/lock status`: who holds a state's lock, what they are doing, and for how long.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::clearing::held_by;
use super::half::{half_evidence, half_line};
use super::verdict::{assess, verdict_line};
use super::{Context, Known};
use crate::command::Command;
use crate::error::{Error, Fault};
use crate::lock::{
    HeldLock, LockState, Operation, Sources, State, StateName, StatePath, Store, Unreadable, age,
    in_words,
};
use crate::message::{LONG, Message, SHORT, Text, Tone};
use crate::ports::Asked;
use crate::watch::{Hold, Past, PastHold};

/// What was found out about one state.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The state.
    pub state: State,
    /// Its lock.
    pub lock: LockState,
    /// Whether it is the state that was meant.
    pub known: Known,
    /// When it was read.
    pub at: DateTime<Utc>,
}

impl Report {
    /// The lock with its state.
    #[must_use]
    pub fn held(&self) -> HeldLock {
        HeldLock { state: self.state.clone(), lock: self.lock.clone() }
    }
}

/// What is known of a state beside its lock.
struct Beside {
    asked: Result<Option<Asked>, Fault>,
    past: Result<Arc<Past>, Fault>,
}

impl Beside {
    async fn read(context: &Context, path: &StatePath) -> Self {
        let (asked, past) =
            futures::join!(context.ledger.asked(path), context.holds.in_short(path));
        Self { asked, past }
    }
}

pub(super) async fn run(context: &Context, typed: &str) -> Result<Message, Error> {
    let reading = &context.reading;
    // The rest is read at the same time as the lock, for the state that the text most likely means;
    // and again if it turns out to mean another.
    let likely = reading.catalog.meanings(typed).ok().map(|all| all.likeliest.path);
    let likely_beside = async {
        match &likely {
            Some(path) => Some((path, Beside::read(context, path).await)),
            None => None,
        }
    };
    let (report, likely_beside) = futures::join!(reading.look(typed), likely_beside);
    let report = report?;
    let Beside { asked, past } = match likely_beside {
        Some((path, beside)) if *path == report.state.path => beside,
        _ => Beside::read(context, &report.state.path).await,
    };
    let mut message = status_message(&report);
    let refresh = std::mem::take(&mut message.buttons);
    let message = with_past(context, message, &report, past).await;
    let mut message = with_request(message, &report, asked);
    message.buttons.extend(refresh);
    Ok(message)
}

/// Adds how a hold compares with past ones; to a free state, its last hold.
async fn with_past(
    context: &Context,
    message: Message,
    report: &Report,
    past: Result<Arc<Past>, Fault>,
) -> Message {
    let assessed = async {
        let past = past?;
        let Some(hold) = Hold::of(&report.held(), report.at) else {
            return Ok(past.last.as_ref().map(last_hold).into_iter().collect());
        };
        // From memory, once the locks were looked at.
        let other_runs = context.holds.other_runs(&hold);
        let half = half_evidence(context, &report.lock, &hold, &past);
        let (half, other_runs) = futures::try_join!(half, other_runs)?;
        if report.lock.since().is_none() {
            // An unknown age is not compared with anything.
            return Ok(half.into_iter().collect());
        }
        let assessment = assess(context, &hold, &past, other_runs, report.at);
        let verdict = verdict_line(&hold, &assessment.verdict);
        Ok::<Vec<Text>, Fault>(half.into_iter().chain([verdict]).collect())
    };
    match assessed.await {
        Ok(lines) => lines.into_iter().fold(message, Message::line),
        Err(fault) => {
            // The lock itself was read, and that is what was asked.
            tracing::warn!(kind = fault.kind.as_str(), "past holds not read: {fault}");
            message.line(Text::own("Its past holds could not be read; the log says why."))
        }
    }
}

/// `Last held for 12 min by jjoyner@ci-runner-04 (apply), until …`
fn last_hold(past: &PastHold) -> Text {
    let words = format!("Last held for {}", in_words(past.length()));
    held_by(words, &past.hold).then(", until ").at(past.ended_at).then(".")
}

/// Adds what is known of a request to unlock, and the way to make one.
fn with_request(message: Message, report: &Report, asked: Result<Option<Asked>, Fault>) -> Message {
    if report.lock == LockState::Free {
        return message;
    }
    let ask = Command::Unlock { state: report.state.short_path(), reason: None };
    let watch = Command::Watch { state: report.state.short_path(), keep: false };
    let message =
        match asked {
            Ok(None) => message.button("Request unlock", ask, true),
            Ok(Some(Asked { requester, place, card })) => {
                let text = Text::default().person(&requester).then(" asks to unlock it");
                message.field(
                    "Open request",
                    match card {
                        Some(card) => text.then(": ").message(place, card),
                        None => text.then("."),
                    },
                )
            }
            Err(fault) => {
                // The lock itself was read, and that is what was asked.
                tracing::warn!(kind = fault.kind.as_str(), "open request not read: {fault}");
                message
                    .field("Open request", Text::own("Could not be read; the log says why."))
                    .button("Request unlock", ask, true)
            }
        };
    message.button("Notify me", watch, true)
}

/// Words what was found out.
#[must_use]
pub fn status_message(report: &Report) -> Message {
    let message = match &report.lock {
        LockState::Free => without_lock(report),
        LockState::Held(lock) => held(report, &lock.sources),
        LockState::Unreadable(lock) => unreadable(report, lock),
    };
    let state = match report.known {
        // A guessed path must not vouch for itself.
        Known::Unseen { .. } | Known::NotRead { .. } => report.state.short_name(),
        Known::Seen | Known::InFull { .. } => report.state.short_path(),
    };
    message.read_at(report.at).button("Refresh", Command::Status { state }, true)
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
    let title = title("⚠️ ", &report.state, " is locked, by an unreadable record");
    let message = Message::new(Tone::Broken, title);
    with_lock(message, report).line(
        Text::own("Nobody can tell who holds it: ")
            .name(&lock.flaw.to_string(), LONG)
            .then(". It counts as held; terraform force-unlock needs a readable record too."),
    )
}

fn with_lock(message: Message, report: &Report) -> Message {
    let mut message = message.line(held_for(&report.lock, report.at));
    if let Some(line) = half_line(&report.lock) {
        message = message.line(line);
    }
    lock_fields(message, &report.lock).field("State path", Text::quoted(report.state.path.as_str()))
}

/// The facts of a held lock, as far as its record can be read.
pub(super) fn lock_fields(message: Message, lock: &LockState) -> Message {
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

/// A state without a lock: free if there is such a state, else unknown.
fn without_lock(report: &Report) -> Message {
    let state = &report.state;
    let path = Text::quoted(state.path.as_str());
    let free = || {
        let message = Message::new(Tone::Free, title("🔓 ", state, " is free"));
        message.line(Text::own("Nobody holds its lock."))
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
                "No lock is at the path below, but whether there is such a state could \
                not be looked up.",
            ))
            .line(Text::default().name(why, 3 * LONG).then("."))
            .field("Looked at", path),
    }
}

/// Offers the name that may have been meant.
pub(super) fn did_you_mean(text: Text, nearest: Option<&StateName>) -> Text {
    match nearest {
        Some(nearest) => text.then(" Did you mean ").quote(nearest.as_str(), SHORT).then("?"),
        None => text,
    }
}

/// Offers the name that may have been meant, or has the spelling checked.
pub(super) fn or_misspelt(text: Text, nearest: Option<&StateName>) -> Text {
    match nearest {
        Some(_) => did_you_mean(text, nearest),
        None => text.then(" Check its spelling."),
    }
}

/// How long a lock has been held.
pub(super) fn held_for(lock: &LockState, now: DateTime<Utc>) -> Text {
    match lock.since() {
        // Ages go by the holder's clock; a minute is what clocks may differ by.
        Some(since) if since > now + TimeDelta::minutes(1) => Text::default()
            .strong("Held")
            .then(" by somebody whose clock is ahead of this one: since ")
            .at(since)
            .then("."),
        Some(since) => Text::default()
            .strong(format!("Held for {}", in_words(age(since, now))))
            .then(", since ")
            .at(since)
            .then("."),
        None => Text::default().strong("Held").then(", nobody knows since when."),
    }
}

/// Where a lock lies, in words.
fn lives_in(sources: &Sources) -> &'static str {
    match *sources.stores() {
        [Store::DynamoDb] => "DynamoDB",
        [Store::S3] => "S3 lockfile",
        _ => "DynamoDB and S3 lockfile",
    }
}

/// What the holder is doing: our word for it, or the other tool's.
pub(super) fn operation(operation: &Operation) -> Text {
    match operation.label() {
        Some(label) => Text::own(label),
        None => Text::default().quote(or_unknown(operation.as_written()), SHORT / 2),
    }
}

/// A text of a record, or that it has none.
pub(super) fn or_unknown(text: &str) -> &str {
    if text.is_empty() { "unknown" } else { text }
}
