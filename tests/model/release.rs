//! The release of a lock in steps, as in `src/release/`, and the events that come without a click.

use locktender::unlock::{
    self as release, ApprovedUnlock, Event, Found, LockfileFate, RemovedBy, decide,
};

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
            _ if filed.request.resumed => self.finish(filed),
            _ => Some(Step::Apply { filed, due: Due::Resume, after: After::Finish }),
        }
    }

    /// Continues a started release to its end.
    pub fn finish(&mut self, filed: Shared<Filed>) -> Option<Step> {
        ApprovedUnlock::of(&filed.request, self.policy())?;
        let may_have_removed = filed.request.resumed;
        Some(self.look(Look::Finish { filed, may_have_removed }))
    }

    /// Continues with the rest of the lock that was seen.
    pub fn found(
        &mut self,
        filed: Shared<Filed>,
        seen: Halves,
        may_have_removed: bool,
    ) -> Option<Step> {
        let lock = seen.lock(self.protocol.setup.stores);
        let next = release::Step::next(&filed.request.pinned, &lock, may_have_removed);
        Some(match next {
            release::Step::DeleteLockfile { row } => {
                Step::DeleteLockfile { filed, row, unanswered: false }
            }
            release::Step::DeleteRow(lockfile) => Step::End { filed, row: true, lockfile },
            release::Step::End(event) => {
                Step::Apply { filed, due: came_due(&event, seen)?, after: After::Nothing }
            }
        })
    }

    /// Deletes the lockfile if its `ETag` is the pinned one. If the answer is lost, the client sends the
    /// delete once more.
    pub fn delete_lockfile(
        &mut self,
        filed: Shared<Filed>,
        row: bool,
        unanswered: bool,
        how: How,
    ) -> Option<Step> {
        let may_have_removed = filed.request.resumed
            || (unanswered && self.protocol.flaw != Some(Flaw::AnswerForgotten));
        let look_again = Look::Finish { filed: filed.clone(), may_have_removed };
        if how == How::Denied && unanswered {
            return Some(self.look(look_again));
        }
        if how == How::Denied {
            let lockfile = LockfileFate::Refused("not allowed".to_owned());
            return Some(Step::End { filed, row, lockfile });
        }
        let right = ApprovedUnlock::of(&filed.request, self.policy())?;
        let etag = right.pinned().lockfile()?.etag.as_deref();
        let is_it = |there: Record| there.stored(Half::Lockfile).etag.as_deref() == etag;
        match self.state.lock.lockfile {
            Some(there) if !is_it(there) && self.protocol.flaw != Some(Flaw::NoEtag) => {
                return Some(self.look(look_again));
            }
            Some(_) => {
                oracle::lockfile_deleted(self.protocol, self.state, filed.request.id);
                self.state.lock.lockfile = None;
            }
            None if how != How::Lost => return Some(self.look(look_again)),
            None => {}
        }
        if how == How::Lost {
            return Some(Step::DeleteLockfile { filed, row, unanswered: true });
        }
        let lockfile = LockfileFate::Removed(RemovedBy::Release);
        Some(Step::End { filed, row, lockfile })
    }

    /// Writes the end of a release, with the delete of the row if there is one.
    pub fn end(&mut self, filed: Shared<Filed>, row: bool, lockfile: LockfileFate) -> Option<Step> {
        let now = self.state.time.now();
        let event = if row { lockfile.ended_with_row() } else { lockfile.ended_without_row() };
        let transition = decide(&filed.request, event, self.policy(), now).ok()?;
        let right = ApprovedUnlock::of(&filed.request, self.policy());
        let change = Change {
            event: None,
            release_row: right.filter(|_| row),
            ..self.change(Some(filed), transition)
        };
        Some(written(change, Then::End { row, lockfile }))
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
            Then::End { lockfile: LockfileFate::Refused(_), .. }
                if self.protocol.flaw == Some(Flaw::HalfForgotten) =>
            {
                Event::LockChanged(found)
            }
            Then::End { lockfile, .. } => lockfile.row_changed(found),
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
            Then::End { lockfile, .. } => {
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
            Due::Resume => Event::Resume,
            Due::Released => Event::Released,
            Due::Retaken(seen) => Event::ReleasedAndRetaken(lock(seen)),
            Due::Failed => Event::Failed("not allowed".to_owned()),
            Due::Unpostable => Event::Unpostable("not allowed".to_owned()),
            Due::HalfFailed(left) => Event::FailedMidway { why: "not allowed".to_owned(), left },
            Due::Gone => Event::LockChanged(Found::Gone),
            Due::Other(seen) => Event::LockChanged(Found::Other(lock(seen))),
            Due::Midway(seen, lockfile) => Event::ChangedMidway { to: lock(seen), lockfile },
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
        Event::ChangedMidway { lockfile, .. } => Due::Midway(seen, *lockfile),
        _ => return None,
    })
}
