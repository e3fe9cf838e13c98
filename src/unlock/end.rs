//! How a request ends, and what its end says.

use chrono::{DateTime, Utc};

use super::transition::{changed, draft};
use super::{
    Closing, Found, Left, Outcome, Progress, RemovedBy, Status, Transition, UnlockRequest,
};
use crate::audit::{Action, Draft};
use crate::lock::{LockState, Store};
use crate::people::Person;
use crate::text::{REASON, clip};

pub(super) fn released(request: &UnlockRequest, now: DateTime<Utc>) -> Transition {
    let by = request.approvals.last().map(|approval| &approval.by);
    let note = request
        .resumed
        .then(|| "finished by a later attempt, after the first one was cut off".to_owned());
    close(request, Outcome::Unlocked, by, note, now)
}

pub(super) fn released_by_tool(
    request: &UnlockRequest,
    said: String,
    now: DateTime<Utc>,
) -> Transition {
    let by = request.approvals.last().map(|approval| &approval.by);
    close(request, Outcome::Unlocked, by, Some(said), now)
}

pub(super) fn released_and_retaken(
    request: &UnlockRequest,
    next: &LockState,
    now: DateTime<Utc>,
) -> Transition {
    let by = request.approvals.last().map(|approval| &approval.by);
    let removed = RemovedBy::ReleaseOrHolder.sentence(removable(request));
    let note = format!("{removed}; {}, and stays", other_lock(request, next));
    close(request, Outcome::Unlocked, by, Some(note), now).leaving(Left::NextLock)
}

pub(super) fn lock_changed(
    request: &UnlockRequest,
    found: &Found,
    now: DateTime<Utc>,
) -> Transition {
    match found {
        Found::Gone => close(request, Outcome::AlreadyFree, None, None, now),
        Found::Other(lock) => {
            let mut note = other_lock(request, lock);
            // Two processes may have resumed it at the same time.
            if !Progress::of(request).removed_nothing_of(&request.pinned) {
                let removed = removable(request);
                let may_have = format!("an attempt at the release may have removed {removed}; ");
                note.insert_str(0, &may_have);
            }
            close(request, Outcome::Superseded, None, Some(note), now)
        }
    }
}

/// What an attempt at a release can remove before its end is recorded.
fn removable(request: &UnlockRequest) -> &'static str {
    let row = request.row_apart && request.pinned.row().is_some();
    match (row, request.pinned.lockfile().is_some()) {
        (true, true) => "the lock",
        (true, false) => half_of(Store::DynamoDb),
        (false, _) => half_of(Store::S3),
    }
}

/// A half of a lock, for notes.
pub(super) fn half_of(store: Store) -> &'static str {
    match store {
        Store::DynamoDb => "the DynamoDB row",
        Store::S3 => "the lockfile",
    }
}

/// The lock that is there in place of the pinned one, as a clause.
pub(super) fn other_lock(request: &UnlockRequest, lock: &LockState) -> String {
    let pinned = request.pinned.lock().info().map(|info| &info.id);
    match lock.info() {
        Some(info) if Some(&info.id) == pinned => {
            "the lock there now has the same ID, but its records are not the same".to_owned()
        }
        Some(info) => format!("the lock there now is {} by {}", info.id, info.who),
        None => "the record there now cannot be read".to_owned(),
    }
}

pub(super) fn close(
    request: &UnlockRequest,
    outcome: Outcome,
    by: Option<&Person>,
    note: Option<String>,
    now: DateTime<Utc>,
) -> Transition {
    // Holders and faults can be long texts, and a request has to fit into its item.
    let note = note.map(|note| clip(&note, REASON));
    let (reason, detail) = match outcome {
        Outcome::Denied | Outcome::Withdrawn => (note.clone(), None),
        _ => (None, note.clone()),
    };
    let entry = Draft { reason, detail, ..draft(request, ended(outcome), by, now) };
    let mut next = changed(request);
    next.status = Status::Closed(Closing { outcome, by: by.cloned(), at: now, note, left: None });
    Transition { next, entries: vec![entry], unlock: None, openings: None }
}

impl Transition {
    /// The same end, with what is left in the stores.
    pub(super) fn leaving(mut self, left: Left) -> Self {
        if let Status::Closed(closing) = &mut self.next.status {
            closing.left = Some(left);
        }
        self
    }
}

/// The action of an end in the trail.
fn ended(outcome: Outcome) -> Action {
    match outcome {
        Outcome::Unlocked => Action::UnlockDone,
        Outcome::Denied => Action::Denied,
        Outcome::Withdrawn => Action::Withdrawn,
        Outcome::Expired => Action::Expired,
        Outcome::Superseded => Action::UnlockSuperseded,
        Outcome::AlreadyFree => Action::UnlockAlreadyFree,
        Outcome::Failed => Action::UnlockFailed,
        Outcome::Unpostable => Action::Unpostable,
    }
}
