//! What the commands need of the world outside, as traits that the adapters fulfil.

mod delivery;
mod holds;
mod requests;
mod trail;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

pub use self::delivery::{Channels, Courier, Due, Notice, NoticeId, Outbox, Undelivered};
pub use self::holds::{Holds, Watches};
pub use self::requests::{
    Asked, Change, Changed, Filed, Ledger, Opened, Opening, Released, notices,
};
pub use self::trail::{Extent, Trail};
use crate::error::{Fault, GivenUp};
use crate::lock::{HeldLock, KnownState, KnownStates, LockState, State};
use crate::people::{RoleId, UserId};
use crate::unlock::ApprovedUnlock;

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

    /// Whether a lock, a digest row or a state object shows that there is such a state. Reads no
    /// more than these, each strongly consistently.
    async fn has_trace(&self, state: &State) -> Result<bool, Fault> {
        Ok(self.seen().await?.iter().any(|known| known.state.path == state.path))
    }

    /// Deletes the approved lockfile, if it is that very object still. The lock's row is deleted
    /// with the record of it, by [`Ledger::release`].
    ///
    /// # Errors
    /// A fault. If its kind is final, the store has refused every try and nothing was deleted.
    async fn delete_lockfile(&self, unlock: &ApprovedUnlock) -> Result<Deleted, Fault>;
}

/// What came of deleting a lockfile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deleted {
    /// It is gone, by this delete.
    Gone,
    /// It was not there any more, and every try was answered: its holder has given it back.
    Absent,
    /// Nothing was deleted. The store says that another one is there, which stays.
    Changed,
    /// A try went without an answer, and a later one was refused. The approved lockfile may have been
    /// removed: look what is there.
    Unanswered,
}

/// The members of the server.
#[async_trait]
pub trait Members: Send + Sync {
    /// The roles that somebody has now; `None` for who is no member.
    async fn roles(&self, user: UserId) -> Result<Option<BTreeSet<RoleId>>, Fault>;
}

/// The edge's promise that whoever asked is still there.
#[async_trait]
pub trait Acceptance: Send + Sync {
    /// Tells Discord that the interaction is being dealt with. To be waited for before the first
    /// write: an interaction that Discord has given up changes nothing.
    async fn accept(&self) -> Result<(), GivenUp>;
}

/// The states that have been seen, for autocompletion, "did you mean", and for telling a state that
/// is free from a name that is misspelt.
#[async_trait]
pub trait Directory: Send + Sync {
    /// What is known now; `None` while nothing has been read yet. Costs no more than the
    /// implementation says, and is asked only where a person would wait for it.
    async fn known(&self) -> Option<Arc<KnownStates>>;

    /// Whether anything has ever been seen of a state. Up to date: a state that is not among the
    /// known ones is looked for in the stores.
    async fn has_seen(&self, state: &State) -> Result<bool, Fault>;
}

/// The time.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Now, by a clock that may be set.
    fn now(&self) -> DateTime<Utc>;

    /// How long this process has been running, about. Nobody can set this clock, so durations that
    /// something hangs on are measured with it.
    fn uptime(&self) -> Duration;

    /// Returns after this much time.
    async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}
