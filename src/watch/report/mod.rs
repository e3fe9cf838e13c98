//! What some days show of all locks: how long they were held, which requests there were, and what was
//! forced.
//!
//! A [`Tally`] takes the records one by one and keeps sums, so its size does not grow with the holds.
//! It names machines by a pattern and people not at all.

mod machines;
mod period;
mod requests;
mod tally;
mod weekly;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

pub use self::machines::Machine;
use self::machines::Machines;
pub use self::period::{LONGEST_PERIOD, Period};
pub use self::tally::Tally;
pub use self::weekly::{NotAWeeklyTime, WEEK, WeekName, WeeklyTime};
use crate::audit::Action;
use crate::lock::{BackendName, StateName, StatePath};
use crate::text::{LONG, clip};

/// How many of the longest holds and waits are kept.
const LONGEST: usize = 5;

/// How many states, forced unlocks and machines a shortened report keeps.
const SHORTENED: usize = 10;

/// The figures of a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockReport {
    /// The period.
    pub period: Period,
    /// The states of which something is recorded in it, the one that was held longest first.
    pub states: Vec<StateFigures>,
    /// How many states were left out to make it shorter.
    #[serde(default)]
    pub more_states: usize,
    /// All states together.
    pub total: Figures,
    /// Each day of the period.
    pub days: Vec<DayFigures>,
    /// The locks that requests released, the last one first.
    pub forced: Vec<Forced>,
    /// The longest holds.
    pub longest_holds: Vec<LongHold>,
    /// The longest waits for the end of a request.
    pub longest_waits: Vec<LongWait>,
    /// How requests ended, and how many ended so.
    pub outcomes: Vec<(Action, usize)>,
    /// How many requests are open.
    pub open_requests: usize,
    /// The machines behind the holds, those that left most locks behind first.
    pub machines: Vec<MachineFigures>,
    /// What the figures lack.
    pub gaps: Gaps,
}

/// A state, and its name if a backend has its bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// The path.
    pub path: StatePath,
    /// The name. `None` if no backend has its bucket any more.
    pub name: Option<StateName>,
}

/// What is recorded of one state, or of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// Holds that ended in the period.
    pub holds: usize,
    /// Locks that are held now.
    pub held_now: usize,
    /// How long locks were held within the period.
    pub held: TimeDelta,
    /// The whole length of the longest of these holds.
    pub longest: TimeDelta,
    /// Requests that ended in the period.
    pub requests: usize,
    /// How long these requests were open.
    pub waited: TimeDelta,
    /// Locks that a request released.
    pub forced: usize,
}

/// The figures of one state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateFigures {
    /// The state.
    pub state: Label,
    /// Its figures.
    pub figures: Figures,
}

/// The figures of one day, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayFigures {
    /// The day.
    pub day: NaiveDate,
    /// How long locks were held on it, all states together.
    pub held: TimeDelta,
    /// Locks that a request released on it.
    pub forced: usize,
    /// Whether anything at all is recorded of it.
    pub has_record: bool,
}

/// A lock that a request released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forced {
    /// The state.
    pub state: Label,
    /// When.
    pub at: DateTime<Utc>,
    /// How long the lock had been held, if its record has a time.
    pub held: Option<TimeDelta>,
    /// The reason of the request. `None` if its opening is not recorded.
    pub reason: Option<String>,
}

/// A hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LongHold {
    /// The state.
    pub state: Label,
    /// How long it lasted, or has lasted.
    pub length: TimeDelta,
    /// When it ended. `None` if it lasts.
    pub ended_at: Option<DateTime<Utc>>,
    /// The operation, as the record writes it, if known.
    pub operation: Option<String>,
    /// Whether a request released it.
    pub forced: bool,
}

/// A request that ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LongWait {
    /// The state.
    pub state: Label,
    /// How long it was open.
    pub waited: TimeDelta,
    /// When it ended.
    pub ended_at: DateTime<Utc>,
    /// How it ended.
    pub outcome: Action,
}

/// What machines of one kind did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineFigures {
    /// The machines.
    pub machine: Machine,
    /// Holds that ended in the period.
    pub holds: usize,
    /// Those that a request released.
    pub forced: usize,
    /// The others that looked stale before they ended.
    pub stale: usize,
}

/// Backends that could not be read, so that their states may be missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotRead {
    /// The backends.
    pub backends: Vec<BackendName>,
    /// Why, as a sentence.
    pub why: String,
}

/// What the figures lack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gaps {
    /// The first moment of which anything is recorded.
    pub first_record: Option<DateTime<Utc>>,
    /// Days of which nothing is recorded: no lock was held, or nobody looked.
    pub silent_days: usize,
    /// Stored items that this version does not understand.
    pub not_understood: usize,
    /// Requests whose opening is not recorded, so it is not known how long they were open.
    pub without_opening: usize,
    /// States in buckets that no backend has any more. Of those only the ones with a request are known.
    pub not_served: usize,
    /// Holds that nobody ends, because no backend has their buckets any more. They are not counted.
    pub unwatched: usize,
    /// Locks that were taken or given back since the bot's last look.
    pub not_looked_at: usize,
}

impl Figures {
    /// The figures of several states together.
    pub fn sum<'f>(all: impl Iterator<Item = &'f Self>) -> Self {
        all.fold(Self::default(), |sum, more| Self {
            holds: sum.holds + more.holds,
            held_now: sum.held_now + more.held_now,
            held: sum.held + more.held,
            longest: sum.longest.max(more.longest),
            requests: sum.requests + more.requests,
            waited: sum.waited + more.waited,
            forced: sum.forced + more.forced,
        })
    }
}

impl LockReport {
    /// The report with only as much as a message shows, so that it can be stored as one.
    #[must_use]
    pub fn shortened(mut self) -> Self {
        self.more_states += self.states.len().saturating_sub(SHORTENED);
        self.states.truncate(SHORTENED);
        self.forced.truncate(SHORTENED);
        self.machines.truncate(SHORTENED);
        let reasons = self.forced.iter_mut().filter_map(|it| it.reason.as_mut());
        reasons.for_each(|reason| *reason = clip(reason, LONG));
        self
    }
}

impl Label {
    /// The name, or the path where there is none.
    #[must_use]
    pub fn shown(&self) -> &str {
        self.name.as_ref().map_or(self.path.as_str(), StateName::as_str)
    }
}

impl MachineFigures {
    /// How many locks they left behind.
    #[must_use]
    pub fn left_behind(&self) -> usize {
        self.forced + self.stale
    }
}

#[cfg(test)]
mod tests;
