//! Which of the states that were found count.

use super::Report;
use crate::lock::{LockRecord, Sources, State};

/// Leaves out a lock that was found again: backends of one bucket may share a table, and a lockfile lies in the
/// bucket itself. The backend that has more of the lock counts, else the likeliest one, which comes first.
pub(super) fn without_repeats(found: Vec<Report>) -> Vec<Report> {
    let mut kept: Vec<Report> = Vec::new();
    for report in found {
        match kept.iter_mut().find(|before| before.has_lock_of(&report)) {
            Some(before) if before.records().count() < report.records().count() => *before = report,
            Some(_) => {}
            None => kept.push(report),
        }
    }
    kept
}

/// The lock in the backend that the text names, where several backends have one at the same path.
pub(super) fn named_in_full(text: &str, found: Vec<Report>) -> Vec<Report> {
    let is_named = |report: &Report| report.is_locked() && report.state.full_name() == text;
    match found.iter().find(|report| is_named(report)).map(|report| report.state.clone()) {
        Some(named) => {
            let is_other = |it: &Report| it.state.path != named.path;
            found.into_iter().filter(|it| is_other(it) || it.state == named).collect()
        }
        None => found,
    }
}

/// Leaves out what is said twice of a path because several backends may have its lock: the locked ones count, or
/// the likeliest one if none is locked.
pub(super) fn one_of_each_path<T>(
    found: Vec<T>,
    state: impl Fn(&T) -> &State,
    is_locked: impl Fn(&T) -> bool,
) -> Vec<T> {
    let same = |a: &T, b: &T| state(a).path == state(b).path;
    let counts = |at: usize| {
        let one = &found[at];
        let any_locked = found.iter().any(|other| same(one, other) && is_locked(other));
        let is_first = found[..at].iter().all(|before| !same(one, before));
        if any_locked { is_locked(one) } else { is_first }
    };
    let counting: Vec<bool> = (0..found.len()).map(counts).collect();
    found.into_iter().zip(counting).filter(|(_, counts)| *counts).map(|(one, _)| one).collect()
}

impl Report {
    fn records(&self) -> impl Iterator<Item = &LockRecord> {
        let sources = self.lock.sources().into_iter();
        sources.flat_map(Sources::records).map(|stored| &stored.record)
    }

    /// Whether a record of the other lock is also in this one.
    fn has_lock_of(&self, other: &Self) -> bool {
        self.state.path == other.state.path
            && other.records().any(|record| self.records().any(|this| this == record))
    }
}
