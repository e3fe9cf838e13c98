//! What the commands need of the world outside, as traits that the adapters fulfil.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::audit::{Entry, Heads, Tail};
use crate::error::{Fault, GivenUp};
use crate::lock::{HeldLock, KnownState, KnownStates, LockState, State, StatePath};
use crate::message::Message;
use crate::people::{ChannelId, EventId, MessageId, RoleId, UserId};
use crate::unlock::{ApprovedUnlock, Found, Outcome, RequestId, Transition, UnlockRequest};

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

    /// Deletes the approved lockfile, if it is that very object still. The lock's row is deleted
    /// with the record of it, by [`Ledger::commit`].
    async fn delete_lockfile(&self, unlock: &ApprovedUnlock) -> Result<Deleted, Fault>;
}

/// What came of deleting a lockfile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deleted {
    /// It is gone: by this delete, or just before it.
    Gone,
    /// Another one is there, and stays.
    Changed,
}

/// The requests, and with each change of one the trail of it: both are written or neither.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// The request of this number, read strongly consistently in one call; `None` where there is
    /// none, or not any more.
    async fn request(&self, id: RequestId) -> Result<Option<Filed>, Fault>;

    /// The open request for a state's lock, if there is one.
    async fn open_request(&self, path: &StatePath) -> Result<Option<Filed>, Fault>;

    /// Every open request, in no particular order.
    async fn open_requests(&self) -> Result<Vec<Filed>, Fault>;

    /// Writes what was decided, in one transaction: the request over the version it was decided on,
    /// the guard that keeps a path to one open request, the entries at the end of their chain, the
    /// event as taken, and what people have to be told. When this has returned
    /// [`Committed::Done`], or the process died after the write, all of it is there.
    ///
    /// # Errors
    /// A fault after which nothing was written, or, where its kind is unreachable or unexpected,
    /// nobody knows.
    async fn commit(&self, change: &Change<'_>) -> Result<Committed, Fault>;

    /// Remembers which message is the card of a request; `None` when the message is gone.
    async fn set_card(&self, id: RequestId, card: Option<MessageId>) -> Result<(), Fault>;
}

/// A request as the ledger has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Filed {
    /// The request.
    pub request: UnlockRequest,
    /// Its card, once it is posted.
    pub card: Option<MessageId>,
    /// The end of the path's chain when the request was last written: where the next entry goes as
    /// a rule. While a request is open, nothing else is recorded for its path.
    pub tail: Tail,
    /// The event of its last change, if it was one.
    pub event: Option<EventId>,
}

/// What is to be written.
#[derive(Clone, Debug)]
pub struct Change<'c> {
    /// The request that it was decided on; `None` for one that is being opened.
    pub from: Option<&'c Filed>,
    /// What was decided.
    pub transition: &'c Transition,
    /// The event that it came of, which counts once however often it is delivered.
    pub event: Option<EventId>,
    /// The lock whose row is deleted with it.
    pub release_row: Option<&'c ApprovedUnlock>,
}

impl Change<'_> {
    /// What people have to be told of it, in order: the card where it shows something new, and a
    /// lock that was released.
    #[must_use]
    pub fn notices(&self) -> Vec<Notice> {
        let next = &self.transition.next;
        let before = self.from.map(|from| &from.request);
        let request = next.id;
        let shows = before.is_none_or(|before| {
            (before.status(), &before.approvals) != (next.status(), &next.approvals)
        });
        let released = next.closing().is_some_and(|closing| closing.outcome == Outcome::Unlocked);
        let card = shows.then_some(Notice::Card { request });
        card.into_iter().chain(released.then_some(Notice::Released { request })).collect()
    }
}

/// What came of writing a change.
#[derive(Clone, Debug, PartialEq)]
pub enum Committed {
    /// It is written.
    Done(Filed),
    /// Nothing is written, since the request was changed meanwhile: this is how it is now.
    Stale(Filed),
    /// Nothing is written, since the path has this open request already.
    AlreadyOpen(Filed),
    /// Nothing is written, since this event has been dealt with.
    Repeated,
    /// Nothing is written, since the lock's row is not the approved one any more.
    LockChanged(Found),
}

/// The audit trail, for reading.
#[async_trait]
pub trait Trail: Send + Sync {
    /// The newest entries of a path's chain before number `before`, newest first, `limit` at most.
    async fn newest(
        &self,
        path: &StatePath,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Entry>, Fault>;

    /// Hands over every entry, or those of one path, each chain in its order. Reads page by page,
    /// so that it takes the same memory however long the trail is. Ends early when `each` says so.
    async fn each(
        &self,
        path: Option<&StatePath>,
        each: &mut (dyn FnMut(Entry) -> std::ops::ControlFlow<()> + Send),
    ) -> Result<(), Fault>;

    /// The last checkpoint, and when it was made.
    async fn checkpoint(&self) -> Result<Option<(DateTime<Utc>, Heads)>, Fault>;

    /// Keeps a checkpoint and has it announced; once a UTC day, whoever comes first. A trail that
    /// does not hold has no heads to keep. Returns whether this was first.
    async fn set_checkpoint(
        &self,
        at: DateTime<Utc>,
        heads: Option<&Heads>,
        announcement: &Notice,
    ) -> Result<bool, Fault>;
}

/// What people are still to be told, in the order in which it happened. Written by
/// [`Ledger::commit`] with what it is about.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// The oldest notices, `limit` at most.
    async fn due(&self, limit: usize) -> Result<Vec<(NoticeId, Notice)>, Fault>;

    /// Strikes a notice out, delivered or not deliverable.
    async fn strike(&self, id: &NoticeId) -> Result<(), Fault>;
}

/// A notice's place in the outbox; later ones are greater.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NoticeId(pub String);

/// Something that people are told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Notice {
    /// The card of a request has to be posted or brought up to date.
    Card {
        /// Which.
        request: RequestId,
    },
    /// A request has ended with its lock released.
    Released {
        /// Which.
        request: RequestId,
    },
    /// The heads of all chains, for whoever wants to hold the trail against them later.
    Checkpoint {
        /// When they were read.
        at: DateTime<Utc>,
        /// How many chains there are.
        chains: usize,
        /// How many entries they have.
        entries: u64,
        /// One hash over all of them.
        digest: crate::audit::Hash,
    },
    /// The trail does not hold.
    TrailBroken {
        /// When it was checked.
        at: DateTime<Utc>,
        /// The first bad entry, in words.
        what: String,
    },
}

/// Sees to it that what is in the outbox is delivered.
#[async_trait]
pub trait Courier: Send + Sync {
    /// Delivers what is due, as far as it can be delivered now. What cannot stays for later.
    async fn deliver(&self);

    /// Brings the card of one request up to date now.
    async fn refresh(&self, request: RequestId);
}

/// Where messages are posted, to be read by everyone there.
#[async_trait]
pub trait Channels: Send + Sync {
    /// Posts a message. Of two posts with one `nonce` shortly after each other the second is none.
    async fn post(
        &self,
        channel: ChannelId,
        message: &Message,
        nonce: &str,
    ) -> Result<MessageId, Undelivered>;

    /// Changes a message that was posted.
    async fn edit(
        &self,
        channel: ChannelId,
        id: MessageId,
        message: &Message,
    ) -> Result<(), Undelivered>;
}

/// Why a message was not delivered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undelivered {
    /// It can be tried again, after this time where that is known.
    #[error("not delivered yet: {why}")]
    Later {
        /// How long to wait.
        after: Option<Duration>,
        /// What happened.
        why: String,
    },
    /// The message to be changed is not there any more.
    #[error("the message was deleted")]
    MessageGone,
    /// The channel is gone, or the bot may not write there.
    #[error("{why}")]
    Never {
        /// What happened.
        why: String,
    },
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
