//! Summary of a state's past holds.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::{Ending, Hold, PastHold, Summary};

/// Most past holds that are considered. Older ones do not show what is usual now.
pub const LOOKED_AT: usize = 100;

/// Fewest past holds of one operation from which the usual length is computed.
const ENOUGH: usize = 5;

/// Number of past holds that make a habit.
pub const HABIT: usize = 3;

/// Summary of one state's past holds. It keeps only the last hold itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// The last hold.
    pub last: Option<PastHold>,
    /// Whether each of the last [`HABIT`] holds had only one half of the lock for its whole time.
    pub has_half_by_habit: bool,
    /// Length statistics by operation, where there are enough holds.
    usual: BTreeMap<String, Summary>,
}

impl Past {
    /// Summarises past holds. The last one comes first.
    #[must_use]
    pub fn of(past: &[PastHold]) -> Self {
        let was_half = |past: &PastHold| past.hold.half && past.hold.was_whole == Some(false);
        // A hold that was ended by a request does not show how long the work takes.
        let by_itself = |past: &&PastHold| !matches!(past.ending, Ending::Unlocked { .. });
        let mut lengths: BTreeMap<&str, Vec<TimeDelta>> = BTreeMap::new();
        for past in past.iter().filter(by_itself) {
            if let Some(operation) = &past.hold.operation {
                lengths.entry(operation).or_default().push(past.length());
            }
        }
        let usual = lengths.into_iter().filter_map(|(operation, lengths)| {
            let usual = Summary::of(lengths).filter(|usual| usual.count >= ENOUGH)?;
            Some((operation.to_owned(), usual))
        });
        Self {
            last: past.first().cloned(),
            has_half_by_habit: past.len() >= HABIT && past[..HABIT].iter().all(was_half),
            usual: usual.collect(),
        }
    }

    /// How long holds with this operation lasted. `None` if not known.
    #[must_use]
    pub fn usual(&self, hold: &Hold) -> Option<Summary> {
        self.usual.get(hold.operation.as_ref()?).copied()
    }
}
