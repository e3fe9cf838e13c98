//! Attempts that were refused, which are recorded too, at a bounded rate.

use chrono::{DateTime, Utc};

use super::transition::{changed, draft};
use super::{Rejection, Transition, UnlockRequest};
use crate::audit::{Action, Draft};
use crate::people::Actor;

/// How often a person's refused attempts on one request are recorded, and how often all people's
/// are: enough to see them, and not enough to fill the trail with.
const RECORDED_A_PERSON: u32 = 3;
const RECORDED_A_REQUEST: u32 = 20;

/// What somebody tried who was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tried {
    /// To approve.
    Approve,
    /// To deny.
    Deny,
    /// To withdraw.
    Withdraw,
}

/// Records that somebody was refused; `None` where that is no matter for the trail, or there is
/// enough of it there.
#[must_use]
pub fn refused(
    request: &UnlockRequest,
    by: &Actor,
    tried: Tried,
    refusal: &Rejection,
    now: DateTime<Utc>,
) -> Option<Transition> {
    let own = request.refused.get(&by.person.id).copied().unwrap_or(0);
    let all = request.refused.values().fold(0_u32, |all, own| all.saturating_add(*own));
    if !request.is_open()
        || !refusal.is_on_record(tried)
        || own >= RECORDED_A_PERSON
        || all >= RECORDED_A_REQUEST
    {
        return None;
    }
    let mut next = changed(request);
    next.refused.insert(by.person.id, own + 1);
    let action = match tried {
        Tried::Approve => Action::ApprovalRefused,
        Tried::Deny => Action::DenialRefused,
        Tried::Withdraw => Action::WithdrawalRefused,
    };
    let entry = draft(request, action, Some(&by.person), now);
    let entry = Draft { detail: Some(refusal.to_string()), ..entry };
    Some(Transition { next, entries: vec![entry], unlock: None, openings: None })
}
