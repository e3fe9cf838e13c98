//! The rules of two-person control.
//!
//! [`open`](super::open()) makes a request, and only [`decide`] changes one. Both return what has to be
//! written. The store writes all of it in one transaction, over the version that it was decided on, or none
//! of it.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::end::{
    close, half_of, lock_changed, other_lock, released, released_and_retaken, released_by_tool,
};
use super::transition::{changed, draft, written};
use super::way::way;
use super::{
    Approval, ApprovedUnlock, Found, Left, Outcome, Policy, Progress, Rejection, RemovedBy, Status,
    Transition, UnlockRequest,
};
use crate::audit::{Action, Draft};
use crate::lock::{Distance, Guarantees, LockState, Store};
use crate::people::{Actor, UserId};

/// An event that may change a request.
#[derive(Clone, Debug)]
pub enum Event<'e> {
    /// A person approves. The approval of an earlier approver who is not in `standing` no longer counts.
    Approve {
        /// Who.
        by: &'e Actor,
        /// The earlier approvers who are still members with an approver role.
        standing: &'e BTreeSet<UserId>,
        /// What the stores of the lock promise.
        guarantees: Guarantees,
    },
    /// A person denies the request.
    Deny {
        /// Who.
        by: &'e Actor,
        /// Whether they are known to be behind the holder of the lock, and so need no approver role.
        is_holder: bool,
        /// Why, if they say.
        reason: Option<String>,
    },
    /// The requester withdraws it.
    Withdraw {
        /// Who.
        by: &'e Actor,
        /// Why, if they say.
        reason: Option<String>,
    },
    /// It has expired.
    Expire,
    /// The pinned lock is no longer there. In a resumed release, gone means released.
    LockChanged(Found),
    /// A release that was interrupted is resumed, while the stores of the lock promise this.
    Resume(Guarantees),
    /// Every pinned record is gone, and this release removed them.
    Released,
    /// Every pinned record is gone after the backend's own tool was run. With what it said.
    ReleasedByTool(String),
    /// Every pinned record is gone, removed by this release or by the holder, and another lock is there now.
    ReleasedAndRetaken(Box<LockState>),
    /// Another lock took the place of the pinned one after a half of the pinned one was removed.
    ChangedMidway {
        /// The lock there now.
        to: Box<LockState>,
        /// The half that was removed.
        half: Store,
        /// Who removed it.
        by: RemovedBy,
    },
    /// The release cannot succeed, and has removed nothing. With what to do about it.
    Failed(String),
    /// The request has no card, since its channel does not take one. With what to do about it.
    Unpostable(String),
    /// The release cannot succeed, and has removed a part of the lock, or may have.
    FailedMidway {
        /// What failed, and what to do about it.
        why: String,
        /// What is still there.
        left: Left,
    },
}

/// Decides what an event does to a request.
///
/// # Errors
/// A rejection. The request stays as it is.
pub fn decide(
    request: &UnlockRequest,
    event: Event<'_>,
    policy: &Policy,
    now: DateTime<Utc>,
) -> Result<Transition, Rejection> {
    match (&request.status, event) {
        (Status::Closed(closing), _) => Err(Rejection::Closed(closing.clone())),
        (Status::Pending, Event::LockChanged(found)) => Ok(lock_changed(request, &found, now)),
        (Status::Pending, Event::Expire) if request.is_expired(now) => {
            Ok(close(request, Outcome::Expired, None, None, now))
        }
        // The clock decides whether a click is too late, not whether the request was closed already.
        (Status::Pending, Event::Deny { .. } | Event::Withdraw { .. })
            if request.is_expired(now) =>
        {
            Err(Rejection::Expired(request.expires_at))
        }
        (Status::Pending, Event::Approve { by, standing, guarantees }) => {
            approve(request, by, standing, guarantees, policy, now)
        }
        (Status::Pending, Event::Deny { by, is_holder, reason }) => {
            deny(request, by, is_holder, reason, policy, now)
        }
        (Status::Pending, Event::Withdraw { by, reason }) => withdraw(request, by, reason, now),
        // Without a card it cannot be approved, and it would block other requests.
        (Status::Pending, Event::Unpostable(why)) => {
            Ok(close(request, Outcome::Unpostable, None, Some(why), now))
        }
        // Nothing is released before it is approved, and nothing expires before its time.
        (
            Status::Pending,
            Event::Released
            | Event::ReleasedByTool(_)
            | Event::ReleasedAndRetaken(_)
            | Event::ChangedMidway { .. }
            | Event::Failed(_)
            | Event::FailedMidway { .. }
            | Event::Resume(_)
            | Event::Expire,
        ) => Err(Rejection::NotDue),
        (Status::Executing, Event::Resume(guarantees))
            if !request.resumed || (guarantees.table == Distance::Far && !request.row_apart) =>
        {
            Ok(resume(request, guarantees, now))
        }
        // It is gone, and this release removed nothing: the holder released it. This bot removes a row that is
        // near only together with the end of its request.
        (Status::Executing, Event::LockChanged(Found::Gone))
            if Progress::of(request).removed_nothing_of(&request.pinned) =>
        {
            Ok(lock_changed(request, &Found::Gone, now))
        }
        (Status::Executing, Event::LockChanged(found @ Found::Other(_))) => {
            Ok(lock_changed(request, &found, now))
        }
        (Status::Executing, Event::Released | Event::LockChanged(Found::Gone)) => {
            Ok(released(request, now))
        }
        (Status::Executing, Event::ReleasedByTool(said)) => {
            Ok(released_by_tool(request, said, now))
        }
        (Status::Executing, Event::ReleasedAndRetaken(next)) => {
            Ok(released_and_retaken(request, &next, now))
        }
        (Status::Executing, Event::ChangedMidway { to, half, by }) => {
            let note = format!("{}; {}", by.sentence(half_of(half)), other_lock(request, &to));
            Ok(close(request, Outcome::Superseded, None, Some(note), now))
        }
        (Status::Executing, Event::Failed(why)) => {
            Ok(close(request, Outcome::Failed, None, Some(why), now))
        }
        (Status::Executing, Event::FailedMidway { why, left }) => {
            Ok(close(request, Outcome::Failed, None, Some(why), now).leaving(left))
        }
        // A release in progress cannot be cancelled: part of the lock may be gone.
        (Status::Executing, _) => Err(Rejection::UnderWay),
    }
}

fn approve(
    request: &UnlockRequest,
    by: &Actor,
    standing: &BTreeSet<UserId>,
    guarantees: Guarantees,
    policy: &Policy,
    now: DateTime<Utc>,
) -> Result<Transition, Rejection> {
    second_person(request, by, Rejection::Requester)?;
    if !policy.is_approver(by) {
        return Err(Rejection::NotApprover);
    }
    // An approval must be seen where the request was made. A denial is safe from anywhere.
    if by.place.channel != request.place.channel {
        return Err(Rejection::Elsewhere(request.place.channel));
    }
    if request.is_expired(now) {
        return Err(Rejection::Expired(request.expires_at));
    }
    if request.approvals.iter().any(|approval| approval.by.id == by.person.id) {
        return Err(Rejection::ApprovedAlready);
    }
    let mut next = changed(request);
    let void: Vec<String> = next
        .approvals
        .extract_if(.., |approval| !standing.contains(&approval.by.id))
        .map(|approval| format!("{} ({})", approval.by.name, approval.by.id))
        .collect();
    next.approvals.push(Approval { by: by.person.clone(), at: now });
    let entry = draft(request, Action::Approved, Some(&by.person), now);
    let detail = (!void.is_empty())
        .then(|| format!("no longer counted, without the role by now: {}", void.join(", ")));
    let mut entries = vec![Draft { detail, ..entry }];
    let mut unlock = None;
    if next.missing_approvals(policy) == 0 {
        next.status = Status::Executing;
        next.row_apart = guarantees.table == Distance::Far;
        unlock = ApprovedUnlock::of(&next, policy);
        if next.is_released_in_steps() {
            let started = draft(&next, Action::UnlockStarted, Some(&by.person), now);
            let detail = way(&next, guarantees);
            entries.push(Draft { detail, ..started });
        }
    }
    Ok(Transition { next, entries, unlock, openings: None })
}

fn deny(
    request: &UnlockRequest,
    by: &Actor,
    is_holder: bool,
    reason: Option<String>,
    policy: &Policy,
    now: DateTime<Utc>,
) -> Result<Transition, Rejection> {
    second_person(request, by, Rejection::RequesterDenies)?;
    let is_approver = policy.is_approver(by);
    if !is_approver && !is_holder {
        return Err(Rejection::NotApprover);
    }
    let reason = reason.and_then(|reason| written(&reason));
    let mut denied = close(request, Outcome::Denied, Some(&by.person), reason, now);
    if !is_approver {
        for entry in &mut denied.entries {
            entry.detail = Some("as the holder of the lock".to_owned());
        }
    }
    Ok(denied)
}

fn withdraw(
    request: &UnlockRequest,
    by: &Actor,
    reason: Option<String>,
    now: DateTime<Utc>,
) -> Result<Transition, Rejection> {
    if by.person.id != request.requester.id {
        return Err(Rejection::NotRequester);
    }
    if by.place.guild != request.place.guild {
        return Err(Rejection::OtherServer);
    }
    let reason = reason.and_then(|reason| written(&reason));
    Ok(close(request, Outcome::Withdrawn, Some(&by.person), reason, now))
}

/// Checks that a person can be the second one: not the requester, no bot, in the same server.
fn second_person(
    request: &UnlockRequest,
    by: &Actor,
    requester: Rejection,
) -> Result<(), Rejection> {
    if by.is_bot {
        return Err(Rejection::Bot);
    }
    if by.person.id == request.requester.id {
        return Err(requester);
    }
    if by.place.guild != request.place.guild {
        return Err(Rejection::OtherServer);
    }
    Ok(())
}

fn resume(request: &UnlockRequest, guarantees: Guarantees, now: DateTime<Utc>) -> Transition {
    let mut next = changed(request);
    next.resumed = true;
    // An attempt while the table was far may have removed the row, wherever the table is now.
    next.row_apart |= guarantees.table == Distance::Far;
    let entry = draft(request, Action::UnlockStarted, None, now);
    let resumed = "resumed after the first attempt was cut off".to_owned();
    let detail = Some(match way(request, guarantees) {
        Some(way) => format!("{resumed}; {way}"),
        None => resumed,
    });
    Transition { next, entries: vec![Draft { detail, ..entry }], unlock: None, openings: None }
}
