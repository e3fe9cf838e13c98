//! What `locktender report` says.

use chrono::{DateTime, TimeDelta, Utc};

use super::parts::counted;
use crate::audit::Action;
use crate::lock::{BackendName, Operation, in_words};
use crate::ports::Unread;
use crate::text::{LONG, SHORT, clip, clip_middle, visible};
use crate::watch::{
    Figures, Forced, LONGEST_PERIOD, Label, LockReport, LongHold, LongWait, Machine, NotRead,
    Period,
};

/// The headings of the lists.
pub(crate) const FORCED: &str = "Forced unlocks, the last ones first";
pub(crate) const LONGEST_HOLDS: &str = "Longest holds";
pub(crate) const LONGEST_WAITS: &str = "Longest waits for the end of a request";
pub(crate) const LEFT_BEHIND: &str = "Locks left behind, by machine";
pub(crate) const NOT_KNOWN: &str = "What the figures lack";

/// The headings of the tables.
pub(crate) const BY_STATE: [&str; 7] =
    ["STATE", "HOLDS", "HELD", "LONGEST", "REQUESTS", "WAITED", "FORCED"];
pub(crate) const BY_MACHINE: [&str; 4] = ["MACHINES", "HOLDS", "FORCED", "LOOKED STALE"];

/// Refuses a number of days.
#[must_use]
pub(crate) fn wrong_days(days: u32) -> String {
    format!(
        "--days is {days}: set it to a number from 1 to {LONGEST_PERIOD}, since past holds are kept for \
         {LONGEST_PERIOD} days"
    )
}

/// Refuses a file that cannot be written.
#[must_use]
pub(crate) fn not_written(file: &str, why: &std::io::Error) -> String {
    format!("{file} cannot be written: {why}")
}

/// `State locks in the last 30 days, from 2026-10-30 00:00 to 2026-11-28 12:00 UTC`
#[must_use]
pub(crate) fn heading(report: &LockReport) -> String {
    let Period { from, to } = report.period;
    // A report of a week begins and ends in the middle of a day.
    let length = to - from;
    let days = match length.num_days() + i64::from(length > TimeDelta::days(length.num_days())) {
        0 | 1 => "today".to_owned(),
        days => format!("in the last {days} days"),
    };
    format!("State locks {days}, {}", dates(report))
}

/// `from 2026-11-16 09:00 to 2026-11-23 09:00 UTC`
#[must_use]
pub(crate) fn dates(report: &LockReport) -> String {
    let Period { from, to } = report.period;
    format!("from {} to {} UTC", minute(from), minute(to))
}

/// How many holds and requests there were, and how they ended.
#[must_use]
pub(crate) fn summary(report: &LockReport) -> Vec<String> {
    let total = &report.total;
    let ended = |count: usize, one: &str, many: &str| match count {
        0 => format!("No {one} ended"),
        count => format!("{} ended", counted(count as u64, one, many)),
    };
    let mut holds = match (total.holds, total.held_now) {
        (0, 0) => "No hold is recorded.".to_owned(),
        (holds, 0) => format!("{}.", ended(holds, "hold", "holds")),
        (holds, 1) => format!("{}, and 1 goes on.", ended(holds, "hold", "holds")),
        (holds, now) => format!("{}, and {now} go on.", ended(holds, "hold", "holds")),
    };
    if total.held > TimeDelta::zero() {
        holds.push_str(&format!(" Together they held locks for {}.", in_words(total.held)));
    }
    let mut requests = ended(total.requests, "request", "requests");
    let ends = report.outcomes.iter().map(|&(end, times)| format!("{times} {}", outcome(end)));
    let ends = ends.collect::<Vec<_>>().join(", ");
    if !ends.is_empty() {
        requests.push_str(&format!(": {ends}"));
    }
    requests.push('.');
    match report.open_requests {
        0 => {}
        1 => requests.push_str(" 1 is open."),
        open => requests.push_str(&format!(" {open} are open.")),
    }
    vec![holds, requests]
}

/// The row of a state.
#[must_use]
pub(crate) fn row(state: &str, of: &Figures) -> [String; 7] {
    let holds = match of.held_now {
        0 => of.holds.to_string(),
        now => format!("{}+{now}", of.holds),
    };
    let waited = if of.requests == 0 { "-".to_owned() } else { in_words(of.waited) };
    [
        state.to_owned(),
        holds,
        in_words(of.held),
        in_words(of.longest),
        of.requests.to_string(),
        waited,
        of.forced.to_string(),
    ]
}

/// The name of a state, which is untrusted.
#[must_use]
pub(crate) fn state(label: &Label) -> String {
    clip_middle(&visible(label.shown()), SHORT)
}

/// Names the states that a table leaves out: `13 more states`.
#[must_use]
pub(crate) fn more_states(states: usize) -> String {
    counted(states as u64, "more state", "more states")
}

/// Says how much of a list is left out.
#[must_use]
pub(crate) fn more_forced(left_out: usize) -> String {
    format!("and {left_out} more: --format json has them all")
}

/// `2026-11-25 08:42 UTC  env/prod, held 4 h 12 min: the runner died`
#[must_use]
pub(crate) fn forced(of: &Forced) -> String {
    let held = match of.held {
        Some(held) => format!("held {}", in_words(held)),
        None => "held for an unknown time".to_owned(),
    };
    let reason = match &of.reason {
        Some(reason) => clip(&visible(reason), LONG),
        None => "the reason is not recorded".to_owned(),
    };
    format!("{} UTC  {}, {held}: {reason}", minute(of.at), state(&of.state))
}

/// `4 h 12 min  env/prod (apply), until 2026-11-25 08:42 UTC, by a forced unlock`
#[must_use]
pub(crate) fn long_hold(of: &LongHold) -> String {
    let operation = match &of.operation {
        Some(operation) => {
            let operation = Operation::new(operation.clone());
            let label = operation.label().map(str::to_owned);
            label.unwrap_or_else(|| clip(&visible(operation.as_written()), SHORT / 2))
        }
        None => "unknown operation".to_owned(),
    };
    let end = match of.ended_at {
        Some(at) if of.forced => format!("until {} UTC, by a forced unlock", minute(at)),
        Some(at) => format!("until {} UTC", minute(at)),
        None => "and still held".to_owned(),
    };
    format!("{}  {} ({operation}), {end}", in_words(of.length), state(&of.state))
}

/// `22 min  env/prod, unlocked 2026-11-25 08:42 UTC`
#[must_use]
pub(crate) fn long_wait(of: &LongWait) -> String {
    let (length, end) = (in_words(of.waited), outcome(of.outcome));
    format!("{length}  {}, {end} {} UTC", state(&of.state), minute(of.ended_at))
}

/// The machines of a row.
#[must_use]
pub(crate) fn machine(of: &Machine) -> String {
    match of {
        Machine::Named(pattern) => clip(&visible(pattern), SHORT),
        Machine::Single => "the only ones of their kind".to_owned(),
        Machine::NotKnown => "not known".to_owned(),
    }
}

/// What the columns count.
pub(crate) const STATES_NOTE: &str = "HOLDS are those that ended, and after a + those that go on. WAITED is the time \
    from a request to its end. FORCED are locks that a request released.";
pub(crate) const MACHINES_NOTE: &str = "LOOKED STALE are locks that looked stale and then cleared without a request. A \
    machine that is the only one of its kind may be a person's own, so it is not named.";

/// What a report never knows.
const NEVER_KNOWN: [&str; 3] = [
    "How long people waited with Notify me is not recorded.",
    "It is not recorded when the bot did not look. A lock that was taken and given back meanwhile is missing, and one \
     that was given back meanwhile counts until the next look.",
    "States are found by their locks, digests, objects and requests. A state of which none of these is left is \
     missing.",
];

/// What figures lack, one sentence each.
#[must_use]
pub(crate) fn gaps(report: &LockReport, unread: &[Unread]) -> Vec<String> {
    let mut said = found_gaps(report, unread);
    said.extend(NEVER_KNOWN.map(str::to_owned));
    said
}

/// What these figures lack beyond what every report lacks.
#[must_use]
pub(crate) fn found_gaps(report: &LockReport, unread: &[Unread]) -> Vec<String> {
    let not_read: Vec<NotRead> = unread.iter().map(NotRead::from).collect();
    all_gaps(report, &not_read)
}

/// The same, of a report that was stored.
#[must_use]
pub(crate) fn all_gaps(report: &LockReport, unread: &[NotRead]) -> Vec<String> {
    let (gaps, days) = (&report.gaps, report.days.len());
    let mut said: Vec<String> = unread.iter().map(not_read).collect();
    if gaps.silent_days > 0 {
        let mut sentence = format!(
            "Nothing is recorded of {} of {}: no lock was held, or the bot did not look.",
            gaps.silent_days,
            counted(days as u64, "day", "days")
        );
        if let Some(first) = gaps.first_record {
            sentence.push_str(&format!(" The first record is of {}.", first.format("%Y-%m-%d")));
        }
        said.push(sentence);
    }
    let mut say = |count: usize, one: &str, many: &str| match count {
        0 => {}
        1 => said.push(format!("1 {one}")),
        count => said.push(format!("{count} {many}")),
    };
    say(
        gaps.not_understood,
        "stored item is not understood by this version and not counted.",
        "stored items are not understood by this version and not counted.",
    );
    say(
        gaps.without_opening,
        "request has no opening in the audit trail, so its wait and its reason are not known.",
        "requests have no opening in the audit trail, so their waits and reasons are not known.",
    );
    say(
        gaps.not_served,
        "state is in a bucket that no backend has. Of such states only those with a request are known.",
        "states are in buckets that no backend has. Of such states only those with a request are known.",
    );
    say(
        gaps.unwatched,
        "hold goes on in a bucket that no backend has. Nobody looks at it, and it is not counted.",
        "holds go on in buckets that no backend has. Nobody looks at them, and they are not counted.",
    );
    say(
        gaps.not_looked_at,
        "lock was taken or given back, and the bot has not looked since. If this stays so, it is not running.",
        "locks were taken or given back, and the bot has not looked since. If this stays so, it is not running.",
    );
    said
}

/// Says of which backends states may be missing, and why.
fn not_read(unread: &NotRead) -> String {
    let names: Vec<&str> = unread.backends.iter().map(BackendName::as_str).collect();
    let fault = clip(&visible(&unread.why), LONG);
    format!("States of {} may be missing. {fault}", names.join(", "))
}

/// The texts of the picture.
pub(crate) mod picture {
    use super::{TimeDelta, counted, in_words};

    pub(crate) const BY_STATE: &str = "Held, by state";
    pub(crate) const BY_DAY: &str = "Held, by day in UTC, all states together";
    pub(crate) const HELD: &str = "held";
    pub(crate) const FORCED: &str = "forced unlock";
    pub(crate) const NO_RECORD: &str =
        "nothing recorded: no lock was held, or the bot did not look";
    pub(crate) const EMPTY: &str = "Nothing is recorded of these days.";

    /// What a bar says: `1 d 2 h, 2 forced unlocks`.
    pub(crate) fn bar(held: TimeDelta, forced: usize) -> String {
        match forced {
            0 => in_words(held),
            forced => {
                format!("{}, {}", in_words(held), counted(forced as u64, FORCED, "forced unlocks"))
            }
        }
    }
}

/// How a request ended, as its card says it.
pub(crate) fn outcome(end: Action) -> &'static str {
    match end {
        Action::Denied => "denied",
        Action::Withdrawn => "withdrawn",
        Action::Expired => "expired",
        Action::Unpostable => "without a card",
        Action::UnlockDone => "unlocked",
        Action::UnlockSuperseded => "changed hands",
        Action::UnlockAlreadyFree => "already free",
        Action::UnlockFailed => "failed",
        Action::Opened
        | Action::Approved
        | Action::ApprovalRefused
        | Action::DenialRefused
        | Action::WithdrawalRefused
        | Action::UnlockStarted => "open",
    }
}

fn minute(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M").to_string()
}
