//! What a replica has in hand, as a step machine: between any two steps anything else can happen.
//!
//! It follows `commands/` and `workers/warden.rs` await by await. What the code does between two
//! awaits is one step here; a fault in which nothing was written ends the command, and is the same
//! as a crash.

use locktender::people::RequestId;
use locktender::unlock::{Left, LockfileFate, Rejection, RemovedBy, Transition, Tried};

use crate::store::{Change, Filed, Shared, Tail};
use crate::world::{Halves, Record};

/// A command or a look of the warden's, and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Task {
    pub by: By,
    pub step: Step,
}

/// Who has the replica do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum By {
    /// The click of this number in the setup, by somebody who had an approver role when it came.
    Click { number: usize, has_role: bool },
    /// A worker: the one that looks after open requests, or the one that posts their cards.
    Worker,
}

/// How the next step goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum How {
    /// Well.
    Plain,
    /// The lockfile is read before the row.
    LockfileFirst,
    /// It is done, and the answer is lost.
    Lost,
    /// It is not allowed.
    Denied,
}

/// What is done next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Read the request that was clicked on, or that the warden looks after.
    Read(RequestId),
    /// Look up the roles of earlier approvers.
    Lookup(Shared<Filed>),
    /// Decide on a click. `out`: Bob had lost the role when that was looked up.
    Decide { filed: Shared<Filed>, out: bool },
    /// Read the lock; one store after the other, since nobody reads both in one go.
    Look { row: Read, lockfile: Read, why: Look },
    /// Ask for the release of the lock that was seen.
    Ask { seen: Halves, again: bool },
    /// Decide what became due.
    Apply { filed: Shared<Filed>, due: Due, after: After },
    /// Read the end of the chain.
    Tail { change: Shared<Change>, then: Then },
    /// Send the transaction.
    Write { change: Shared<Change>, tail: Tail, then: Then },
    /// Look whether a transaction without an answer was carried out.
    LookAgain { change: Shared<Change>, tail: Tail, then: Then },
    /// Read the request that has the path's guard.
    Guarded { change: Shared<Change>, tail: Tail, seen: Halves, again: bool, other: RequestId },
    /// Delete the lockfile. `unanswered`: an earlier try of this delete got no answer.
    DeleteLockfile { filed: Shared<Filed>, row: bool, unanswered: bool },
    /// Decide on the end of a release.
    End { filed: Shared<Filed>, row: bool, lockfile: LockfileFate },
}

/// What is known of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Read {
    NotYet,
    Done(Option<Record>),
}

/// What a lock is looked at for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Look {
    /// To open a request for it.
    Open,
    /// To see whether the open request in the way is over. `seen` was the lock at the first look.
    Over { other: Shared<Filed>, seen: Halves },
    /// To see whether the pinned one is there.
    Warden(Shared<Filed>),
    /// To release it. `may_have_removed`: a lockfile that is not there may have been removed by it.
    Finish { filed: Shared<Filed>, may_have_removed: bool },
}

/// What became due without anybody's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Due {
    Expire,
    Resume,
    Released,
    Retaken(Halves),
    Failed,
    Unpostable,
    HalfFailed(Left),
    Gone,
    Other(Halves),
    Midway(Halves, RemovedBy),
}

/// What comes after it was applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum After {
    Nothing,
    /// The release goes on.
    Finish,
    /// The request that stood in the way is over, and the new one, of this lock, is written again.
    Reopen(Halves),
}

/// What comes after a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Then {
    /// It opens a request.
    Open { seen: Halves, again: bool },
    /// It is an approval that is not the last, or the record that a release is given up.
    Approve,
    /// It is a release of a row alone.
    Release(Shared<Transition>),
    /// It is the start of a release in steps.
    Start,
    /// It is a denial or a withdrawal.
    Close,
    /// It is the record of a refused attempt.
    Refuse(Shared<Rejection>, Attempt),
    /// It is what became due.
    Apply(Due, After),
    /// It is the end of a release in steps.
    End { row: bool, lockfile: LockfileFate },
}

/// What was refused: [`Tried`], with a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Attempt {
    Approve,
    Deny,
    Withdraw,
}

impl From<Attempt> for Tried {
    fn from(attempt: Attempt) -> Self {
        match attempt {
            Attempt::Approve => Self::Approve,
            Attempt::Deny => Self::Deny,
            Attempt::Withdraw => Self::Withdraw,
        }
    }
}

impl Step {
    /// Whether it deletes a record of a lock.
    pub fn deletes(&self) -> bool {
        match self {
            Self::DeleteLockfile { .. } => true,
            Self::Write { change, .. } => change.release_row.is_some(),
            _ => false,
        }
    }
}
