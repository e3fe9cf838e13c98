//! Records refused attempts, at a bounded rate.

use chrono::{DateTime, Utc};

use super::transition::{changed, draft};
use super::{Rejection, Transition, UnlockRequest};
use crate::audit::{Action, Draft};
use crate::people::Actor;

/// Most refused attempts on one request that are recorded, for a person and for all people. They must show in
/// the trail, and not fill it.
const RECORDED_A_PERSON: u32 = 3;
const RECORDED_A_REQUEST: u32 = 20;

/// What a refused person tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tried {
    /// To approve.
    Approve,
    /// To deny.
    Deny,
    /// To withdraw.
    Withdraw,
}

/// Records a refused attempt. `None` where it does not belong on record, or enough of them are recorded.
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
