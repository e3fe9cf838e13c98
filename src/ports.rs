//! What the commands need of the world outside, as traits that the adapters fulfil.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::error::Fault;
use crate::lock::{HeldLock, KnownState, KnownStates, LockState, State};

/// The state locks of every configured backend.
///
/// What could not be read is a [`Fault`], never a free state and never a shorter list.
#[async_trait]
pub trait Locks: Send + Sync {
    /// The lock of one state, read strongly consistently from all stores of its backend at once.
    async fn inspect(&self, state: &State) -> Result<LockState, Fault>;

    /// Every held lock of every backend, each once, in no particular order.
    async fn list(&self) -> Result<Vec<HeldLock>, Fault>;

    /// The states that can be seen: those with a digest row, a state object or a lock. May be some
    /// seconds behind, and leaves out what may not be read: it serves finding, not deciding.
    async fn seen(&self) -> Result<Vec<KnownState>, Fault>;
}

/// The names of states that have been seen, for autocompletion and "did you mean".
#[async_trait]
pub trait Directory: Send + Sync {
    /// What is known now; `None` while nothing has been read yet. Costs no more than the
    /// implementation says, and is asked only where a person would wait for it.
    async fn known(&self) -> Option<Arc<KnownStates>>;
}

/// The time.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> DateTime<Utc>;
}
