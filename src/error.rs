//! The two ways in which a command fails.
//!
//! A [`Refusal`] is about the question: the person is told in one sentence, with the next step. A [`Fault`]
//! is about something that the bot depends on: it is logged under a reference, and the person gets the
//! reference and the remedy. The types are never mixed.
//!
//! A failed write is a [`WriteFault`]: it says whether the write may have been carried out.

use crate::lock::{NameError, State, StateName};
use crate::people::{MessageId, Person, Place};
use crate::unlock;

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The question cannot be met.
    #[error(transparent)]
    Refusal(#[from] Refusal),
    /// Something that the bot needs has failed, and nothing was changed.
    #[error(transparent)]
    Unchanged(#[from] Fault),
    /// Something failed in the middle of a change, and the outcome is not known.
    #[error("not known whether it was done: {0}")]
    Unsettled(#[source] Fault),
    /// The interaction was given up, and nothing was changed.
    #[error(transparent)]
    GivenUp(#[from] GivenUp),
}

impl Error {
    /// The same failure after part of a change was carried out: the outcome is not known.
    #[must_use]
    pub fn unsettled(self) -> Self {
        match self {
            Self::Unchanged(fault) => Self::Unsettled(fault),
            other => other,
        }
    }
}

/// Discord has given the interaction up, or another process answers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the interaction is not ours to answer")]
pub struct GivenUp;

/// A question that cannot be met. `words/refused.rs` has the sentence of each.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The typed text is not a state's name.
    #[error("no state name: {error}")]
    BadName {
        /// What was typed.
        typed: String,
        /// What is wrong with it.
        error: NameError,
        /// The known name that is most like it.
        nearest: Option<StateName>,
    },
    /// Nothing has ever been seen of the state.
    #[error("nothing was ever seen of the state")]
    Unseen {
        /// The state that the name leads to.
        state: State,
        /// The known name that is most like it.
        nearest: Option<StateName>,
    },
    /// The state has no lock, and it could not be read whether the state exists.
    #[error("not known whether there is such a state: {why}")]
    NotRead {
        /// Which.
        state: StateName,
        /// What failed, and what to do about it.
        why: String,
    },
    /// The typed text means several states that exist.
    #[error("several states are meant")]
    Ambiguous {
        /// What was typed.
        typed: String,
        /// The states.
        states: Vec<StateName>,
    },
    /// No lock has the ID that was typed for a state.
    #[error("no lock has this ID")]
    NoLockWithId {
        /// The lock ID.
        id: String,
    },
    /// A shortened name whose state is not known.
    #[error("unknown handle")]
    UnknownHandle,
    /// A shortened name, before any names have been read.
    #[error("names not read yet")]
    NamesNotRead,
    /// A button or command that this version does not have.
    #[error("unknown button or command")]
    Unknown,
    /// Asked outside the configured server.
    #[error("asked outside the configured server")]
    Elsewhere,
    /// The state has an open request already.
    #[error("the state has an open request already")]
    AlreadyOpen {
        /// Who asked.
        requester: Person,
        /// Where its card is, and which, once it is posted.
        card: Option<(Place, MessageId)>,
    },
    /// The state has no open request.
    #[error("no open request")]
    NoOpenRequest {
        /// Which.
        state: StateName,
    },
    /// The state is free already.
    #[error("nothing to wait for")]
    NothingToWaitFor {
        /// Which.
        state: StateName,
    },
    /// The most people allowed wait for the lock.
    #[error("too many wait already")]
    LineIsFull {
        /// Which.
        state: StateName,
    },
    /// This person watches the most states allowed.
    #[error("watches enough states already")]
    WatchesEnough,
    /// The rules of two-person control reject it.
    #[error(transparent)]
    Unlock(#[from] unlock::Rejection),
}

/// A write that did not succeed, as far as the bot can tell.
///
/// Only a refused write means that nothing was changed. So the one conversion to a plain [`Fault`] is
/// explicit: [`into_fault`](Self::into_fault).
#[derive(Debug, thiserror::Error)]
pub enum WriteFault {
    /// Every try was refused, or none was sent: nothing was changed.
    #[error(transparent)]
    Refused(Fault),
    /// A try was sent and never answered: it may have been carried out, or may still be.
    #[error("not known whether it was done: {0}")]
    Unanswered(#[source] Fault),
}

impl WriteFault {
    /// The fault alone, for the log of a worker that tries again at its next pass.
    #[must_use]
    pub fn into_fault(self) -> Fault {
        match self {
            Self::Refused(fault) | Self::Unanswered(fault) => fault,
        }
    }
}

impl From<Fault> for WriteFault {
    /// A fault before the write, such as one of a read.
    fn from(fault: Fault) -> Self {
        Self::Refused(fault)
    }
}

impl From<WriteFault> for Error {
    fn from(fault: WriteFault) -> Self {
        match fault {
            WriteFault::Refused(fault) => Self::Unchanged(fault),
            WriteFault::Unanswered(fault) => Self::Unsettled(fault),
        }
    }
}

/// What kind of trouble a [`Fault`] is, the same for `DynamoDB` and S3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// The identity is known and may not do this.
    Denied,
    /// There are no credentials, or they are wrong or have expired.
    Credentials,
    /// Too many requests, also after the retries.
    Throttled,
    /// No answer: no route, no name, a timeout.
    Unreachable,
    /// The table or bucket does not exist in this region.
    Missing,
    /// The bucket exists in another region than the configured one.
    WrongRegion,
    /// The table exists, but Terraform could not lock in it.
    NotALockTable,
    /// No region is configured.
    NoRegion,
    /// A mistake in this program.
    Bug,
    /// An answer that this version does not understand, or a failure inside the service.
    Unexpected,
    /// One stored item that this version cannot read. Everything else in its table can be used.
    NotUnderstood,
}

/// Something that the bot needs has failed.
#[derive(Debug, thiserror::Error)]
#[error("{subject} {}: {remedy}", kind.clause())]
pub struct Fault {
    /// What kind of trouble it is.
    pub kind: FaultKind,
    /// What could not be used, as the subject of a sentence: "The lock table locks".
    pub subject: String,
    /// What to do about it, as a clause that stands after a colon.
    pub remedy: String,
    /// The library's own error, for the log.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Fault {
    /// A mistake in this program: something happened that the code rules out.
    #[must_use]
    pub fn bug() -> Self {
        Self {
            kind: FaultKind::Bug,
            subject: "The bot".to_owned(),
            remedy: "report it with what the log says".to_owned(),
            source: None,
        }
    }

    /// Conflicts did not end: others keep changing the same request.
    #[must_use]
    pub fn too_busy() -> Self {
        Self {
            kind: FaultKind::Throttled,
            subject: "This request".to_owned(),
            remedy: "others are changing it; try again".to_owned(),
            source: None,
        }
    }

    /// The library's error with its causes, for the log and for a report. It may quote text from outside.
    #[must_use]
    pub fn cause(&self) -> Option<String> {
        let source: &dyn std::error::Error = self.source.as_deref()?;
        let chain = std::iter::successors(Some(source), |error| error.source());
        Some(chain.map(ToString::to_string).collect::<Vec<_>>().join(": "))
    }
}

impl FaultKind {
    /// One word for logs and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Credentials => "credentials",
            Self::Throttled => "throttled",
            Self::Unreachable => "unreachable",
            Self::Missing => "missing",
            Self::WrongRegion => "wrong_region",
            Self::NotALockTable => "not_a_lock_table",
            Self::NoRegion => "no_region",
            Self::Bug => "bug",
            Self::Unexpected => "unexpected",
            Self::NotUnderstood => "not_understood",
        }
    }

    /// Whether a retry is useless until a setting or a permission is changed.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Denied | Self::Missing | Self::WrongRegion | Self::NotALockTable)
    }

    /// The predicate of the sentence whose subject is what could not be used.
    fn clause(self) -> &'static str {
        match self {
            Self::Denied => "refused access",
            Self::Credentials => "did not accept the AWS credentials",
            Self::Throttled => "is throttling requests",
            Self::Unreachable => "cannot be reached",
            Self::Missing => "does not exist",
            Self::WrongRegion => "is in another region",
            Self::NotALockTable => "is not a Terraform lock table",
            Self::NoRegion => "names no region",
            Self::Bug => "failed because of a bug",
            Self::Unexpected => "gave an unexpected answer",
            Self::NotUnderstood => "cannot be read by this version of the bot",
        }
    }
}
