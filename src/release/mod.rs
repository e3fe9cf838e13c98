//! The release of an approved lock, from the last approval to the record of its end.
//!
//! ```text
//! approve ── row alone ──> begin: delete the row, record the end ───────────────> closed
//!         └─ lockfile ───> begin: record the start ──> finish ──────────────────> closed
//!                                                        ^  delete the lockfile,
//!                          crash or fault ──> resume ────┘  delete the row, record the end
//!                          no end in 10 minutes ──> give_up ────────────────────> closed as failed
//! ```
//!
//! [`begin`] is called by the approval, [`resume`] and [`give_up`] by the warden. A row and the record of
//! its delete are one transaction. A lockfile is deleted between two transactions, so each of them can be
//! the last that this process makes: `finish` goes on from whatever is left of the lock.

mod apply;
mod begin;
mod due;
mod finish;
mod give_up;
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
