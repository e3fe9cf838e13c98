//! The rules of two-person control, as tables. In all of them alice opens a request at noon, in one channel.
//! bob, carol and dave are approvers.

mod asking;
mod chart;
mod decisions;
mod opening;
mod openings;
mod pins;
mod steps;
mod taken_up;
mod vouching;
mod who;

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::*;
use crate::lock::{
    Distance, Flaw, Guarantees, LockRecord, LockState, State, Store, StoredLock, Stores,
};
use crate::people::{
    Actor, ChannelId, EventId, GuildId, Person, Place, RequestId, RoleId, Room, UserId,
};

const RECORD: &str = r#"{"ID":"1f6e7bc2-0ede-e7d2-69ce-4a7141d98284","Operation":"OperationTypeApply","Info":"","Who":"ci@runner-7","Version":"1.11.4","Created":"2026-11-25T09:00:00Z","Path":"my-bucket/env/prod/terraform.tfstate"}"#;
const OTHER: &str = r#"{"ID":"92c15b3e-7c3c-1b5d-8d35-0d3f6f6f2b10","Who":"zoe@laptop"}"#;

const ROW: Stores = Stores { row: true, lockfile: false };
const LOCKFILE: Stores = Stores { row: false, lockfile: true };
const BOTH: Stores = Stores { row: true, lockfile: true };

const HERE: Place = Place { guild: GuildId::new(7), channel: ChannelId::new(70) };
const APPROVER: RoleId = RoleId::new(500);

/// The time this many minutes after noon, when alice opened the request.
fn minute(minutes: i64) -> DateTime<Utc> {
    let noon: DateTime<Utc> = "2026-11-25T12:00:00Z".parse().unwrap();
    noon + TimeDelta::minutes(minutes)
}

fn state() -> State {
    let path = "my-bucket/env/prod/terraform.tfstate";
    serde_json::from_value(json!({"name": "env/prod", "path": path, "backend": "main"})).unwrap()
}

fn row(record: &str) -> StoredLock {
    StoredLock::new(LockRecord::new(record), None)
}

fn row_without_info() -> StoredLock {
    StoredLock::flawed(Flaw::Missing, LockRecord::new([]), None)
}

fn lockfile(record: impl Into<Vec<u8>>, etag: &str) -> StoredLock {
    StoredLock::new(LockRecord::new(record), Some(minute(-180))).with_etag(Some(etag.to_owned()))
}

/// A lock that is only a row, so that one transaction releases it.
fn row_alone() -> LockState {
    LockState::from_stores(ROW, Some(row(RECORD)), None)
}

/// A lock whose release takes several steps.
fn row_and_lockfile() -> LockState {
    LockState::from_stores(BOTH, Some(row(RECORD)), Some(lockfile(RECORD, "e1")))
}

pub(super) fn policy(approvals: u32) -> Policy {
    Policy {
        approver_roles: BTreeSet::from([APPROVER]),
        approvals: approvals.try_into().unwrap(),
        request_ttl: TimeDelta::minutes(30),
        stale_after: TimeDelta::hours(2),
        announce: None,
        announce_min_hold: TimeDelta::zero(),
        asking: Asking::default(),
    }
}

fn actor(id: u64, name: &str, roles: &[RoleId]) -> Actor {
    Actor {
        person: Person { id: UserId::new(id), name: name.to_owned() },
        is_bot: false,
        roles: roles.iter().copied().collect(),
        place: HERE,
        room: Room::default(),
    }
}

fn alice() -> Actor {
    actor(1, "alice", &[])
}

fn bob() -> Actor {
    actor(2, "bob", &[APPROVER])
}

fn carol() -> Actor {
    actor(3, "carol", &[APPROVER])
}

fn dave() -> Actor {
    actor(4, "dave", &[APPROVER])
}

fn asked(lock: &LockState, reason: &str, by: &Actor) -> Result<Transition, Rejection> {
    let id = RequestId::of(EventId::new(9_000));
    let stale_from = Some(minute(20));
    let lately = Lately::default();
    let ask = Ask {
        id,
        state: &state(),
        lock,
        guarantees: Guarantees::default(),
        stale_from,
        reason,
        by,
        lately: &lately,
    };
    open(ask, &policy(1), minute(0))
}

/// Alice's request for a lock.
fn request_for(lock: &LockState) -> UnlockRequest {
    asked(lock, "the runner died", &alice()).unwrap().next
}

fn approve(request: &UnlockRequest, by: &Actor, needed: u32) -> Result<Transition, Rejection> {
    approve_by(request, by, needed, Guarantees::default())
}

fn approve_by(
    request: &UnlockRequest,
    by: &Actor,
    needed: u32,
    guarantees: Guarantees,
) -> Result<Transition, Rejection> {
    let standing = request.approvals.iter().map(|approval| approval.by.id).collect();
    decide(
        request,
        Event::Approve { by, standing: &standing, guarantees },
        &policy(needed),
        minute(5),
    )
}

/// The same request after bob's approval, while its lock is being released.
fn executing(lock: &LockState) -> UnlockRequest {
    approve(&request_for(lock), &bob(), 1).unwrap().next
}

/// Every event, with its name in the tables.
fn events<'e>(
    by: &'e Actor,
    requester: &'e Actor,
    standing: &'e BTreeSet<UserId>,
) -> Vec<(&'static str, Event<'e>)> {
    let lock = || Box::new(LockState::from_stores(ROW, Some(row(OTHER)), None));
    let other = Found::Other(lock());
    vec![
        ("approve", Event::Approve { by, standing, guarantees: Guarantees::default() }),
        ("deny", Event::Deny { by, is_holder: false, reason: None }),
        ("withdraw", Event::Withdraw { by: requester, reason: None }),
        ("expire", Event::Expire),
        ("lock changed hands", Event::LockChanged(other)),
        ("lock is gone", Event::LockChanged(Found::Gone)),
        ("resume", Event::Resume(Guarantees::default())),
        ("released", Event::Released),
        ("released by tool", Event::ReleasedByTool("done".to_owned())),
        ("failed", Event::Failed("no permission".to_owned())),
        ("unpostable", Event::Unpostable("allow it to post".to_owned())),
        ("released and retaken", Event::ReleasedAndRetaken(lock())),
        (
            "changed midway",
            Event::ChangedMidway { to: lock(), half: Store::S3, by: RemovedBy::ReleaseOrHolder },
        ),
        ("failed midway", Event::FailedMidway { why: "no permission".to_owned(), left: Left::Row }),
    ]
}

/// The right to a release that a request gives if one approval is needed.
fn right_of(request: &UnlockRequest) -> Option<ApprovedUnlock> {
    ApprovedUnlock::of(request, &policy(1))
}

fn closed(outcome: Outcome) -> UnlockRequest {
    let by = Some(dave().person);
    let status = Status::Closed(Closing { outcome, by, at: minute(4), note: None, left: None });
    UnlockRequest { status, ..request_for(&row_alone()) }
}

/// The result of a decision in one line: `executing v1: request.approved, may release`.
fn said(decided: &Result<Transition, Rejection>) -> String {
    let transition = match decided {
        Ok(transition) => transition,
        Err(refusal) => return format!("refused: {refusal}"),
    };
    let status = match &transition.next.status {
        Status::Pending => "pending".to_owned(),
        Status::Executing => "executing".to_owned(),
        Status::Closed(closing) => format!("{:?}", closing.outcome),
    };
    let right = if transition.unlock.is_some() { ", may release" } else { "" };
    format!("{status} v{}: {}{right}", transition.next.version, actions(transition).join(" + "))
}

fn actions(transition: &Transition) -> Vec<&'static str> {
    transition.entries.iter().map(|entry| entry.action.as_str()).collect()
}
