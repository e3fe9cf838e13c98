//! The held locks over several looks: what is new, what has cleared, and what could not be read again.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::LockList;
use crate::error::Fault;
use crate::finding::Report;
use crate::lock::BackendName;
use crate::ports::Unread;

/// How long a look may take, beyond two pauses, before the screen says that there is no answer.
const SLOW: TimeDelta = TimeDelta::seconds(5);

/// What the last looks at all locks have shown.
///
/// What cannot be read stays as it was, and is marked as old. It never looks free.
#[derive(Debug)]
pub struct LiveList {
    /// The locks in the order of a list, and those that have cleared since the look before.
    pub locks: Vec<LiveLock>,
    /// What could not be read at the last look.
    pub gaps: Vec<Gap>,
    /// When the last look ended.
    pub at: DateTime<Utc>,
    /// When each backend was last read.
    read: BTreeMap<BackendName, Option<DateTime<Utc>>>,
}

/// A lock, and what the last look said of it.
#[derive(Clone, Debug)]
pub struct LiveLock {
    /// The lock.
    pub report: Report,
    /// What is known of it.
    pub look: Look,
}

/// What the last look said of a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// It was held before, and is still.
    Held,
    /// It was not held at the look before.
    New,
    /// It was held at the look before, and is not any more.
    Cleared,
    /// It could not be read. It was held when it was last read.
    NotRead,
}

/// Backends that could not be read.
#[derive(Debug)]
pub struct Gap {
    /// The backends.
    pub backends: Vec<BackendName>,
    /// When all of them were last read. `None` if one of them never was.
    pub since: Option<DateTime<Utc>>,
    /// Why not.
    pub why: String,
}

impl LiveList {
    /// Nothing is known yet of the locks of these backends.
    #[must_use]
    pub fn new(backends: impl IntoIterator<Item = BackendName>, at: DateTime<Utc>) -> Self {
        let read = backends.into_iter().map(|name| (name, None)).collect();
        Self { locks: Vec::new(), gaps: Vec::new(), at, read }
    }

    /// Takes the result of a look that has ended at this time.
    pub fn take(&mut self, looked: Result<LockList, Fault>, at: DateTime<Utc>) {
        let all = || self.read.keys().cloned().collect();
        let LockList { reports, unread } = looked.unwrap_or_else(|fault| LockList {
            reports: Vec::new(),
            unread: vec![Unread { backends: all(), fault }],
        });
        let is_unread = |report: &Report| {
            unread.iter().any(|unread| unread.backends.contains(&report.state.backend))
        };
        let before = self.locks.drain(..).filter(LiveLock::may_be_held);
        let before: Vec<Report> = before.map(|lock| lock.report).collect();
        let mut locks: Vec<LiveLock> = Vec::new();
        for report in &before {
            let look = match () {
                () if is_unread(report) => Look::NotRead,
                () if reports.iter().any(|now| is_same(now, report)) => continue,
                () => Look::Cleared,
            };
            locks.push(LiveLock { report: report.clone(), look });
        }
        for report in reports {
            let was_read = self.read.get(&report.state.backend).copied().flatten().is_some();
            let is_known = before.iter().any(|before| is_same(before, &report));
            let look = if is_known || !was_read { Look::Held } else { Look::New };
            locks.push(LiveLock { report, look });
        }
        locks.sort_by(|a, b| {
            let of = |lock: &LiveLock| (lock.report.lock.since(), lock.report.state.name.clone());
            of(a).cmp(&of(b))
        });
        self.gaps = unread.into_iter().map(|unread| self.gap(unread)).collect();
        for (name, read) in &mut self.read {
            if !self.gaps.iter().any(|gap| gap.backends.contains(name)) {
                *read = Some(at);
            }
        }
        (self.locks, self.at) = (locks, at);
    }

    fn gap(&self, Unread { backends, fault }: Unread) -> Gap {
        let read = backends.iter().map(|name| self.read.get(name).copied().flatten());
        // Without a time sorts first.
        Gap { since: read.min().flatten(), backends, why: fault.to_string() }
    }

    /// How long there has been no answer, if that is longer than looks usually take.
    #[must_use]
    pub fn overdue(&self, now: DateTime<Utc>, every: Duration) -> Option<TimeDelta> {
        let usual = TimeDelta::from_std(2 * every).ok()? + SLOW;
        Some(now - self.at).filter(|time| *time > usual)
    }

    /// How many locks are held as far as is known.
    #[must_use]
    pub fn held(&self) -> usize {
        self.locks.iter().filter(|lock| lock.may_be_held()).count()
    }
}

impl LiveLock {
    fn may_be_held(&self) -> bool {
        self.look != Look::Cleared
    }
}

/// Whether two looks saw the same lock. A lock that became unreadable has no ID and may be the same one.
fn is_same(a: &Report, b: &Report) -> bool {
    let ids = a.lock.info().zip(b.lock.info()).map(|(a, b)| (&a.id, &b.id));
    a.state.path == b.state.path && ids.is_none_or(|(a, b)| a == b)
}
