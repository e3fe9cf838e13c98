//! What the past holds of a state say together.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::{Ending, Hold, PastHold, Summary};

/// How many past holds are looked at: what was usual long ago is not usual now.
pub const LOOKED_AT: usize = 100;

/// How many past holds it takes to speak of what is usual.
const ENOUGH: usize = 5;

/// How many past holds make a habit.
pub const HABIT: usize = 3;

/// What the past holds of one state say. A statistic, without the holds it was made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// The last one.
    pub last: Option<PastHold>,
    /// Whether the last [`HABIT`] of them had one half of the lock from beginning to end.
    pub has_half_by_habit: bool,
    /// How long they lasted, by their operation, where there are enough to say so.
    usual: BTreeMap<String, Summary>,
}

impl Past {
    /// Sums up past holds, the last first.
    #[must_use]
    pub fn of(past: &[PastHold]) -> Self {
        let was_half = |past: &PastHold| past.hold.half && past.hold.was_whole == Some(false);
        // One that was ended by force says nothing of how long the work takes.
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

    /// How long holds like this one lasted; `None` where that is not known.
    #[must_use]
    pub fn usual(&self, hold: &Hold) -> Option<Summary> {
        self.usual.get(hold.operation.as_ref()?).copied()
    }
}
