//! What is normal: the present and past holds of a state's lock.
//!
//! - [`Hold`] is one stretch of time in which a lock is held. [`PastHold`] adds how it ended.
//! - [`Past`] summarises the past holds of a state.
//! - [`differences`] compares two looks at all locks.
//! - [`LockReport`] has the figures of some days, of all states.
//! - [`Timeline`] lays out the holds of one state over some days.
//! - [`verdict()`] says whether a hold is longer than it should be, with the evidence.
//!
//! Pure functions: no I/O, no clock. Only what was seen is recorded.

mod difference;
mod hold;
mod past;
mod report;
mod statistics;
mod timeline;
mod verdict;
mod watcher;

pub use difference::{Difference, differences};
pub use hold::{Ending, Hold, HoldId, NotAHoldId, PastHold, host};
pub use past::{HABIT, LOOKED_AT, Past};
pub use report::{
    DayFigures, Figures, Forced, Gaps, LONGEST_PERIOD, Label, LockReport, LongHold, LongWait,
    Machine, MachineFigures, NotAWeeklyTime, NotRead, Period, StateFigures, Tally, WEEK, WeekName,
    WeeklyTime,
};
pub use statistics::Summary;
pub use timeline::{
    Current, HoldRecords, Piece, Stretch, StretchEnd, TIMELINE_DAYS, Timeline, Unknown, WhyUnknown,
};
pub use verdict::{Evidence, Kind, OTHER_RUNS, Verdict, stale_from, verdict};
pub use watcher::{Line, MOST_WATCHED, Watcher};

#[cfg(test)]
mod tests;
