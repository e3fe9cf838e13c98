//! One step of a replica: the commands, and their continuation after each transaction.

use std::collections::BTreeSet;

use locktender::lock::{Distance, Guarantees};
use locktender::people::{Actor, EventId, RequestId, UserId};
use locktender::unlock::{
    Ask, Event, Found, Lately, Policy, Rejection, Status, Transition, Tried, decide, open, refused,
};

use crate::flaw::Flaw;
use crate::oracle::Breach;
use crate::protocol::{Protocol, What};
use crate::replica::{After, Attempt, By, Due, How, Look, Read, Step, Then};
use crate::state::State;
use crate::store::{Change, Filed, Shared};
use crate::world::{Halves, Who, state};

/// A replica that takes a step.
pub struct Run<'r> {
    pub protocol: &'r Protocol,
    pub state: &'r mut State,
    pub replica: usize,
    pub by: By,
}

impl Run<'_> {
    /// Takes a step and returns the next one, or `None` if the task is finished.
    pub fn step(&mut self, step: Step, how: How) -> Option<Step> {
        match step {
            Step::Read(id) => self.read(id),
            Step::Lookup(filed) => Some(Step::Decide { filed, out: self.state.bob_is_out }),
            Step::Decide { filed, out } => self.decide_click(filed, out),
            Step::Look { row, lockfile, why } => {
                let lock = self.state.lock;
                let row_first = how != How::LockfileFirst;
                let (row, lockfile) = match (row, lockfile) {
                    (Read::NotYet, lockfile) if row_first || lockfile != Read::NotYet => {
                        (Read::Done(lock.row), lockfile)
                    }
                    (row, _) => (row, Read::Done(lock.lockfile)),
                };
                match (row, lockfile) {
                    (Read::Done(row), Read::Done(lockfile)) => {
                        self.looked(Halves { row, lockfile }, why)
                    }
                    _ => Some(Step::Look { row, lockfile, why }),
                }
            }
            Step::Ask { seen, again } => self.ask(seen, again),
            Step::Apply { filed, due, after } => self.apply(filed, due, after),
            Step::Tail { change, then } => {
                let tail = self.state.store.tail();
                Some(Step::Write { change, tail, then })
            }
            Step::Write { change, tail, then } => self.write(change, tail, then, how),
            Step::LookAgain { change, tail, then } => {
                let filed = self.state.store.request(change.transition.next.id)?.clone();
                let is_done = change.is_written_in(&filed, tail);
                is_done.then(|| self.done(filed, &then)).flatten()
            }
            Step::Guarded { change, tail, seen, again, other } => {
                let other = self.state.store.request(other)?.clone();
                if !other.request.is_open() {
                    return Some(Step::Write { change, tail, then: Then::Open { seen, again } });
                }
                if again || *other.request.status() != Status::Pending {
                    return None;
                }
                if other.request.is_expired(self.state.time.now()) {
                    let after = After::Reopen(seen);
                    return Some(Step::Apply { filed: other, due: Due::Expire, after });
                }
                let over = Look::Over { other, seen };
                match self.protocol.flaw {
                    Some(Flaw::SeenBeforeOpening) => self.looked(seen, over),
                    _ => Some(self.look(over)),
                }
            }
            Step::Delete { filed, half, seen, progress, unanswered } => {
                self.delete(filed, half, seen, progress, unanswered, how)
            }
            Step::End { filed, lockfile } => self.end(filed, lockfile),
        }
    }

    /// How far this replica has the lock table.
    pub fn table(&self) -> Distance {
        self.protocol.setup.tables[self.replica]
    }

    pub fn guarantees(&self) -> Guarantees {
        Guarantees { table: self.table(), ..Guarantees::default() }
    }

    pub fn policy(&self) -> &Policy {
        &self.protocol.policy
    }

    fn click(&self) -> Option<(Who, What, EventId)> {
        let By::Click { number, .. } = self.by else {
            return None;
        };
        let click = self.protocol.setup.clicks[number];
        Some((click.who, click.what, EventId::new(click.event)))
    }

    fn actor(&self) -> Option<Actor> {
        let By::Click { has_role, .. } = self.by else {
            return None;
        };
        self.click().map(|(who, what, _)| match what {
            What::Open | What::Approve(_) => who.actor(has_role),
            // The card may be gone, so these work from any channel.
            What::Deny(_) | What::Withdraw(_) => who.actor_elsewhere(has_role),
        })
    }

    fn read(&mut self, id: RequestId) -> Option<Step> {
        let filed = self.state.store.request(id)?.clone();
        match self.click() {
            Some((_, What::Approve(_), _)) => return Some(Step::Lookup(filed)),
            Some(_) => return Some(Step::Decide { filed, out: false }),
            None => {}
        }
        if filed.is_executing() {
            return self.resume(filed);
        }
        if !filed.request.is_open() {
            return None;
        }
        if filed.request.is_expired(self.state.time.now()) {
            return Some(Step::Apply { filed, due: Due::Expire, after: After::Nothing });
        }
        Some(self.look(Look::Warden(filed)))
    }

    /// `Approve`, `Deny` and `Withdraw`.
    fn decide_click(&mut self, filed: Shared<Filed>, out: bool) -> Option<Step> {
        let (actor, now) = (self.actor()?, self.state.time.now());
        let (who, what, _) = self.click()?;
        let flaw = self.protocol.flaw;
        let mut seen = filed.request.clone();
        if flaw == Some(Flaw::RequesterCounted) {
            seen.requester = Who::Dave.actor(false).person;
        }
        let stands =
            |id: &UserId| !out || *id != Who::Bob.id() || flaw == Some(Flaw::RolesNotAskedAgain);
        let approvers = seen.approvals.iter().map(|approval| approval.by.id);
        let standing: BTreeSet<UserId> = approvers.filter(stands).collect();
        let (event, attempt) = match what {
            What::Approve(_) => {
                let guarantees = self.guarantees();
                (Event::Approve { by: &actor, standing: &standing, guarantees }, Attempt::Approve)
            }
            What::Deny(_) => {
                (Event::Deny { by: &actor, is_holder: false, reason: None }, Attempt::Deny)
            }
            What::Withdraw(_) => (Event::Withdraw { by: &actor, reason: None }, Attempt::Withdraw),
            What::Open => return None,
        };
        let transition = match decide(&seen, event, self.policy(), now) {
            Ok(transition) => transition,
            Err(refusal) => return self.refuse(filed, Shared::shown(refusal), attempt),
        };
        if attempt != Attempt::Approve {
            return Some(self.send(Some(filed), transition, Then::Close));
        }
        let Some(right) = transition.unlock.clone() else {
            return Some(self.send(Some(filed), transition, Then::Approve));
        };
        let mut earlier = transition.next.approvals.iter().map(|approval| approval.by.id);
        if out && who != Who::Bob && earlier.any(|id| id == Who::Bob.id()) {
            self.state.truth.breaches.insert(Breach::VoidCounted);
        }
        if transition.next.is_released_in_steps() {
            return match flaw {
                Some(Flaw::NotStarted) => {
                    self.finish(Shared::new(Filed { request: transition.next, ..(*filed).clone() }))
                }
                _ => Some(self.send(Some(filed), transition, Then::Start)),
            };
        }
        let released = decide(&transition.next, Event::Released, self.policy(), now).ok()?;
        let both = transition.clone().and_then(released);
        let change = Change { release_row: Some(right), ..self.change(Some(filed), both) };
        Some(written(change, Then::Release(Shared::new(transition))))
    }

    pub fn refuse(
        &self,
        filed: Shared<Filed>,
        refusal: Shared<Rejection>,
        attempt: Attempt,
    ) -> Option<Step> {
        let now = self.state.time.now();
        let tried = Tried::from(attempt);
        let transition = refused(&filed.request, &self.actor()?, tried, &refusal, now)?;
        Some(self.send(Some(filed), transition, Then::Refuse(refusal, attempt)))
    }

    /// `/lock unlock`, after the lock was read.
    fn ask(&self, seen: Halves, again: bool) -> Option<Step> {
        let (_, _, event) = self.click()?;
        let lock = seen.lock(self.protocol.setup.stores);
        let (id, reason) = (RequestId::of(event), "the runner died");
        let ask = Ask {
            id,
            state: state(),
            lock: &lock,
            guarantees: Guarantees::default(),
            stale_from: None,
            reason,
            by: &self.actor()?,
            lately: &Lately::default(),
        };
        let opened = open(ask, self.policy(), self.state.time.now()).ok()?;
        let change = Shared::new(self.change(None, opened));
        Some(Step::Tail { change, then: Then::Open { seen, again } })
    }

    pub fn look(&self, why: Look) -> Step {
        let stores = self.protocol.setup.stores;
        let read = |is_used| if is_used { Read::NotYet } else { Read::Done(None) };
        Step::Look { row: read(stores.row), lockfile: read(stores.lockfile), why }
    }

    fn looked(&mut self, seen: Halves, why: Look) -> Option<Step> {
        let lock = seen.lock(self.protocol.setup.stores);
        match why {
            Look::Open => Some(Step::Ask { seen, again: false }),
            Look::Over { other: filed, seen: first } => {
                let due = due(&filed.request.pinned.replaced_by(&lock)?, seen);
                Some(Step::Apply { filed, due, after: After::Reopen(first) })
            }
            Look::Warden(filed) => {
                let found = filed.request.pinned.replaced_by(&lock)?;
                let due = due(&found, seen);
                Some(Step::Apply { filed, due, after: After::Nothing })
            }
            Look::Finish { filed, progress } => self.found(filed, seen, progress),
        }
    }

    pub fn change(&self, from: Option<Shared<Filed>>, transition: Transition) -> Change {
        let event = self.click().map(|(_, _, event)| event);
        Change { from, transition, event, release_row: None, writer: self.replica }
    }

    pub fn send(&self, from: Option<Shared<Filed>>, transition: Transition, then: Then) -> Step {
        written(self.change(from, transition), then)
    }
}

/// The `Due` for a lock that is not the pinned one.
pub fn due(found: &Found, seen: Halves) -> Due {
    match found {
        Found::Gone => Due::Gone,
        Found::Other(_) => Due::Other(seen),
    }
}

/// The step that sends a transaction. For an existing request the end of the chain is known.
pub fn written(change: Change, then: Then) -> Step {
    let tail = change.from.as_ref().map(|from| from.tail).unwrap_or_default();
    Step::Write { change: Shared::new(change), tail, then }
}
