//! Deliberate flaws of the protocol. The checker has to find each one.

/// A rule that a flawed model leaves out or breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// A row is deleted without a condition on its record.
    NoRecordCondition,
    /// A lockfile is deleted without its `ETag`, as by an S3 that ignores `If-Match`.
    NoEtag,
    /// A request is written without a condition on its version.
    NoVersionCondition,
    /// A second request takes the guard of the first.
    NoGuardCondition,
    /// A duplicate event is handled again.
    NoEventCondition,
    /// An entry overwrites the entry with the same number.
    NoEntryCondition,
    /// The requester's own approval counts.
    RequesterCounted,
    /// The roles of earlier approvers are not looked up again.
    RolesNotAskedAgain,
    /// A lockfile is deleted before the start of the release is recorded.
    NotStarted,
    /// A row is deleted first, and its delete is recorded later.
    RecordedLater,
    /// A release is resumed without being marked as resumed.
    NotMarked,
    /// No process resumes an interrupted release.
    NotResumed,
    /// A look at a pending request's lock decides the end of a release that began after the look.
    SeenBefore,
    /// A lockfile that could not be deleted is forgotten when the row disappears by itself.
    HalfForgotten,
    /// An unanswered delete is forgotten when its retry is refused.
    AnswerForgotten,
    /// Another request is closed because of a look at the lock from before it was opened.
    SeenBeforeOpening,
}
