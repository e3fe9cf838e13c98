//! A request to unlock, from its opening to its end.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Pinned, Policy};
use crate::lock::State;
use crate::people::{Person, Place, RequestId, UserId};

/// A request for one lock to be released. Only [`decide`](super::decide()) changes one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct UnlockRequest {
    /// Which request.
    pub id: RequestId,
    /// Counts its changes. A change is written only over the version that it was decided on.
    pub version: u64,
    /// The state.
    pub state: State,
    /// Its lock, as it was when the request was opened.
    pub pinned: Pinned,
    /// Who asked.
    pub requester: Person,
    /// Why, in their own words.
    pub reason: String,
    /// Where they asked, which is where others approve.
    pub place: Place,
    /// When they asked.
    pub opened_at: DateTime<Utc>,
    /// From when on nobody can approve any more.
    pub expires_at: DateTime<Utc>,
    /// From when on the lock looks stale: until then, approving it asks for more. As it was judged
    /// when the request was opened; `None` where nobody knows since when it is held.
    pub stale_from: Option<DateTime<Utc>>,
    /// Who has approved, each once, in order.
    pub approvals: Vec<Approval>,
    /// How often each person was refused on the record.
    pub refused: BTreeMap<UserId, u32>,
    /// How far it has come. Nobody outside these rules can set it, or make a request otherwise than
    /// by asking: so there is no right to release a lock but by the rules.
    pub(super) status: Status,
    /// Whether its release was taken up again, after the first attempt at it was cut off. From then
    /// on, what is found gone may have been removed by that attempt.
    pub resumed: bool,
    /// Whether its card calls the approver roles, which those of a state do once an hour. Requests of
    /// earlier versions do not say so; theirs all called.
    #[serde(default = "calls")]
    pub calls_approvers: bool,
}

fn calls() -> bool {
    true
}

/// One person's word for a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Approval {
    /// Whose.
    pub by: Person,
    /// When.
    pub at: DateTime<Utc>,
}

/// How far a request has come.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It waits for approvals.
    Pending,
    /// It is approved, and the release is under way.
    Executing,
    /// It has ended, and never changes again.
    Closed(Closing),
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Closing {
    /// What came of it.
    pub outcome: Outcome,
    /// Who ended it; nobody where time or the lock itself did.
    pub by: Option<Person>,
    /// When.
    pub at: DateTime<Utc>,
    /// What else there is to know: the reason of a denial or a withdrawal, what failed and what to do
    /// about it.
    pub note: Option<String>,
    /// What a release has left in the stores, where its outcome alone does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<Left>,
}

/// What a release has left in the stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Left {
    /// The approved lock is gone, and another one is there by now.
    NextLock,
    /// The lockfile was removed. The row is still there.
    Row,
    /// The row was removed. The lockfile is still there.
    Lockfile,
    /// The lockfile may have been removed. Nobody could read what is there now.
    Unknown,
}

/// What came of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The lock was released.
    Unlocked,
    /// An approver said no.
    Denied,
    /// The requester took it back.
    Withdrawn,
    /// Nobody approved in time.
    Expired,
    /// Another lock is there by now, which stays.
    Superseded,
    /// Whoever held the lock has released it.
    AlreadyFree,
    /// The release was tried and did not succeed.
    Failed,
    /// Its card could not be posted, so nobody could approve it.
    Unpostable,
}

impl UnlockRequest {
    /// How far it has come.
    #[must_use]
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// Whether it can still come to something.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !matches!(self.status, Status::Closed(_))
    }

    /// Whether its time has passed, whoever has noticed.
    #[must_use]
    pub fn is_expired(&self, now: DateTime<Utc>) -> bool {
        now >= self.expires_at
    }

    /// Whether the lock is so old that its run has probably died. One of unknown age does not look
    /// so: friction follows risk, and nobody knows theirs.
    #[must_use]
    pub fn looks_stale(&self, now: DateTime<Utc>) -> bool {
        self.stale_from.is_some_and(|from| now >= from)
    }

    /// How many people still have to approve.
    #[must_use]
    pub fn missing_approvals(&self, policy: &Policy) -> usize {
        (policy.approvals.get() as usize).saturating_sub(self.approvals.len())
    }

    /// How it ended, once it has.
    #[must_use]
    pub fn closing(&self) -> Option<&Closing> {
        match &self.status {
            Status::Closed(closing) => Some(closing),
            Status::Pending | Status::Executing => None,
        }
    }
}
