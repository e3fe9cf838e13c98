//! The requests to unlock, as they are kept.

use async_trait::async_trait;

use super::Notice;
use crate::audit::Tail;
use crate::error::{Fault, WriteFault};
use crate::lock::StatePath;
use crate::people::{EventId, MessageId, Person, Place, UserId};
use crate::unlock::{ApprovedUnlock, Found, Lately, Outcome, RequestId, Transition, UnlockRequest};

/// The requests, and with each change of one the trail of it: both are written or neither.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// The request of this number, read strongly consistently in one call; `None` where there is
    /// none, or not any more.
    async fn request(&self, id: RequestId) -> Result<Option<Filed>, Fault>;

    /// The open request for a state's lock, if there is one.
    ///
    /// # Errors
    /// Of the kind [`FaultKind::NotUnderstood`](crate::error::FaultKind::NotUnderstood) where there is
    /// one that this version cannot read.
    async fn open_request(&self, path: &StatePath) -> Result<Option<Filed>, Fault>;

    /// Who asks for a state's lock to be released, and where: as much of an open request as its guard
    /// says, in one call.
    ///
    /// # Errors
    /// As for [`open_request`](Self::open_request).
    async fn asked(&self, path: &StatePath) -> Result<Option<Asked>, Fault>;

    /// What a person, and what others for a state, have opened lately.
    async fn lately(&self, path: &StatePath, person: UserId) -> Result<Lately, Fault>;

    /// Every open request that this version understands, in no particular order.
    async fn open_requests(&self) -> Result<Vec<Filed>, Fault>;

    /// Writes what was decided, in one transaction: the request over the version it was decided on,
    /// the guard that keeps a path to one open request, the openings over the versions they were
    /// counted on, the entries at the end of their chain, the event as taken, and what people have
    /// to be told. When this has returned [`Committed::Done`], or the process died after the write,
    /// all of it is there.
    ///
    /// # Errors
    /// [`WriteFault::Refused`] where nothing was written, [`WriteFault::Unanswered`] where nobody knows.
    async fn commit(&self, change: &Change<'_>) -> Result<Committed, WriteFault>;

    /// Remembers which message is the card of a request.
    async fn set_card(&self, request: &UnlockRequest, card: MessageId) -> Result<(), Fault>;
}

/// An open request, as far as it takes to point people to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Who asks.
    pub requester: Person,
    /// Where.
    pub place: Place,
    /// The card, once it is posted.
    pub card: Option<MessageId>,
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

impl<'c> Change<'c> {
    /// What was decided on a request, by nobody's event, and without a row.
    #[must_use]
    pub fn of(from: &'c Filed, transition: &'c Transition) -> Self {
        Self { from: Some(from), transition, event: None, release_row: None }
    }

    /// The same, that came of this event.
    #[must_use]
    pub fn by(self, event: EventId) -> Self {
        Self { event: Some(event), ..self }
    }

    /// The same, with the delete of this lock's row.
    #[must_use]
    pub fn releasing(self, unlock: &'c ApprovedUnlock) -> Self {
        Self { release_row: Some(unlock), ..self }
    }

    /// What people have to be told of it, in order: the card where it shows something new, and a
    /// lock that was released, wholly or in part. A request that was closed because it has no card
    /// shows nothing.
    #[must_use]
    pub fn notices(&self) -> Vec<Notice> {
        let next = &self.transition.next;
        let before = self.from.map(|from| &from.request);
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
    /// Nothing is written, since others were opened since the openings were counted.
    OpenedMeanwhile,
    /// Nothing is written, since this event has been dealt with.
    Repeated,
    /// Nothing is written, since the lock's row is not the approved one any more.
    LockChanged(Found),
    /// Nothing is written, since the lock table does not let its row be deleted, and will not until
    /// somebody changes a permission or a setting. The text is the sentence of that fault.
    RowRefused(String),
}
