//! A request to unlock, from its opening to its end.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Pinned, Policy};
use crate::lock::{State, StoreCheck, Tool};
use crate::people::{Holders, Person, Place, RequestId, UserId};

/// A request for one lock to be released. Only [`decide`](super::decide()) changes one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct UnlockRequest {
    /// Which request.
    pub id: RequestId,
    /// Counts its changes. A change is written only over the version it was decided on.
    pub version: u64,
    /// The state.
    pub state: State,
    /// Its lock, as it was when the request was opened.
    pub pinned: Pinned,
    /// Who asked.
    pub requester: Person,
    /// Why, in their own words.
    pub reason: String,
    /// Where they asked. Approvals come from there too.
    pub place: Place,
    /// When they asked.
    pub opened_at: DateTime<Utc>,
    /// From when on it cannot be approved.
    pub expires_at: DateTime<Utc>,
    /// From when on the lock looks stale, as judged when the request was opened. Until then an approval must
    /// be confirmed. `None` where the age of the lock is not known.
    pub stale_from: Option<DateTime<Utc>>,
    /// Who has approved, each once, in order.
    pub approvals: Vec<Approval>,
    /// How many refused attempts of each person are on record.
    pub refused: BTreeMap<UserId, u32>,
    /// Its status. Only these rules can set it, so only they give the right to release a lock.
    pub(super) status: Status,
    /// Whether its release was resumed after the first attempt was interrupted. From then on, the first
    /// attempt may have removed what is gone.
    pub resumed: bool,
    /// Whether its release may delete the row before its end is recorded, as it does where the lock table is
    /// far. Requests of earlier versions do not have this field; their rows were deleted with the record.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub row_apart: bool,
    /// What was known of the store of its lockfile when the request was opened. Requests of earlier versions do
    /// not have this field.
    #[serde(default, skip_serializing_if = "StoreCheck::is_kept")]
    pub store: StoreCheck,
    /// The program that releases it, as configured when it was opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<Tool>,
    /// Whether its card pings the approver roles, which happens once an hour for a state. Requests of earlier
    /// versions do not have this field; their cards pinged.
    #[serde(default = "calls")]
    pub calls_approvers: bool,
}

fn calls() -> bool {
    true
}

/// An approval.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Approval {
    /// Whose.
    pub by: Person,
    /// When.
    pub at: DateTime<Utc>,
}

/// The status of a request.
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
    /// The outcome.
    pub outcome: Outcome,
    /// Who ended it. `None` where it expired or its lock changed.
    pub by: Option<Person>,
    /// When.
    pub at: DateTime<Utc>,
    /// The reason of a denial or withdrawal, or what failed and what to do about it.
    pub note: Option<String>,
    /// What a release left in the stores, where the outcome does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<Left>,
}

/// What a release left in the stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Left {
    /// The approved lock is gone, and another one is there now.
    NextLock,
    /// The lockfile was removed. The row is still there.
    Row,
    /// The row was removed. The lockfile is still there.
    Lockfile,
    /// A part of the lock may have been removed. What is there now could not be read.
    Unknown,
}

/// The outcome of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The lock was released.
    Unlocked,
    /// An approver denied it.
    Denied,
    /// The requester withdrew it.
    Withdrawn,
    /// Nobody approved in time.
    Expired,
    /// Another lock is there, which stays.
    Superseded,
    /// The holder released the lock.
    AlreadyFree,
    /// The release was tried and did not succeed.
    Failed,
    /// Its card could not be posted, so nobody could approve it.
    Unpostable,
}

impl UnlockRequest {
    /// Its status.
    #[must_use]
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// The person behind the holder of its lock, if known.
    #[must_use]
    pub fn holder(&self, holders: &Holders) -> Option<UserId> {
        holders.of(&self.pinned.lock().info()?.who)
    }

    /// Whether it has not ended.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !matches!(self.status, Status::Closed(_))
    }

    /// Whether it has expired, even if it is not closed yet.
    #[must_use]
    pub fn is_expired(&self, now: DateTime<Utc>) -> bool {
        now >= self.expires_at
    }

    /// Whether the lock is so old that its run has probably died. A lock of unknown age does not look stale:
    /// the risk of its release is not known.
    #[must_use]
    pub fn looks_stale(&self, now: DateTime<Utc>) -> bool {
        self.stale_from.is_some_and(|from| now >= from)
    }

    /// Whether its release takes several steps. Otherwise one transaction deletes the row and records the end.
    #[must_use]
    pub fn is_released_in_steps(&self) -> bool {
        self.row_apart || self.pinned.may_have_lockfile()
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
