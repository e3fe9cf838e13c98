//! What is normal: the holds of a state's lock, past and present, and what they say together.
//!
//! - [`Hold`] is one stretch of time for which a lock is held, and [`PastHold`] how one ended.
//! - [`Past`] is what the past holds of a state say together.
//! - [`differences`] says what has changed between two looks at all locks.
//! - [`verdict()`] says whether a hold is longer than it should be, with the evidence.
//!
//! Pure functions: no I/O, no clock. Nothing is invented: what was not seen did not happen here.

mod difference;
mod hold;
mod past;
mod statistics;
mod verdict;
mod watcher;

pub use difference::{Difference, differences};
pub use hold::{Ending, Hold, HoldId, NotAHoldId, PastHold, host};
pub use past::{HABIT, LOOKED_AT, Past};
pub use statistics::Summary;
pub use verdict::{Evidence, Kind, OTHER_RUNS, Verdict, stale_from, verdict};
pub use watcher::{Line, MOST_WATCHED, Watcher};

#[cfg(test)]
mod tests;
