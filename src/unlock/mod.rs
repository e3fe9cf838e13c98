//! Two-person control: who may have which lock released, and when.
//!
//! ```text
//!            approve (enough)             released
//! Pending ──────────────────► Executing ───────────► Unlocked
//!    │                            ├─ lock changed ─► Superseded, AlreadyFree
//!    │                            ├─ resume (once, after a crash; what is gone then is Unlocked)
//!    │                            └─ failed, or 10 min over ─► Failed
//!    └─ deny, withdraw, expire, lock changed, unpostable
//!       ──────► Denied, Withdrawn, Expired, Superseded, AlreadyFree, Unpostable
//! ```
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
mod refusal;
mod refused;
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
pub use refusal::Refusal;
pub use refused::{Tried, refused};
pub use request::{Approval, Closing, Left, Outcome, RequestId, Status, UnlockRequest};
pub use steps::{LockfileFate, RemovedBy, Step};
pub use transition::Transition;
pub use vouched::{Unvouched, Vouched, vouched};
