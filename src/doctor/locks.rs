//! Locks that need a person: half, unreadable, very old, or piling up from one machine.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};

use super::{Check, Code, Diagnosis, Finding, of, shown};
use crate::lock::{BackendName, Flaw, Half, HeldLock, LockState, Sources, age};
use crate::ports::{Clock, Listing, Locks};

/// The age of a lock that no run has.
const OLD: TimeDelta = TimeDelta::days(7);

/// The locks of one machine that are too many, each at least this old.
const PILE: usize = 3;
const PILED_FOR: TimeDelta = TimeDelta::hours(1);

/// States that a finding names.
const NAMED: usize = 10;

/// The check of the locks of some backends.
pub struct LocksCheck {
    /// Their locks.
    pub locks: Arc<dyn Locks>,
    /// The backends. Empty if there is only one.
    pub backends: Vec<BackendName>,
}

#[async_trait]
impl Check for LocksCheck {
    fn subject(&self) -> String {
        format!("locks{}", of(&self.backends))
    }

    async fn examine(&self, clock: &dyn Clock) -> Diagnosis {
        match self.locks.list().await {
            Ok(listing) => {
                let names = if self.backends.is_empty() { short_name } else { full_name };
                of_listing(&self.subject(), &listing, names, clock.now())
            }
            Err(fault) => Diagnosis::default().fault(self.subject(), &fault),
        }
    }
}

/// How states are named.
type Name = fn(&HeldLock) -> String;

fn short_name(held: &HeldLock) -> String {
    shown(held.state.bare_name())
}

fn full_name(held: &HeldLock) -> String {
    shown(&held.state.full_name())
}

fn of_listing(subject: &str, listing: &Listing, name: Name, now: DateTime<Utc>) -> Diagnosis {
    let held = &listing.held;
    let mut diagnosis = Diagnosis::default();
    for unread in &listing.unread {
        diagnosis = diagnosis.fault(format!("locks{}", of(&unread.backends)), &unread.fault);
    }
    let is_old = |held: &HeldLock| held.lock.since().is_some_and(|since| age(since, now) >= OLD);
    let kinds = [
        (Code::DigestAtLockKey, digest_at_lock_key as Words, named(held, name, is_digest_only)),
        (Code::LockfileNotFetched, not_fetched as Words, named(held, name, is_unread)),
        (Code::LockUnreadable, unreadable as Words, named(held, name, is_unreadable)),
        (Code::LockHalf, half as Words, named(held, name, is_half)),
        (Code::LockOld, old as Words, named(held, name, is_old)),
    ];
    for (code, words, states) in kinds {
        if !states.is_empty() {
            diagnosis = diagnosis.finding(finding(code, words, &states));
        }
    }
    for (machine, states) in piles(held, name, now) {
        diagnosis = diagnosis.finding(pile(&machine, &states));
    }
    if diagnosis.is_healthy() {
        diagnosis = diagnosis.checked(
            subject,
            format!("{} held. None is half, unreadable or older than a week.", held.len()),
        );
    }
    diagnosis
}

fn named(held: &[HeldLock], name: Name, is_meant: impl Fn(&HeldLock) -> bool) -> Vec<String> {
    let meant = held.iter().filter(|held| is_meant(held));
    let mut names: Vec<String> = meant.map(name).collect();
    names.sort();
    names
}

fn flaw(held: &HeldLock) -> Option<&Flaw> {
    match &held.lock {
        LockState::Unreadable(unreadable) => Some(&unreadable.flaw),
        LockState::Held(_) | LockState::Free => None,
    }
}

fn is_digest_only(held: &HeldLock) -> bool {
    matches!(flaw(held), Some(Flaw::DigestOnly | Flaw::OddDigest(_)))
}

fn is_unread(held: &HeldLock) -> bool {
    let mut records = held.lock.sources().into_iter().flat_map(Sources::records);
    records.any(|stored| matches!(stored.info, Err(Flaw::Unread(_))))
}

fn is_unreadable(held: &HeldLock) -> bool {
    flaw(held).is_some() && !is_digest_only(held) && !is_unread(held)
}

fn is_half(held: &HeldLock) -> bool {
    matches!(held.lock.half(), Some(Half::RowMissing | Half::LockfileMissing | Half::Different))
}

/// The machines that hold many locks for long, with the states.
fn piles(held: &[HeldLock], name: Name, now: DateTime<Utc>) -> Vec<(String, Vec<String>)> {
    let mut by_machine: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for held in held {
        let long = held.lock.since().is_some_and(|since| age(since, now) >= PILED_FOR);
        let machine = held.lock.info().and_then(|info| info.who.rsplit_once('@')).map(|(_, it)| it);
        if let Some(machine) = machine.filter(|machine| long && !machine.is_empty()) {
            by_machine.entry(machine).or_default().push(name(held));
        }
    }
    let piles = by_machine.into_iter().filter(|(_, states)| states.len() >= PILE);
    piles.map(|(machine, states)| (shown(machine), states)).collect()
}

/// What is wrong, why it matters, and what to do. The states come before it.
type Words = fn() -> [&'static str; 3];

fn finding(code: Code, words: Words, states: &[String]) -> Finding {
    let [what, why, remedy] = words();
    Finding {
        code,
        subject: subject(states),
        what: what.to_owned(),
        why: why.to_owned(),
        remedy: remedy.to_owned(),
    }
}

/// `state env/prod`, or `12 states: a, b, …`.
fn subject(states: &[String]) -> String {
    match states {
        [state] => format!("state {state}"),
        states => {
            let names =
                states.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
            let more = if states.len() > NAMED { ", …" } else { "" };
            format!("{} states: {names}{more}", states.len())
        }
    }
}

fn digest_at_lock_key() -> [&'static str; 3] {
    [
        "A digest lies at the LockID of the state, where its lock belongs.",
        "It keeps Terraform out, and no run holds it. Somebody mended a digest without the -md5 at the \
         end of its LockID.",
        "Ask for its release with /lock unlock. The digest row that ends in -md5 stays.",
    ]
}

fn not_fetched() -> [&'static str; 3] {
    [
        "The lockfile is listed, and cannot be fetched.",
        "The state counts as locked, its holder is not known, and it cannot be released.",
        "Allow s3:GetObject on *.tflock, and kms:Decrypt on the key of the object. /lock status says why.",
    ]
}

fn unreadable() -> [&'static str; 3] {
    [
        "The record of the lock cannot be read.",
        "It keeps Terraform out, its holder is not known, and terraform force-unlock cannot remove it.",
        "Look at it with /lock status. If no run is alive, ask for its release with /lock unlock.",
    ]
}

fn half() -> [&'static str; 3] {
    [
        "The lock is only in one of its two stores, or differs between them.",
        "Either a run uses one of them alone, or one was lost. Each keeps Terraform out.",
        "Look at it with /lock status, which says what was seen of it. If its run is dead, ask for its \
         release with /lock unlock.",
    ]
}

fn old() -> [&'static str; 3] {
    [
        "The lock is older than a week.",
        "No run takes that long. Nobody can change this state.",
        "Look at it with /lock status. If its run is dead, ask for its release with /lock unlock.",
    ]
}

fn pile(machine: &str, states: &[String]) -> Finding {
    Finding {
        code: Code::LocksPileUp,
        subject: format!("machine {machine}"),
        what: format!("It holds {} for more than an hour each.", subject(states)),
        why: "A runner that may put locks and not delete them leaves one behind at every run.".to_owned(),
        remedy: "Check that the policy of this runner allows dynamodb:DeleteItem on the lock table, and \
                 s3:DeleteObject on *.tflock. If it does not, the end of its log says \"Error releasing the state lock\"."
            .to_owned(),
    }
}
