//! What changed between two looks at all locks.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{Hold, HoldId};
use crate::lock::{HeldLock, StatePath};

/// One change. A lock that was taken and released between two looks was not seen, and is no change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// A lock is held that was not held before.
    Taken(Hold),
    /// A lock is not held any more.
    Cleared(Hold),
    /// A different lock is held.
    ChangedHands {
        /// The hold before.
        from: Hold,
        /// The hold now.
        to: Hold,
    },
    /// The same lock, but one half appeared or disappeared.
    Half(Hold),
    /// A lock that was not readable before. The hold keeps its stored id.
    Identified(Hold),
}

/// What changed since `before`: first the cleared locks, then the others, each in path order.
#[must_use]
pub fn differences(
    before: &BTreeMap<StatePath, Hold>,
    held: &[HeldLock],
    now: DateTime<Utc>,
) -> Vec<Difference> {
    let seen: BTreeMap<&StatePath, Hold> =
        held.iter().filter_map(|held| Some((&held.state.path, Hold::of(held, now)?))).collect();
    let gone = before.iter().filter(|(path, _)| !seen.contains_key(path));
    let mut differences: Vec<Difference> =
        gone.map(|(_, hold)| Difference::Cleared(hold.clone())).collect();
    for (path, hold) in seen {
        differences.extend(match before.get(path) {
            None => Some(Difference::Taken(hold)),
            Some(from) if from.id == hold.id => half(from, &hold),
            Some(from) => changed(from, hold, &HoldId::unread(path)),
        });
    }
    differences
}

fn half(from: &Hold, now: &Hold) -> Option<Difference> {
    let half = now.half;
    // It is complete now, or was before.
    let changed = || Hold { half, was_whole: Some(true), ..from.clone() };
    (from.half != half).then(|| Difference::Half(changed()))
}

/// The change where two looks give different ids. `unread` is the id of a lock that was not read.
fn changed(from: &Hold, now: Hold, unread: &HoldId) -> Option<Difference> {
    // A lock that was not read may be the same or another, at either look.
    if now.id == *unread {
        return None;
    }
    if from.id != *unread {
        return Some(Difference::ChangedHands { from: from.clone(), to: now });
    }
    match (&from.lock_id, &now.lock_id) {
        (Some(known), Some(id)) if known == id => half(from, &now),
        (Some(_), _) => Some(Difference::ChangedHands { from: from.clone(), to: now }),
        (None, Some(_)) => {
            let (id, told_stale) = (from.id.clone(), from.told_stale);
            Some(Difference::Identified(Hold { id, told_stale, ..now }))
        }
        (None, None) => None,
    }
}
