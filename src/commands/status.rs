//! `/lock status`: who holds a state's lock, what they are doing, and for how long.

use chrono::{DateTime, TimeDelta, Utc};

use super::Context;
use crate::command::Command;
use crate::error::Error;
use crate::lock::{
    Half, LockInfo, LockState, Operation, Sources, State, StateName, Store, Unreadable, age,
    in_words,
};
use crate::message::{LONG, Message, SHORT, Text, Tone};

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
pub async fn inspect(context: &Context, typed: &str) -> Result<Report, Error> {
    let state = context.resolve(typed).await?;
    let lock = context.locks.inspect(&state).await?;
    Ok(Report { state, lock, at: context.clock.now() })
}

pub(super) async fn run(context: &Context, typed: &str) -> Result<Message, Error> {
    let report = inspect(context, typed).await?;
    Ok(status_message(context, &report).await)
}

/// Words what was found out. For a free state this asks the directory whether the name may be a
/// slip of the pen.
pub async fn status_message(context: &Context, report: &Report) -> Message {
    let message = match &report.lock {
        LockState::Free => free(&report.state, &unseen(context, &report.state).await),
        LockState::Held(lock) => held(report, &lock.info, &lock.sources),
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

async fn unseen(context: &Context, state: &State) -> Unseen {
    match context.directory.known().await {
        None => Unseen::Unknown,
        Some(known) if known.contains(&state.path) => Unseen::No,
        Some(known) => Unseen::Yes { nearest: known.nearest(state.name.as_str()).cloned() },
    }
}

fn title(mark: &'static str, state: &State, says: &'static str) -> Text {
    Text::own(mark).name(state.name.as_str(), SHORT).then(says)
}

fn held(report: &Report, info: &LockInfo, sources: &Sources) -> Message {
    let tone = if sources.half().is_some() { Tone::Broken } else { Tone::Held };
    let mut message =
        Message::new(tone, title("🔒 ", &report.state, " is locked")).line(held_for(report));
    if let Some(half) = sources.half() {
        message = message.line(half_text(half, sources));
    }
    message = message
        .short_field("Holder", Text::quoted(or_unknown(&info.who)))
        .short_field("Operation", operation(&info.operation))
        .field("Lock ID", Text::quoted(info.id.as_str()))
        .short_field("Terraform or OpenTofu", Text::quoted(or_unknown(&info.version)))
        .short_field("Lives in", Text::own(lives_in(sources)));
    if !info.info.is_empty() {
        message = message.field("Info", Text::quoted(&info.info));
    }
    message.field("State path", Text::quoted(report.state.path.as_str()))
}

fn unreadable(report: &Report, lock: &Unreadable) -> Message {
    let mut message = Message::new(
        Tone::Broken,
        title("⚠️ ", &report.state, " is locked, by an unreadable record"),
    )
    .line(held_for(report))
    .line(
        Text::own("Nobody can tell who holds it: ")
            .name(&lock.flaw.to_string(), LONG)
            .then(". It counts as held; terraform force-unlock needs a readable record too."),
    );
    if let Some(half) = lock.sources.half() {
        message = message.line(half_text(half, &lock.sources));
    }
    message = message.short_field("Lives in", Text::own(lives_in(&lock.sources)));
    let record =
        lock.sources.records().map(|stored| stored.record.to_text()).find(|t| !t.is_empty());
    if let Some(record) = record {
        message = message.field("Record", Text::quoted(&record));
    }
    message.field("State path", Text::quoted(report.state.path.as_str()))
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

fn held_for(report: &Report) -> Text {
    match report.lock.since() {
        // Ages go by the holder's clock; a minute is what clocks may differ by.
        Some(since) if since > report.at + TimeDelta::minutes(1) => Text::default()
            .strong("Held")
            .then(" by somebody whose clock is ahead of this one: since ")
            .at(since)
            .then("."),
        Some(since) => Text::default()
            .strong(format!("Held for {}", in_words(age(since, report.at))))
            .then(", since ")
            .at(since)
            .then("."),
        None => Text::default().strong("Held").then(", nobody knows since when."),
    }
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
