//! Opens a request.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::transition::{draft, written};
use super::{Lately, Pinned, Policy, Rejection, Status, Transition, UnlockRequest, may_ask};
use crate::audit::{Action, Draft};
use crate::lock::{Guarantees, LockState, State};
use crate::people::{Actor, RequestId};

/// Who asks for which lock to be released, and why.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// The request's number.
    pub id: RequestId,
    /// The state.
    pub state: &'a State,
    /// Its lock as it was read for this.
    pub lock: &'a LockState,
    /// What its stores promise to a release.
    pub guarantees: Guarantees,
    /// From when on the lock looks stale. `None` where its age is not known.
    pub stale_from: Option<DateTime<Utc>>,
    /// Why it has to be released.
    pub reason: &'a str,
    /// Who asks.
    pub by: &'a Actor,
    /// The recent openings by this person and for this state.
    pub lately: &'a Lately,
}

/// Opens a request. The store ensures that the state has no other open one.
///
/// # Errors
/// A rejection when the person may not ask there, the state is free, its record cannot be compared, the
/// reason is empty, or too many requests were opened in the last hour.
pub fn open(ask: Ask<'_>, policy: &Policy, now: DateTime<Utc>) -> Result<Transition, Rejection> {
    may_ask(ask.by, policy)?;
    let pinned = Pinned::new(ask.lock)?;
    let reason = written(ask.reason).ok_or(Rejection::NoReason)?;
    ask.lately.allows(ask.by, policy, now)?;
    let request = UnlockRequest {
        id: ask.id,
        version: 0,
        state: ask.state.clone(),
        pinned,
        requester: ask.by.person.clone(),
        reason,
        place: ask.by.place,
        opened_at: now,
        expires_at: now + policy.request_ttl,
        stale_from: ask.stale_from,
        approvals: Vec::new(),
        refused: BTreeMap::new(),
        status: Status::Pending,
        resumed: false,
        row_apart: false,
        store: ask.guarantees.lockfiles,
        tool: ask.guarantees.tool,
        calls_approvers: ask.lately.calls(now),
    };
    let entry = draft(&request, Action::Opened, Some(&ask.by.person), now);
    let entry = Draft { reason: Some(request.reason.clone()), ..entry };
    let openings = Some(ask.lately.and_one(now));
    Ok(Transition { next: request, entries: vec![entry], unlock: None, openings })
}
