//! The requests to unlock, and their results.

use async_trait::async_trait;

use super::Notice;
use crate::audit::Tail;
use crate::error::{Fault, WriteFault};
use crate::lock::StatePath;
use crate::people::{EventId, MessageId, Person, Place, RequestId, UserId};
use crate::unlock::{ApprovedUnlock, Found, Lately, Outcome, Transition, UnlockRequest};

/// The requests. A change of a request and its audit entries are written together, or not at all.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// The request of this number, read strongly consistently in one call. `None` where there is none, or its
    /// time to live has passed.
    async fn request(&self, id: RequestId) -> Result<Option<Filed>, Fault>;

    /// The open request for a state's lock, if there is one.
    ///
    /// # Errors
    /// Of the kind [`FaultKind::NotUnderstood`](crate::error::FaultKind::NotUnderstood) where there is
    /// one that this version cannot read.
    async fn open_request(&self, path: &StatePath) -> Result<Option<Filed>, Fault>;

    /// Who asks for the release of a state's lock, and where. Reads the guard of the open request, in one
    /// call.
    ///
    /// # Errors
    /// As for [`open_request`](Self::open_request).
    async fn asked(&self, path: &StatePath) -> Result<Option<Asked>, Fault>;

    /// The recent openings by a person and for a state.
    async fn lately(&self, path: &StatePath, person: UserId) -> Result<Lately, Fault>;

    /// Every open request that this version understands, in no particular order.
    async fn open_requests(&self) -> Result<Vec<Filed>, Fault>;

    /// Writes a new request in one transaction: the request, the guard that keeps a path to one open
    /// request, the openings over the versions they were counted on, its entry of the trail, the event as
    /// taken, and the notice of its card. When this has returned [`Opened::Done`], or the process died after
    /// the write, all of it is there.
    ///
    /// # Errors
    /// [`WriteFault::Refused`] where nothing was written, [`WriteFault::Unanswered`] where that is not known.
    async fn open(&self, opening: &Opening<'_>) -> Result<Opened, WriteFault>;

    /// Writes a decision on a request in one transaction: the request over the version it was decided on,
    /// the end of its guard if it is closed, the entries at the end of their chain, the event as taken, and
    /// the notices. When this has returned [`Changed::Done`], or the process died after the write, all of it
    /// is there.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    async fn change(&self, change: &Change<'_>) -> Result<Changed, WriteFault>;

    /// The same as [`change`](Self::change), and in the same transaction the delete of the approved lock's
    /// row.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    async fn release(
        &self,
        change: &Change<'_>,
        unlock: &ApprovedUnlock,
    ) -> Result<Released, WriteFault>;

    /// Remembers which message is the card of a request.
    async fn set_card(&self, request: &UnlockRequest, card: MessageId) -> Result<(), Fault>;
}

/// What it takes to point people to an open request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Who asks.
    pub requester: Person,
    /// Where.
    pub place: Place,
    /// The card, once it is posted.
    pub card: Option<MessageId>,
}

/// A stored request.
#[derive(Clone, Debug, PartialEq)]
pub struct Filed {
    /// The request.
    pub request: UnlockRequest,
    /// Its card, once it is posted.
    pub card: Option<MessageId>,
    /// The end of the path's chain when the request was last written. The next entry usually goes there:
    /// while a request is open, nothing else is recorded for its path.
    pub tail: Tail,
    /// The interaction that its last change was the effect of, if any.
    pub event: Option<EventId>,
}

/// A request that is being opened.
#[derive(Clone, Copy, Debug)]
pub struct Opening<'c> {
    /// What was decided.
    pub transition: &'c Transition,
    /// The interaction that asked for it. It counts once, however often it is delivered.
    pub event: EventId,
}

/// A decision on a request.
#[derive(Clone, Copy, Debug)]
pub struct Change<'c> {
    /// The request that it was decided on.
    pub from: &'c Filed,
    /// What was decided.
    pub transition: &'c Transition,
    /// The interaction of the person who did it; `None` for what the bot does by itself. It counts once,
    /// however often it is delivered.
    pub event: Option<EventId>,
}

impl<'c> Change<'c> {
    /// A decision that no person's interaction led to.
    #[must_use]
    pub fn of(from: &'c Filed, transition: &'c Transition) -> Self {
        Self { from, transition, event: None }
    }

    /// The same, as the effect of this interaction.
    #[must_use]
    pub fn by(self, event: EventId) -> Self {
        Self { event: Some(event), ..self }
    }
}

/// What people have to be told of a request that is now as in `next`, in order: the card where it shows
/// something new, and a lock that was released, wholly or in part. `before` is the request as it was;
/// `None` for a new one. A request that was closed because it has no card shows nothing.
#[must_use]
pub fn notices(before: Option<&UnlockRequest>, next: &UnlockRequest) -> Vec<Notice> {
    let request = next.id;
    let shows = before.is_none_or(|before| {
        (before.status(), &before.approvals) != (next.status(), &next.approvals)
    });
    let end = next.closing().map(|closing| (closing.outcome, closing.left));
    let has_no_card = matches!(end, Some((Outcome::Unpostable, _)));
    let card = (shows && !has_no_card).then_some(Notice::Card { request });
    let end = end.and_then(|end| match end {
        (Outcome::Unlocked, _) => Some(Notice::Released { request, channel: None }),
        (Outcome::Failed, Some(_)) => Some(Notice::HalfReleased { request, channel: None }),
        _ => None,
    });
    card.into_iter().chain(end).collect()
}

/// The result of [`Ledger::open`].
#[derive(Clone, Debug, PartialEq)]
pub enum Opened {
    /// It is open, by this call or by an earlier delivery of the same interaction.
    Done(Filed),
    /// Nothing is written, since the path has this open request already.
    AlreadyOpen(Filed),
    /// Nothing is written, since another request was opened after the openings were counted.
    OpeningsChanged,
}

/// The result of [`Ledger::change`].
#[derive(Clone, Debug, PartialEq)]
pub enum Changed {
    /// It is written, by this call or by an earlier delivery of the same interaction. This is the request
    /// now.
    Done(Filed),
    /// Nothing is written, since another process changed the request first. This is the request now.
    Conflict(Filed),
}

/// The result of [`Ledger::release`].
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "it is matched as soon as it is made")]
pub enum Released {
    /// As for [`Changed`]: the row is gone if the change is done.
    Changed(Changed),
    /// Nothing is written, since the lock's row is no longer the approved one.
    LockChanged(Found),
    /// Nothing is written, since the lock table does not let its row be deleted, and will not until
    /// somebody changes a permission or a setting. The text is the sentence of that fault.
    RowRefused(String),
}
