//! The right to release a lock.

use std::collections::BTreeSet;

use super::{Pinned, Policy, Status, UnlockRequest};
use crate::lock::State;
use crate::people::{RequestId, UserId};

/// The right to release one lock: the records of it that were approved, and no others.
///
/// Only a request in release that has the approvals of the policy gives one: from different people, none of
/// them the requester. Every delete of a lock takes it. A stored request may have been forged, so
/// [`vouched`](super::vouched()) compares it with the trail.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ApprovedUnlock {
    request: RequestId,
    state: State,
    pinned: Pinned,
}

impl ApprovedUnlock {
    /// The right that a request gives from its last approval until its end. `None` before and after.
    #[must_use]
    pub fn of(request: &UnlockRequest, policy: &Policy) -> Option<Self> {
        let is_begun = request.status == Status::Executing;
        (is_begun && is_approved(request, policy)).then(|| Self {
            request: request.id,
            state: request.state.clone(),
            pinned: request.pinned.clone(),
        })
    }

    /// The request that was approved.
    #[must_use]
    pub fn request(&self) -> RequestId {
        self.request
    }

    /// The state that is locked.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The records that may be removed.
    #[must_use]
    pub fn pinned(&self) -> &Pinned {
        &self.pinned
    }
}

/// Whether enough people approved a request, each once and none of them the requester.
fn is_approved(request: &UnlockRequest, policy: &Policy) -> bool {
    let people: BTreeSet<UserId> =
        request.approvals.iter().map(|approval| approval.by.id).collect();
    people.len() == request.approvals.len()
        && !people.contains(&request.requester.id)
        && request.missing_approvals(policy) == 0
}
