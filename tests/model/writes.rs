//! A transaction, and how the commands continue after its answer.

use crate::flaw::Flaw;
use crate::oracle;
use crate::replica::{How, Step, Then};
use crate::run::Run;
use crate::store::{Change, Filed, Shared, Tail, Verdict};
use crate::world::Halves;

impl Run<'_> {
    /// Sends a transaction.
    pub fn write(
        &mut self,
        change: Shared<Change>,
        tail: Tail,
        then: Then,
        how: How,
    ) -> Option<Step> {
        if how == How::Denied {
            return self.denied(&change, then);
        }
        let flaw = self.protocol.flaw;
        let id = change.transition.next.id;
        if flaw == Some(Flaw::RecordedLater) && change.release_row.is_some() {
            oracle::row_deleted(self.protocol, self.state, id, &[]);
            self.state.lock.row = None;
            let change = Change { release_row: None, ..(*change).clone() };
            return Some(Step::Write { change: Shared::new(change), tail, then });
        }
        let before = self.state.store.request(id).cloned();
        match self.state.store.write(self.state.lock.row, &change, tail, flaw) {
            Ok(filed) => {
                let seen = if let Then::Open { seen, .. } = then { Some(seen) } else { None };
                oracle::written(self.protocol, self.state, &change, before.as_ref(), self.by, seen);
                match how {
                    How::Lost => Some(Step::LookAgain { change, tail, then }),
                    _ => self.done(filed, &then),
                }
            }
            Err(_) if how == How::Lost => None,
            Err(Verdict::Repeated) => match then {
                Then::Apply(_, after) => self.applied(change.from.clone()?, after),
                _ => None,
            },
            Err(Verdict::Stale(fresh)) => self.stale(&change, fresh, then),
            Err(Verdict::LockChanged(row)) => {
                let seen = Halves { row, lockfile: None };
                self.lock_changed(change.from.clone()?, seen, &then)
            }
            Err(Verdict::TailMoved) => Some(Step::Tail { change, then }),
            Err(Verdict::Guarded(other)) => match then {
                Then::Open { seen, again } => {
                    Some(Step::Guarded { change, tail, seen, again, other })
                }
                _ => None,
            },
        }
    }

    /// Continues after it was written.
    pub fn done(&mut self, filed: Shared<Filed>, then: &Then) -> Option<Step> {
        match *then {
            Then::Start => self.finish(filed),
            Then::Apply(_, after) => self.applied(filed, after),
            _ => None,
        }
    }

    /// Continues after a conflict: another replica wrote first.
    fn stale(&mut self, change: &Change, filed: Shared<Filed>, then: Then) -> Option<Step> {
        let before = change.from.as_ref().map(|from| from.is_executing());
        let has_begun = before == Some(false) && filed.is_executing();
        let was_resumed = change.from.as_ref().is_some_and(|from| from.request.resumed);
        let is_resumed = !was_resumed && filed.request.resumed;
        match then {
            Then::Open { .. } => None,
            Then::Approve | Then::Release(_) | Then::Start => Some(Step::Lookup(filed)),
            Then::Close => Some(Step::Decide { filed, out: false }),
            Then::Refuse(refusal, attempt) => self.refuse(filed, refusal, attempt),
            Then::Apply(_, after) if has_begun && self.protocol.flaw != Some(Flaw::SeenBefore) => {
                self.applied(filed, after)
            }
            // The replica that resumed the release ends it.
            Then::Apply(_, after) if is_resumed => self.applied(filed, after),
            Then::End { .. } if is_resumed => None,
            Then::Apply(due, after) => Some(Step::Apply { filed, due, after }),
            Then::End { lockfile } => Some(Step::End { filed, lockfile }),
        }
    }
}
