//! The task of a replica as a step machine. Anything else can happen between two steps.
//!
//! It follows `src/commands/`, `src/release/` and `src/workers/warden.rs`, await by await. The code between
//! two awaits is one step here. A fault that wrote nothing ends the command, like a crash.

use locktender::lock::Store;
use locktender::people::RequestId;
use locktender::unlock::{Fate, Left, Progress, Rejection, RemovedBy, Transition, Tried};

use crate::store::{Change, Filed, Shared, Tail};
use crate::world::{Halves, Record};

/// A running command, or a look of the warden, and its next step.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Task {
    pub by: By,
    pub step: Step,
}

/// The cause of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum By {
    /// The click with this number in the setup. `has_role`: the person had an approver role at that moment.
    Click { number: usize, has_role: bool },
    /// A worker: the warden of open requests, or the courier of their cards.
    Worker,
}

/// The result of the next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum How {
    /// It succeeds.
    Plain,
    /// It succeeds, and reads the lockfile before the row.
    LockfileFirst,
    /// It is carried out, and the answer is lost.
    Lost,
    /// It is denied.
    Denied,
}

/// The next step of a task.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Read the request of a click or of the warden.
    Read(RequestId),
    /// Look up the roles of earlier approvers.
    Lookup(Shared<Filed>),
    /// Decide on a click. `out`: the look-up found that Bob had lost the role.
    Decide { filed: Shared<Filed>, out: bool },
    /// Read the lock. The stores are read one after the other, because one call cannot read both.
    Look { row: Read, lockfile: Read, why: Look },
    /// Open a request for the lock that was seen.
    Ask { seen: Halves, again: bool },
    /// Decide on an event that came without a click.
    Apply { filed: Shared<Filed>, due: Due, after: After },
    /// Read the end of the chain.
    Tail { change: Shared<Change>, then: Then },
    /// Send the transaction.
    Write { change: Shared<Change>, tail: Tail, then: Then },
    /// Read whether an unanswered transaction was carried out.
    LookAgain { change: Shared<Change>, tail: Tail, then: Then },
    /// Read the request that holds the path's guard.
    Guarded { change: Shared<Change>, tail: Tail, seen: Halves, again: bool, other: RequestId },
    /// Delete a half before the end is recorded. `unanswered`: an earlier attempt got no answer.
    Delete { filed: Shared<Filed>, half: Store, seen: Halves, progress: Progress, unanswered: bool },
    /// Decide on the end of a release that deletes the row with the record.
    End { filed: Shared<Filed>, lockfile: Fate },
}

/// The result of reading a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Read {
    NotYet,
    Done(Option<Record>),
}

/// The reason for reading a lock.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Look {
    /// To open a request for it.
    Open,
    /// To find out whether the open request in the way is over. `seen` was the lock at the first look.
    Over { other: Shared<Filed>, seen: Halves },
    /// To find out whether the pinned lock is still there.
    Warden(Shared<Filed>),
    /// To release it, with what this release has done so far.
    Finish { filed: Shared<Filed>, progress: Progress },
}

/// An event that comes without a click.
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
    Midway(Halves, Store, RemovedBy),
}

/// The continuation after a `Due` was settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum After {
    Nothing,
    /// Continue the release.
    Finish,
    /// The request in the way is over. Write the new request, for this lock, again.
    Reopen(Halves),
}

/// The kind of a transaction, which decides the continuation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Then {
    /// It opens a request.
    Open { seen: Halves, again: bool },
    /// It is an approval before the last one, or records that a release was given up.
    Approve,
    /// It is a release of a row alone.
    Release(Shared<Transition>),
    /// It is the start of a release in steps.
    Start,
    /// It is a denial or a withdrawal.
    Close,
    /// It is the record of a refused attempt.
    Refuse(Shared<Rejection>, Attempt),
    /// It writes an event that came without a click.
    Apply(Due, After),
    /// It is the end of a release that deletes the row with the record.
    End { lockfile: Fate },
}

/// The kind of a refused attempt: [`Tried`], with a hash.
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
            Self::Delete { .. } => true,
            Self::Write { change, .. } => change.release_row.is_some(),
            _ => false,
        }
    }
}
