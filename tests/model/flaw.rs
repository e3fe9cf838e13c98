//! Ways to get it wrong, each of which the checker has to find.

/// What is left out or done wrong, in a model that shall be found wanting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// A row is deleted whatever is in it.
    NoRecordCondition,
    /// A lockfile is deleted without its `ETag`, as an S3 that ignores `If-Match` does.
    NoEtag,
    /// A request is written over whatever version there is.
    NoVersionCondition,
    /// A second open request takes the guard of the first.
    NoGuardCondition,
    /// An event may be dealt with again.
    NoEventCondition,
    /// An entry is written over the one that has its number.
    NoEntryCondition,
    /// The requester's own word counts.
    RequesterCounted,
    /// Approvers are taken to have their role for ever.
    RolesNotAskedAgain,
    /// A lockfile is deleted before the start of it is on record.
    NotStarted,
    /// A row is deleted first, and recorded after.
    RecordedLater,
    /// A release is taken up again without a mark.
    NotMarked,
    /// Nobody takes up a release that was cut off.
    NotResumed,
    /// What was seen of a pending request's lock is taken for the end of a release that began since.
    SeenBefore,
    /// A lockfile that could not be deleted is forgotten when the row went by itself.
    HalfForgotten,
    /// That a delete went without an answer is forgotten when its next try is refused.
    AnswerForgotten,
    /// Another request is closed for what was seen of the lock before it was opened.
    SeenBeforeOpening,
}
