//! The right to release a lock.

use super::{Pinned, RequestId, Status, UnlockRequest};
use crate::lock::State;

/// The right to release one lock: the records of it that were approved, and no others.
///
/// There is one only of a request whose approvals are complete, and only [`decide`](super::decide())
/// brings a request that far: nobody else can set its status. Every delete of a lock asks for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ApprovedUnlock {
    request: RequestId,
    state: State,
    pinned: Pinned,
}

impl ApprovedUnlock {
    /// The right that a request gives from its last approval to its end; `None` before and after.
    #[must_use]
    pub fn of(request: &UnlockRequest) -> Option<Self> {
        (request.status == Status::Executing).then(|| Self {
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

    /// The state whose lock it is.
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
