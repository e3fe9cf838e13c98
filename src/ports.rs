//! What the commands need from the outside world, as traits that the adapters implement.

mod delivery;
mod examine;
mod holds;
mod lease;
mod requests;
mod trail;
mod weeks;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

pub use self::delivery::{Channels, Courier, Due, Notice, NoticeId, Outbox, Undelivered};
pub use self::examine::{
    Caller, ChannelFacts, Conditions, Digests, ExamineBucket, ExamineDigests, ExamineServer,
    ExamineSession, ExamineTable, Greeting, ServerFacts, ServerTrouble, TableAction, TableShape,
    TableUse,
};
pub use self::holds::{Holds, PastHolds, Watches};
pub use self::lease::Leases;
pub use self::requests::{
    Asked, Change, Changed, Filed, Ledger, Opened, Opening, Released, notices,
};
pub use self::trail::{Extent, Trail};
pub use self::weeks::Weeks;
use crate::error::{Fault, GivenUp, WriteFault};
use crate::lock::{
    BackendName, Guarantees, HeldLock, KnownState, KnownStates, LockState, State, StoreCheck,
    Stores,
};
use crate::people::{RoleId, UserId};
use crate::unlock::ApprovedUnlock;
use crate::watch::NotRead;

/// The bot's own tables.
#[async_trait]
pub trait OwnTables: Send + Sync {
    /// Whether each of them can be read. Costs one small read of each.
    ///
    /// # Errors
    /// The fault of the first one that cannot be read.
    async fn reach(&self) -> Result<(), Fault>;
}

/// The state locks of all configured backends.
///
/// A failed read is a [`Fault`], never a free state. A list says what it lacks.
#[async_trait]
pub trait Locks: Send + Sync {
    /// The lock of one state. Reads all stores of its backend at the same time, strongly consistently.
    async fn inspect(&self, state: &State) -> Result<LockState, Fault>;

    /// Every held lock of every backend that can be read, each once, in no particular order.
    ///
    /// # Errors
    /// A fault if no backend can be read.
    async fn list(&self) -> Result<Listing, Fault>;

    /// The states with a digest row, a state object or a lock. May be some seconds old. Use it to find
    /// states, not to decide about one.
    ///
    /// # Errors
    /// A fault if no store can be read.
    async fn seen(&self) -> Result<Seen, Fault>;

    /// Whether a lock, a digest row or a state object shows that the state exists. Reads only
    /// these, each strongly consistently.
    async fn has_trace(&self, state: &State) -> Result<bool, Fault> {
        Ok(self.seen().await?.states.iter().any(|known| known.state.path == state.path))
    }

    /// What the stores of a state promise to a release, as configured and as far as it is known now.
    /// [`Ledger::release`] deletes a row that is near, in the transaction that records the release.
    ///
    /// By default all tables are near, and all stores keep conditions.
    fn guarantees(&self, _: &State) -> Guarantees {
        Guarantees::default()
    }

    /// Which stores are read for the lock of a state. `None` if that is not known.
    fn stores(&self, _: &State) -> Option<Stores> {
        None
    }

    /// Reads again what `locktender doctor` has found about stores of lockfiles.
    async fn learn(&self) -> Result<(), Fault> {
        Ok(())
    }

    /// Deletes the approved lockfile, if it is still exactly that object.
    ///
    /// # Errors
    /// A fault. If its kind is final, the store refused every attempt and nothing was deleted.
    async fn delete_lockfile(&self, unlock: &ApprovedUnlock) -> Result<Deleted, Fault>;

    /// Has the backend's own tool release the approved lock, by its ID. Reads the lock right before. The tool's
    /// delete has no condition.
    ///
    /// # Errors
    /// A fault. If its kind is final, nothing was deleted. By default a bug, since no backend has a tool.
    async fn force_unlock(&self, _: &ApprovedUnlock) -> Result<Forced, Fault> {
        Err(Fault::bug())
    }

    /// Deletes the approved row, if it still has exactly that record. Only for a row that is far.
    ///
    /// # Errors
    /// As for [`delete_lockfile`](Self::delete_lockfile). By default a bug, since all tables are near.
    async fn delete_far_row(&self, _: &ApprovedUnlock) -> Result<Deleted, Fault> {
        Err(Fault::bug())
    }
}

/// The held locks of the backends that could be read, and the backends that could not.
#[derive(Debug, Default)]
pub struct Listing {
    /// The held locks of the backends in `read`.
    pub held: Vec<HeldLock>,
    /// The backends of which every store was read. A state of theirs that is not in `held` is free.
    pub read: BTreeSet<BackendName>,
    /// What could not be read. Of its backends nothing is in `held`, not even from another store: half of what
    /// is known of a lock would look like half a lock.
    pub unread: Vec<Unread>,
}

impl Listing {
    /// All held locks of these backends.
    #[must_use]
    pub fn whole(held: Vec<HeldLock>, backends: impl IntoIterator<Item = BackendName>) -> Self {
        Self { held, read: backends.into_iter().collect(), unread: Vec::new() }
    }
}

impl From<Vec<KnownState>> for Seen {
    fn from(states: Vec<KnownState>) -> Self {
        Self { states, unread: Vec::new() }
    }
}

/// A store that could not be read.
#[derive(Debug)]
pub struct Unread {
    /// The backends that use it.
    pub backends: Vec<BackendName>,
    /// Why not.
    pub fault: Fault,
}

impl From<&Unread> for NotRead {
    fn from(Unread { backends, fault }: &Unread) -> Self {
        Self { backends: backends.clone(), why: fault.to_string() }
    }
}

/// The states that have been seen, and the backends of which some may be left out.
#[derive(Debug, Default)]
pub struct Seen {
    /// The states. One may be there several times.
    pub states: Vec<KnownState>,
    /// The stores that could not be read.
    pub unread: Vec<Unread>,
}

/// The result of deleting a lockfile, or a row that is far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deleted {
    /// This delete removed it.
    Gone,
    /// It did not exist any more, and every attempt was answered, so its holder released it.
    Absent,
    /// Nothing was deleted. The store says that another record is there. It stays.
    Changed,
    /// One attempt got no answer, and a later one was refused. The approved record may have been
    /// removed, so the caller must read again.
    Unanswered,
}

/// The result of a release by a backend's own tool. The next look at the lock says what it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Forced {
    /// It ran and calls it a success. With what it said.
    Done(String),
    /// It failed, perhaps after it has deleted a part of the lock. With what it said.
    Failed(String),
    /// It was not run, since the lock is not the approved one any more.
    Changed,
}

/// What `locktender doctor` found about stores of lockfiles that are not AWS's own.
#[async_trait]
pub trait StoreChecks: Send + Sync {
    /// Remembers a finding, in place of an earlier one about the same bucket at the same address.
    ///
    /// # Errors
    /// As for [`Ledger::change`].
    async fn remember(&self, found: &CheckedStore) -> Result<(), WriteFault>;

    /// All findings that this version understands.
    async fn remembered(&self) -> Result<Vec<CheckedStore>, Fault>;
}

/// A finding about a store of lockfiles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedStore {
    /// The address of the store's API.
    pub endpoint: String,
    /// The bucket.
    pub bucket: String,
    /// What was found. [`StoreCheck::Unverified`] forgets an earlier finding.
    pub found: StoreCheck,
    /// When.
    pub at: DateTime<Utc>,
}

/// The members of the server.
#[async_trait]
pub trait Members: Send + Sync {
    /// The roles that a person has now. `None` for a person who is not a member.
    async fn roles(&self, user: UserId) -> Result<Option<BTreeSet<RoleId>>, Fault>;
}

/// The edge's confirmation that the asker still waits.
#[async_trait]
pub trait Acceptance: Send + Sync {
    /// Acknowledges the interaction. Await it before the first write: an interaction that Discord has given
    /// up must change nothing.
    async fn accept(&self) -> Result<(), GivenUp>;
}

/// The known states: for autocompletion, for "did you mean", and to tell a free state from a misspelt name.
#[async_trait]
pub trait Directory: Send + Sync {
    /// What is known now. `None` before the first read. Call it only where a person waits for the answer.
    async fn known(&self) -> Option<Arc<KnownStates>>;

    /// What is known without reading anything. `None` before the first read.
    fn remembered(&self) -> Option<Arc<KnownStates>> {
        None
    }

    /// Adds states that were just seen locked.
    fn note(&self, _held: &[HeldLock]) {}

    /// Whether anything was ever seen of a state. If the state is not among the known ones, the stores are
    /// read.
    async fn has_seen(&self, state: &State) -> Result<bool, Fault>;
}

/// The time.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The current time, by a clock that can be set.
    fn now(&self) -> DateTime<Utc>;

    /// About how long this process has been running. This clock cannot be set, so durations that
    /// matter are measured with it.
    fn uptime(&self) -> Duration;

    /// Returns after this much time.
    async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}
