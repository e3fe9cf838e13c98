//! What has changed between two looks at all locks.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::Hold;
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
            Some(from) if from.id != hold.id => {
                Some(Difference::ChangedHands { from: from.clone(), to: hold })
            }
            Some(from) if from.half != hold.half => {
                // It is whole now, or was.
                Some(Difference::Half(Hold { half: hold.half, was_whole: true, ..from.clone() }))
            }
            Some(_) => None,
        });
    }
    differences
}
