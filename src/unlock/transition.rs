//! The result of a decision, as data for the store.

use chrono::{DateTime, Utc};

use super::{ApprovedUnlock, Lately, UnlockRequest};
use crate::audit::{Action, Draft};
use crate::lock::is_invisible;
use crate::people::Person;
use crate::text::{REASON, clip};

/// The result of a decision. The store writes all of it at once, or none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Transition {
    /// The next request, one version further.
    pub next: UnlockRequest,
    /// What goes on record, in order.
    pub entries: Vec<Draft>,
    /// The right to release the lock, where the decision gives it.
    pub unlock: Option<ApprovedUnlock>,
    /// The openings including this one, where the decision opens a request.
    pub openings: Option<Lately>,
}

impl Transition {
    /// This decision and one made on its result, as one change.
    #[must_use]
    pub fn and_then(self, later: Self) -> Self {
        debug_assert_eq!(
            (self.next.id, self.next.version + 1),
            (later.next.id, later.next.version),
            "the later one follows from this one"
        );
        Self {
            next: later.next,
            entries: self.entries.into_iter().chain(later.entries).collect(),
            unlock: later.unlock.or(self.unlock),
            openings: later.openings.or(self.openings),
        }
    }
}

/// The request with the next version.
pub(super) fn changed(request: &UnlockRequest) -> UnlockRequest {
    UnlockRequest { version: request.version + 1, ..request.clone() }
}

pub(super) fn draft(
    request: &UnlockRequest,
    action: Action,
    by: Option<&Person>,
    at: DateTime<Utc>,
) -> Draft {
    Draft {
        at,
        action,
        actor: by.cloned(),
        request: request.id,
        state: request.state.clone(),
        lock: request.pinned.lock().clone(),
        reason: None,
        detail: None,
    }
}

/// A reason in its stored form. `None` if it has no visible character.
pub(super) fn written(reason: &str) -> Option<String> {
    let reason = reason.trim();
    let seen = |c: char| !c.is_whitespace() && !is_invisible(c);
    reason.contains(seen).then(|| clip(reason, REASON))
}
