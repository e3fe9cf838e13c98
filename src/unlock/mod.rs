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
//! Executing --> Superseded: lock changed hands, changed midway
//! Executing --> TakenUp: resume
//! Executing --> Unlocked: released, released and retaken
//! TakenUp --> Failed: failed, failed midway
//! TakenUp --> Superseded: lock changed hands, changed midway
//! TakenUp --> Unlocked: lock is gone, released, released and retaken
//! ```
//!
//! `TakenUp` is `Executing` after a crash: a lockfile that is gone by then may have been removed by the first
//! attempt. A request with too few approvals stays pending when it is approved. A test compares this chart
//! with the rules.
//!
//! Everything here is a pure function: the lock, the people, their roles and the time come in as
//! arguments, and what comes out is data for a store to write. The rules are in [`decide()`]; what a
//! request is bound to is [`Pinned`]; what a release does next is [`Step`]; and without an
//! [`ApprovedUnlock`] nothing is deleted anywhere.

mod approved;
mod asking;
mod decide;
mod open;
mod openings;
mod pinned;
mod policy;

mod refused;
mod rejection;
mod request;
mod steps;
#[cfg(test)]
mod tests;
mod transition;
mod vouched;

pub use approved::ApprovedUnlock;
pub use asking::may_ask;
pub use decide::{Event, decide};
pub use open::{Ask, open};
pub use openings::{BY_A_PERSON, Lately, OF_A_STATE, Openings, WINDOW};
pub use pinned::{Found, NotPinned, Pinned, Remains};
pub use policy::{Asking, Policy};
pub use refused::{Tried, refused};
pub use rejection::Rejection;
pub use request::{Approval, Closing, Left, Outcome, Status, UnlockRequest};
pub use steps::{LockfileFate, RemovedBy, Step};
pub use transition::Transition;
pub use vouched::{Unvouched, Vouched, vouched};
