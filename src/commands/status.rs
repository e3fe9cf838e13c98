//! `/lock status`: who holds a state's lock, what they are doing, and for how long.

use chrono::{DateTime, TimeDelta, Utc};

use super::clearing::held_by;
use super::verdict::{LOOKED_AT, assess_with, verdict_line};
use super::{Context, Reading};
use crate::command::Command;
use crate::error::{Error, Fault};
use crate::lock::{
    Half, HeldLock, LockState, Operation, Sources, State, StateName, Store, Unreadable, age,
    in_words,
};
use crate::message::{LONG, Message, SHORT, Text, Tone};
use crate::ports::Filed;
use crate::watch::{Hold, PastHold};

/// What was found out about one state.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The state.
    pub state: State,
    /// Its lock.
    pub lock: LockState,
    /// When it was read.
    pub at: DateTime<Utc>,
}

/// Reads the lock of the state that a person typed.
///
/// # Errors
/// A refusal for what is no state's name, a fault where the lock cannot be read.
pub async fn inspect(reading: &Reading, typed: &str) -> Result<Report, Error> {
    let state = reading.resolve(typed).await?;
    let lock = reading.locks.inspect(&state).await?;
    Ok(Report { state, lock, at: reading.clock.now() })
}

impl Report {
    /// The lock with its state.
    #[must_use]
    pub fn held(&self) -> HeldLock {
        HeldLock { state: self.state.clone(), lock: self.lock.clone() }
    }
}

pub(super) async fn run(context: &Context, typed: &str) -> Result<Message, Error> {
    let reading = &context.reading;
    let state = reading.resolve(typed).await?;
    let (lock, open, past) = futures::join!(
        reading.locks.inspect(&state),
        context.ledger.open_request(&state.path),
        context.holds.past(&state.path, LOOKED_AT),
    );
    let report = Report { state, lock: lock?, at: reading.clock.now() };
    let mut message = status_message(reading, &report).await;
    let refresh = std::mem::take(&mut message.buttons);
    let message = with_past(context, message, &report, past).await;
    let mut message = with_request(message, &report, open);
    message.buttons.extend(refresh);
    Ok(message)
}

/// Adds how a hold compares with past ones; to a free state, its last hold.
async fn with_past(
    context: &Context,
    message: Message,
    report: &Report,
    past: Result<Vec<PastHold>, Fault>,
) -> Message {
    let assessed = async {
        let past = past?;
        let Some(hold) = Hold::of(&report.held(), report.at) else {
            return Ok(past.first().map(last_hold));
        };
        if report.lock.since().is_none() {
            // Of an age that nobody knows there is nothing to say.
            return Ok(None);
        }
        let assessment = assess_with(context, &hold, &past, report.at).await?;
        Ok::<_, Fault>(Some(verdict_line(&hold, &assessment.verdict)))
    };
    match assessed.await {
        Ok(Some(line)) => message.line(line),
        Ok(None) => message,
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
fn with_request(message: Message, report: &Report, open: Result<Option<Filed>, Fault>) -> Message {
    if report.lock == LockState::Free {
        return message;
    }
    let ask = Command::Unlock { state: report.state.short_name(), reason: None };
    let watch = Command::Watch { state: report.state.short_name(), keep: false };
    let message =
        match open {
            Ok(None) => message.button("Request unlock", ask, true),
            Ok(Some(filed)) => {
                let text = Text::default().person(&filed.request.requester);
                let text = text.then(" asks to unlock it");
                message.field(
                    "Open request",
                    match filed.card {
                        Some(card) => text.then(": ").message(filed.request.place, card),
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

/// Words what was found out. For a free state this asks the directory whether the name may be a
/// slip of the pen.
pub async fn status_message(reading: &Reading, report: &Report) -> Message {
    let message = match &report.lock {
        LockState::Free => free(&report.state, &unseen(reading, &report.state).await),
        LockState::Held(lock) => held(report, &lock.sources),
        LockState::Unreadable(lock) => unreadable(report, lock),
    };
    let refresh = Command::Status { state: report.state.short_name() };
    message.read_at(report.at).button("Refresh", refresh, true)
}

/// Whether the name of a free state may be a slip of the pen.
enum Unseen {
    /// It has been seen.
    No,
    /// The names could not be read.
    Unknown,
    /// Nobody has seen it; with the nearest known name, if any is alike.
    Yes { nearest: Option<StateName> },
}

async fn unseen(reading: &Reading, state: &State) -> Unseen {
    match reading.directory.known().await {
        None => Unseen::Unknown,
        Some(known) if known.contains(&state.path) => Unseen::No,
        Some(known) => Unseen::Yes { nearest: known.nearest(state.name.as_str()).cloned() },
    }
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

fn free(state: &State, unseen: &Unseen) -> Message {
    let message = Message::new(Tone::Free, title("🔓 ", state, " is free"));
    let message = match unseen {
        Unseen::No => message.line(Text::own("Nobody holds its lock.")),
        Unseen::Unknown => message.line(Text::own(
            "Nobody holds its lock. Whether there is such a state could not be looked up: compare \
             its path.",
        )),
        Unseen::Yes { nearest: Some(nearest) } => message.line(
            Text::own("Nobody holds its lock, but no state of this name has been seen either. ")
                .then("Did you mean ")
                .quote(nearest.as_str(), SHORT)
                .then("?"),
        ),
        Unseen::Yes { nearest: None } => message.line(Text::own(
            "Nobody holds its lock, but no state of this name has been seen either: check its \
             spelling.",
        )),
    };
    message.field("State path", Text::quoted(state.path.as_str()))
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

/// What is wrong with half a lock.
pub(super) fn half_line(lock: &LockState) -> Option<Text> {
    let sources = lock.sources()?;
    Some(half_text(sources.half()?, sources))
}

fn half_text(half: Half, sources: &Sources) -> Text {
    let text = Text::default().strong("Half locked");
    match half {
        Half::RowMissing => text.then(": the S3 lockfile is there, the DynamoDB row is not."),
        Half::LockfileMissing => text.then(": the DynamoDB row is there, the S3 lockfile is not."),
        Half::Different => different(text, sources),
    }
}

fn different(text: Text, sources: &Sources) -> Text {
    let [row, lockfile] = [&sources.row, &sources.lockfile]
        .map(|stored| stored.as_ref().map(|stored| stored.info.as_ref()));
    match (row, lockfile) {
        (Some(Err(flaw)), _) => text
            .then(": the DynamoDB row cannot be read (")
            .name(&flaw.to_string(), LONG)
            .then("); what follows is the S3 lockfile's."),
        (_, Some(Err(flaw))) => text
            .then(": the S3 lockfile cannot be read (")
            .name(&flaw.to_string(), LONG)
            .then("); what follows is the DynamoDB row's."),
        (_, Some(Ok(lockfile))) => text
            .then(": the DynamoDB row and the S3 lockfile are of two locks. The lockfile's is ")
            .quote(lockfile.id.as_str(), SHORT)
            .then(" by ")
            .quote(or_unknown(&lockfile.who), SHORT)
            .then("."),
        (_, None) => text.then("."),
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
