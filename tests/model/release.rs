//! The release of a lock in steps, as in `src/release/`, and the events that come without a click.

use locktender::lock::{Distance, Store};
use locktender::unlock::{self as release, ApprovedUnlock, Event, Fate, Found, Progress, decide};

use crate::flaw::Flaw;
use crate::oracle;
use crate::replica::{After, Due, How, Look, Step, Then};
use crate::run::{Run, written};
use crate::store::{Change, Filed, Shared};
use crate::world::{Half, Halves, Record};

impl Run<'_> {
    /// Resumes a release that was started.
    pub fn resume(&mut self, filed: Shared<Filed>) -> Option<Step> {
        match self.protocol.flaw {
            Some(Flaw::NotResumed) => None,
            Some(Flaw::NotMarked) => self.finish(filed),
            _ => Some(Step::Apply { filed, due: Due::Resume, after: After::Finish }),
        }
    }

    /// Continues a started release to its end.
    pub fn finish(&mut self, filed: Shared<Filed>) -> Option<Step> {
        ApprovedUnlock::of(&filed.request, self.policy())?;
        if self.table() == Distance::Far && !filed.request.row_apart {
            return None;
        }
        let progress = Progress::of(&filed.request);
        Some(self.look(Look::Finish { filed, progress }))
    }

    /// Continues with the rest of the lock that was seen.
    pub fn found(
        &mut self,
        filed: Shared<Filed>,
        seen: Halves,
        progress: Progress,
    ) -> Option<Step> {
        let lock = seen.lock(self.protocol.setup.stores);
        Some(match release::Step::next(&filed.request, &lock, &progress) {
            release::Step::Delete(half) => {
                Step::Delete { filed, half, seen, progress, unanswered: false }
            }
            release::Step::DeleteRowWithEnd(lockfile) => Step::End { filed, lockfile },
            release::Step::End(event) => {
                Step::Apply { filed, due: came_due(&event, seen)?, after: After::Nothing }
            }
        })
    }

    /// Deletes a half if it is the pinned one. If the answer is lost, the client sends the delete once more.
    pub fn delete(
        &mut self,
        filed: Shared<Filed>,
        store: Store,
        mut seen: Halves,
        mut progress: Progress,
        unanswered: bool,
        how: How,
    ) -> Option<Step> {
        let half = Half::of(store);
        if how == How::Denied && !unanswered {
            progress.refuse(store, "not allowed".to_owned());
            return self.found(filed, seen, progress);
        }
        if unanswered && self.protocol.flaw != Some(Flaw::AnswerForgotten) {
            progress.may_have_removed(store);
        }
        let look_again = Look::Finish { filed: filed.clone(), progress: progress.clone() };
        if how == How::Denied {
            return Some(self.look(look_again));
        }
        let right = ApprovedUnlock::of(&filed.request, self.policy())?;
        match self.state.lock.get(half) {
            Some(there) if !self.is_pinned(&right, half, there)? => {
                return Some(self.look(look_again));
            }
            Some(_) => {
                oracle::deleted_apart(self.protocol, self.state, filed.request.id, half);
                self.state.lock.set(half, None);
            }
            None if how != How::Lost => return Some(self.look(look_again)),
            None => {}
        }
        if how == How::Lost {
            return Some(Step::Delete { filed, half: store, seen, progress, unanswered: true });
        }
        progress.remove(store);
        seen.set(half, None);
        self.found(filed, seen, progress)
    }

    /// Whether the condition of a delete holds: the `ETag` of a lockfile, the record of a row.
    fn is_pinned(&self, right: &ApprovedUnlock, half: Half, there: Record) -> Option<bool> {
        let (pinned, there) = (right.pinned(), there.stored(half));
        Some(match (half, self.protocol.flaw) {
            (Half::Lockfile, Some(Flaw::NoEtag)) | (Half::Row, Some(Flaw::NoRecordCondition)) => {
                true
            }
            (Half::Lockfile, _) => pinned.lockfile()?.etag == there.etag,
            (Half::Row, _) => pinned.row()?.record == there.record,
        })
    }

    /// Writes the end of a release, with the delete of the row.
    pub fn end(&mut self, filed: Shared<Filed>, lockfile: Fate) -> Option<Step> {
        let now = self.state.time.now();
        let event = lockfile.ended_with_row();
        let transition = decide(&filed.request, event, self.policy(), now).ok()?;
        let release_row = ApprovedUnlock::of(&filed.request, self.policy());
        let change = Change { event: None, release_row, ..self.change(Some(filed), transition) };
        Some(written(change, Then::End { lockfile }))
    }

    /// Writes an event that came without a click.
    pub fn apply(&mut self, filed: Shared<Filed>, due: Due, after: After) -> Option<Step> {
        let event = self.event(due);
        let decided = decide(&filed.request, event, self.policy(), self.state.time.now());
        let Ok(transition) = decided else {
            return self.applied(filed, after);
        };
        let change = Change { event: None, ..self.change(Some(filed), transition) };
        Some(written(change, Then::Apply(due, after)))
    }

    pub fn applied(&mut self, filed: Shared<Filed>, after: After) -> Option<Step> {
        match after {
            After::Nothing => None,
            After::Finish => self.finish(filed),
            After::Reopen(seen) => Some(Step::Ask { seen, again: true }),
        }
    }

    /// Continues after the row was found changed or gone.
    pub fn lock_changed(
        &mut self,
        filed: Shared<Filed>,
        seen: Halves,
        then: &Then,
    ) -> Option<Step> {
        let found = match seen.row {
            None => Found::Gone,
            Some(_) => Found::Other(Box::new(seen.lock(self.protocol.setup.stores))),
        };
        let event = match then {
            // The approval is recorded together with the end of the request.
            Then::Release(approved) => {
                let (event, now) = (Event::LockChanged(found), self.state.time.now());
                let ended = decide(&approved.next, event, self.policy(), now).ok()?;
                let both = (**approved).clone().and_then(ended);
                return Some(self.send(Some(filed), both, Then::Approve));
            }
            Then::End { lockfile: Fate::Refused(_) }
                if self.protocol.flaw == Some(Flaw::HalfForgotten) =>
            {
                Event::LockChanged(found)
            }
            Then::End { lockfile } => lockfile.row_changed(found),
            _ => Event::LockChanged(found),
        };
        let due = came_due(&event, seen)?;
        Some(Step::Apply { filed, due, after: After::Nothing })
    }

    /// Continues after the delete of a row was denied.
    pub fn denied(&mut self, change: &Shared<Change>, then: Then) -> Option<Step> {
        let filed = change.from.clone()?;
        match then {
            Then::Release(approved) => {
                let failed = self.event(Due::Failed);
                let now = self.state.time.now();
                let failed = decide(&approved.next, failed, self.policy(), now).ok()?;
                let both = (*approved).clone().and_then(failed);
                Some(self.send(Some(filed), both, Then::Approve))
            }
            Then::End { lockfile } => {
                let due = came_due(&lockfile.row_left("not allowed"), Halves::default())?;
                Some(Step::Apply { filed, due, after: After::Nothing })
            }
            _ => Some(Step::Apply { filed, due: Due::Failed, after: After::Nothing }),
        }
    }

    fn event(&self, due: Due) -> Event<'static> {
        let lock = |seen: Halves| Box::new(seen.lock(self.protocol.setup.stores));
        match due {
            Due::Expire => Event::Expire,
            Due::Resume => Event::Resume(self.guarantees()),
            Due::Released => Event::Released,
            Due::Retaken(seen) => Event::ReleasedAndRetaken(lock(seen)),
            Due::Failed => Event::Failed("not allowed".to_owned()),
            Due::Unpostable => Event::Unpostable("not allowed".to_owned()),
            Due::HalfFailed(left) => Event::FailedMidway { why: "not allowed".to_owned(), left },
            Due::Gone => Event::LockChanged(Found::Gone),
            Due::Other(seen) => Event::LockChanged(Found::Other(lock(seen))),
            Due::Midway(seen, half, by) => Event::ChangedMidway { to: lock(seen), half, by },
        }
    }
}

/// The `Due` of an event of a release. `seen` is the lock that decided it.
fn came_due(event: &Event<'_>, seen: Halves) -> Option<Due> {
    Some(match event {
        Event::Released => Due::Released,
        Event::ReleasedAndRetaken(_) => Due::Retaken(seen),
        Event::Failed(_) => Due::Failed,
        Event::FailedMidway { left, .. } => Due::HalfFailed(*left),
        Event::LockChanged(Found::Gone) => Due::Gone,
        Event::LockChanged(Found::Other(_)) => Due::Other(seen),
        Event::ChangedMidway { half, by, .. } => Due::Midway(seen, *half, *by),
        _ => return None,
    })
}
