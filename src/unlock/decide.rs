//! The rules of two-person control.
//!
//! [`open`](super::open()) makes a request, and [`decide`] is the only thing that changes one. Both
//! say what has to be written; whoever stores it writes all of it in one transaction, over the
//! version that it was decided on, or none of it.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::transition::{changed, draft, written};
use super::{
    Approval, ApprovedUnlock, Closing, Found, Left, Outcome, Policy, Rejection, RemovedBy, Status,
    Transition, UnlockRequest,
};
use crate::audit::{Action, Draft};
use crate::lock::LockState;
use crate::people::{Actor, Person, UserId};
use crate::text::{REASON, clip};

/// Something that bears on a request.
#[derive(Clone, Debug)]
pub enum Event<'e> {
    /// Somebody approves. `standing` are those of the earlier approvers who are members with an
    /// approver role still; the word of any other no longer counts.
    Approve {
        /// Who.
        by: &'e Actor,
        /// Whose earlier word counts.
        standing: &'e BTreeSet<UserId>,
    },
    /// Somebody says no. That the holder of the lock may do so too without a role takes knowing which
    /// person a holder is, which nothing here does yet.
    Deny {
        /// Who.
        by: &'e Actor,
        /// Why, if they say.
        reason: Option<String>,
    },
    /// The requester takes it back.
    Withdraw {
        /// Who.
        by: &'e Actor,
        /// Why, if they say.
        reason: Option<String>,
    },
    /// Its time has passed.
    Expire,
    /// The pinned lock is not there any more. In a release that was taken up again, gone means
    /// released.
    LockChanged(Found),
    /// A release that was cut off is taken up again.
    Resume,
    /// Every pinned record is gone, and this release removed them.
    Released,
    /// Every pinned record is gone, removed by this release or by the holder, and another lock is
    /// there by now.
    ReleasedAndRetaken(Box<LockState>),
    /// Another lock took the place of the pinned one after the pinned lockfile was removed.
    ChangedMidway {
        /// The lock there now.
        to: Box<LockState>,
        /// Who removed the lockfile.
        lockfile: RemovedBy,
    },
    /// The release cannot succeed, with what to do about it. It has removed nothing.
    Failed(String),
    /// The request has no card, and its channel does not take one, with what to do about it.
    Unpostable(String),
    /// The release cannot succeed, and has removed a part of the lock, or may have.
    FailedMidway {
        /// What failed, and what to do about it.
        why: String,
        /// What is there still.
        left: Left,
    },
}

/// Decides what an event does to a request.
///
/// # Errors
/// A refusal, with which nothing changes.
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
        // A click is too late by the clock, whether or not anybody has closed the request yet.
        (Status::Pending, Event::Deny { .. } | Event::Withdraw { .. })
            if request.is_expired(now) =>
        {
            Err(Rejection::Expired(request.expires_at))
        }
        (Status::Pending, Event::Approve { by, standing }) => {
            approve(request, by, standing, policy, now)
        }
        (Status::Pending, Event::Deny { by, reason }) => deny(request, by, reason, policy, now),
        (Status::Pending, Event::Withdraw { by, reason }) => withdraw(request, by, reason, now),
        // Nobody could approve it, and it would keep everybody else from asking.
        (Status::Pending, Event::Unpostable(why)) => {
            Ok(close(request, Outcome::Unpostable, None, Some(why), now))
        }
        // Nothing is released before it is approved, and nothing expires before its time.
        (
            Status::Pending,
            Event::Released
            | Event::ReleasedAndRetaken(_)
            | Event::ChangedMidway { .. }
            | Event::Failed(_)
            | Event::FailedMidway { .. }
            | Event::Resume
            | Event::Expire,
        ) => Err(Rejection::NotDue),
        (Status::Executing, Event::Resume) if !request.resumed => Ok(resume(request, now)),
        // Gone before this release removed anything: its holder has released it. A row is removed
        // only together with the end of its request.
        (Status::Executing, Event::LockChanged(Found::Gone))
            if !request.resumed || request.pinned.lockfile().is_none() =>
        {
            Ok(lock_changed(request, &Found::Gone, now))
        }
        (Status::Executing, Event::LockChanged(found @ Found::Other(_))) => {
            Ok(lock_changed(request, &found, now))
        }
        (Status::Executing, Event::Released | Event::LockChanged(Found::Gone)) => {
            Ok(released(request, now))
        }
        (Status::Executing, Event::ReleasedAndRetaken(next)) => {
            Ok(released_and_retaken(request, &next, now))
        }
        (Status::Executing, Event::ChangedMidway { to, lockfile }) => {
            let note = format!("{}; {}", lockfile.sentence(), other_lock(request, &to));
            Ok(close(request, Outcome::Superseded, None, Some(note), now))
        }
        (Status::Executing, Event::Failed(why)) => {
            Ok(close(request, Outcome::Failed, None, Some(why), now))
        }
        (Status::Executing, Event::FailedMidway { why, left }) => {
            Ok(close(request, Outcome::Failed, None, Some(why), now).leaving(left))
        }
        // A release in progress is not called off: some of it may have happened.
        (Status::Executing, _) => Err(Rejection::UnderWay),
    }
}

fn approve(
    request: &UnlockRequest,
    by: &Actor,
    standing: &BTreeSet<UserId>,
    policy: &Policy,
    now: DateTime<Utc>,
) -> Result<Transition, Rejection> {
    second_person(request, by, policy, Rejection::Requester)?;
    // Where everybody concerned can see it. Saying no is safe from anywhere.
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
        unlock = ApprovedUnlock::of(&next, policy);
        if next.pinned.may_have_lockfile() {
            entries.push(draft(&next, Action::UnlockStarted, Some(&by.person), now));
        }
    }
    Ok(Transition { next, entries, unlock, openings: None })
}

fn deny(
    request: &UnlockRequest,
    by: &Actor,
    reason: Option<String>,
    policy: &Policy,
    now: DateTime<Utc>,
) -> Result<Transition, Rejection> {
    second_person(request, by, policy, Rejection::RequesterDenies)?;
    let reason = reason.and_then(|reason| written(&reason));
    Ok(close(request, Outcome::Denied, Some(&by.person), reason, now))
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

/// Whether somebody is the second person of a request: another one, no bot, with the right role, in
/// the same server.
fn second_person(
    request: &UnlockRequest,
    by: &Actor,
    policy: &Policy,
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
    if !policy.is_approver(by) {
        return Err(Rejection::NotApprover);
    }
    Ok(())
}

fn resume(request: &UnlockRequest, now: DateTime<Utc>) -> Transition {
    let mut next = changed(request);
    next.resumed = true;
    let entry = draft(request, Action::UnlockStarted, None, now);
    let detail = Some("taken up again, after the first attempt was cut off".to_owned());
    Transition { next, entries: vec![Draft { detail, ..entry }], unlock: None, openings: None }
}

fn released(request: &UnlockRequest, now: DateTime<Utc>) -> Transition {
    let by = request.approvals.last().map(|approval| &approval.by);
    let note = request
        .resumed
        .then(|| "finished by a later attempt, after the first one was cut off".to_owned());
    close(request, Outcome::Unlocked, by, note, now)
}

fn released_and_retaken(
    request: &UnlockRequest,
    next: &LockState,
    now: DateTime<Utc>,
) -> Transition {
    let by = request.approvals.last().map(|approval| &approval.by);
    let removed = RemovedBy::ReleaseOrHolder.sentence();
    let note = format!("{removed}; {}, and stays", other_lock(request, next));
    close(request, Outcome::Unlocked, by, Some(note), now).leaving(Left::NextLock)
}

fn lock_changed(request: &UnlockRequest, found: &Found, now: DateTime<Utc>) -> Transition {
    match found {
        Found::Gone => close(request, Outcome::AlreadyFree, None, None, now),
        Found::Other(lock) => {
            let mut note = other_lock(request, lock);
            // Two processes may have taken it up at the same time.
            if request.resumed && request.pinned.lockfile().is_some() {
                note.insert_str(0, "an attempt at the release may have removed the lockfile; ");
            }
            close(request, Outcome::Superseded, None, Some(note), now)
        }
    }
}

/// The lock that is there in place of the pinned one, as a clause.
fn other_lock(request: &UnlockRequest, lock: &LockState) -> String {
    let pinned = request.pinned.lock().info().map(|info| &info.id);
    match lock.info() {
        Some(info) if Some(&info.id) == pinned => {
            "the lock there now has the same ID, but its records are not the same".to_owned()
        }
        Some(info) => format!("the lock there now is {} by {}", info.id, info.who),
        None => "the record there now cannot be read".to_owned(),
    }
}

fn close(
    request: &UnlockRequest,
    outcome: Outcome,
    by: Option<&Person>,
    note: Option<String>,
    now: DateTime<Utc>,
) -> Transition {
    // Holders and faults are texts of any length, and a request has to fit into its item.
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
    /// The same end, with what is left in the stores after it.
    fn leaving(mut self, left: Left) -> Self {
        if let Status::Closed(closing) = &mut self.next.status {
            closing.left = Some(left);
        }
        self
    }
}

/// What the trail calls an end.
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
