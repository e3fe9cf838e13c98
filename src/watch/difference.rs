//! What has changed between two looks at all locks.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{Hold, HoldId};
use crate::lock::{HeldLock, StatePath};

/// Something that has changed. A lock that was taken and given back between two looks was not seen,
/// and is no difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// A lock is held that was not.
    Taken(Hold),
    /// A lock is not held any more.
    Cleared(Hold),
    /// Another lock is held than before.
    ChangedHands {
        /// The one before.
        from: Hold,
        /// The one now.
        to: Hold,
    },
    /// The same lock, of which one half has come or gone.
    Half(Hold),
    /// A lock that could not be read before. It keeps the id under which it is remembered.
    Identified(Hold),
}

/// What has changed since `before`, in the order of the paths.
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
    // It is whole now, or was.
    let changed = || Hold { half, was_whole: Some(true), ..from.clone() };
    (from.half != half).then(|| Difference::Half(changed()))
}

/// What has changed where two looks give two ids. `unread` is that of a lock that was not read.
fn changed(from: &Hold, now: Hold, unread: &HoldId) -> Option<Difference> {
    // What was not read may be the same lock or another, at either look.
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
