//! Two-person control: who may have which lock released, and when.
//!
//! ```text
//! [*] --> Pending: open
//! Pending --> AlreadyFree: lock is gone
//! Pending --> Denied: deny
//! Pending --> Executing: approve
//! Pending --> Expired: expire
//! Pending --> Superseded: lock changed hands
//! Pending --> Unpostable: unpostable
//! Pending --> Withdrawn: withdraw
//! Executing --> AlreadyFree: lock is gone
//! Executing --> Failed: failed, failed midway
//! Executing --> Resumed: resume
//! Executing --> Superseded: lock changed hands, changed midway
//! Executing --> Unlocked: released, released by tool, released and retaken
//! Resumed --> Failed: failed, failed midway
//! Resumed --> Superseded: lock changed hands, changed midway
//! Resumed --> Unlocked: lock is gone, released, released by tool, released and retaken
//! ```
//!
//! `Resumed` is `Executing` after an interruption: if the lockfile is gone, or a row in another account or
//! region, the first attempt may have removed it. An approved request that needs more approvals stays pending. A test compares this chart with
//! the rules.
//!
//! Everything here is a pure function. The lock, the people, their roles and the time are arguments, and the
//! result is data for a store to write. [`decide()`] has the rules. [`Pinned`] has the records that a request
//! is bound to. [`Step`] is the next step of a release. Every delete of a lock takes an [`ApprovedUnlock`].

mod approved;
mod asking;
mod decide;
mod end;
mod open;
mod openings;
mod pinned;
mod policies;
mod policy;
mod progress;
mod refused;
mod rejection;
mod request;
mod steps;
#[cfg(test)]
mod tests;
mod transition;
mod vouched;
mod way;

pub use approved::ApprovedUnlock;
pub use asking::may_ask;
pub use decide::{Event, decide};
pub use open::{Ask, open};
pub use openings::{BY_A_PERSON, Lately, OF_A_STATE, Openings, WINDOW};
pub use pinned::{Found, NotPinned, Pinned, Remains};
pub use policies::{GlobError, Policies, StateGlob, StatePolicy};
pub use policy::{Asking, Policy};
pub use progress::{Progress, RemovedBy};
pub use refused::{Tried, refused};
pub use rejection::Rejection;
pub use request::{Approval, Closing, Left, Outcome, Status, UnlockRequest};
pub use steps::{Fate, Step};
pub use transition::Transition;
pub use vouched::{Unvouched, Vouched, vouched};
