//! The release of an approved lock, from the last approval to the record of its end.
//!
//! ```text
//! approve ── near row alone ──────> begin: delete the row, record the end ──────> closed
//!         └─ lockfile or far row ─> begin: record the start ──> finish ─────────> closed
//!                                                          ^  delete the lockfile and a far row,
//!                            crash or fault ──> resume ────┘  delete a near row, record the end
//!                            no end in 10 minutes ──> give_up ──────────────────> closed as failed
//! ```
//!
//! The approval calls `begin`, the warden calls [`resume()`] and [`give_up()`]. One transaction deletes a near
//! row and records it. A lockfile, or a row in another account, region or endpoint, is deleted between two
//! transactions, and the process can die after each step. So `finish` continues from what is left of the lock.

mod apply;
mod begin;
mod due;
mod finish;
mod give_up;
mod removal;
mod resume;
mod vouch;

use chrono::TimeDelta;

pub use self::apply::apply;
pub(crate) use self::begin::begin;
pub use self::due::due_event;
pub use self::give_up::give_up;
pub use self::resume::resume;

/// How long a release may go on without an end.
pub const LONGEST_RELEASE: TimeDelta = TimeDelta::minutes(10);
