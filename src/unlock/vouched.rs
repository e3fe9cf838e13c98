//! Checks that the audit trail agrees with a started release.
//!
//! A request and its status are in the bot's own table, where a forger may have written them. An approval in
//! the trail is written only together with its request. So before a release is resumed from the table, the
//! trail has to agree with it.

use std::collections::BTreeSet;

use super::{ApprovedUnlock, Policy, UnlockRequest};
use crate::audit::{Action, Entry};
use crate::people::{RequestId, UserId};

/// Proof that the trail agrees with a started release. Only [`vouched`] makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vouched(RequestId);

/// How the trail and a started release differ. The end of the request quotes the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unvouched {
    /// The request itself has too few approvals, or one that does not count.
    #[error("the request does not have the approvals that a release needs")]
    TooFew,
    /// The entries that were read do not form an intact chain.
    #[error("entry {0} of its audit trail does not verify")]
    Broken(u64),
    /// No entry says that this requester opened it.
    #[error("the audit trail does not say that its requester opened it")]
    NotOpened,
    /// It was opened for another lock.
    #[error("the audit trail says that it was opened for another lock")]
    OtherLock,
    /// An approval of it is in no entry.
    #[error("the audit trail does not have its approvals")]
    NotApproved,
    /// No entry says that its last approver began the release.
    #[error("the audit trail does not say that its release was begun")]
    NotStarted,
    /// The trail already has its end.
    #[error("the audit trail says that it has ended")]
    Ended,
}

impl Vouched {
    /// Whether it is about this request.
    #[must_use]
    pub fn is_of(self, request: &UnlockRequest) -> bool {
        self.0 == request.id
    }
}

/// Compares a started release with the trail. `entries` are the last ones of its path's chain, oldest first,
/// from its opening or before.
///
/// # Errors
/// The first difference.
pub fn vouched(
    request: &UnlockRequest,
    policy: &Policy,
    entries: &[Entry],
) -> Result<Vouched, Unvouched> {
    if ApprovedUnlock::of(request, policy).is_none() {
        return Err(Unvouched::TooFew);
    }
    unbroken(request, entries)?;
    let id = request.id.to_string();
    let of_request = || entries.iter().filter(|entry| entry.text("request") == Some(&id));
    let by = |action: Action| of_request().filter(move |entry| is(entry, action));

    let opened = by(Action::Opened).find(|entry| actor(entry) == Some(request.requester.id));
    let opened = opened.ok_or(Unvouched::NotOpened)?;
    if !opened.is_about(request.pinned.lock()) {
        return Err(Unvouched::OtherLock);
    }
    let approvers: BTreeSet<UserId> = by(Action::Approved).filter_map(actor).collect();
    if !request.approvals.iter().all(|approval| approvers.contains(&approval.by.id)) {
        return Err(Unvouched::NotApproved);
    }
    // It was written with the last approval. Approvals that became void are in the trail as well, so
    // approvals alone do not prove that there were enough.
    let last = request.approvals.last().map(|approval| approval.by.id);
    if !by(Action::UnlockStarted).any(|entry| actor(entry) == last) {
        return Err(Unvouched::NotStarted);
    }
    if of_request().any(|entry| Action::ENDS.iter().any(|end| is(entry, *end))) {
        return Err(Unvouched::Ended);
    }
    Ok(Vouched(request.id))
}

/// Whether the entries are consecutive in the path's chain, and unchanged.
fn unbroken(request: &UnlockRequest, entries: &[Entry]) -> Result<(), Unvouched> {
    let mut before: Option<&Entry> = None;
    for entry in entries {
        let follows = before.is_none_or(|before| {
            entry.seq() == before.seq().saturating_add(1)
                && entry.text("prev") == Some(before.hash().as_str())
        });
        let is_whole = entry.computed_hash() == entry.hash();
        if !follows || !is_whole || entry.path() != request.state.path.as_str() {
            return Err(Unvouched::Broken(entry.seq()));
        }
        before = Some(entry);
    }
    Ok(())
}

fn is(entry: &Entry, action: Action) -> bool {
    entry.text("action") == Some(action.as_str())
}

fn actor(entry: &Entry) -> Option<UserId> {
    entry.text_of("actor", "id")?.parse().ok()
}
