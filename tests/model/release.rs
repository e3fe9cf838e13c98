//! The release of a lock in steps, as `commands/release.rs` has it, and what comes due by itself.

use locktender::unlock::{ApprovedUnlock, Event, Found, Remains, decide};

use crate::flaw::Flaw;
use crate::oracle;
use crate::replica::{After, Due, How, Look, Step, Then};
use crate::run::{Run, due, written};
use crate::store::{Change, Filed, Shared};
use crate::world::{Half, Halves};

impl Run<'_> {
    /// Takes up a release that was started.
    pub fn take_up(&mut self, filed: Shared<Filed>) -> Option<Step> {
        match self.protocol.flaw {
            Some(Flaw::NotTakenUp) => None,
            Some(Flaw::NotMarked) => self.finish(filed),
            _ if filed.request.resumed => self.finish(filed),
            _ => Some(Step::Settle { filed, due: Due::Resume, after: After::Finish }),
        }
    }

    /// Brings a started release to its end.
    pub fn finish(&mut self, filed: Shared<Filed>) -> Option<Step> {
        ApprovedUnlock::of(&filed.request, self.policy())?;
        Some(self.look(Look::Finish(filed)))
    }

    /// With what is left of the lock.
    pub fn found(&mut self, filed: Shared<Filed>, seen: Halves) -> Option<Step> {
        let lock = seen.lock(self.protocol.setup.stores);
        let settle = |filed, due| Some(Step::Settle { filed, due, after: After::Nothing });
        match filed.request.pinned.remains(&lock) {
            Ok(Remains { row: false, lockfile: false }) => settle(filed, Due::Gone),
            Ok(remains) if remains.lockfile => Some(Step::DeleteLockfile { filed, remains }),
            Ok(remains) => Some(Step::End { filed, remains, failed: false }),
            Err(found) => settle(filed, due(&found, seen)),
        }
    }

    /// Deletes the lockfile if its `ETag` is the pinned one. Where the answer is lost, the client
    /// sends it once more.
    pub fn delete_lockfile(
        &mut self,
        filed: Shared<Filed>,
        remains: Remains,
        how: How,
    ) -> Option<Step> {
        if how == How::Denied {
            return Some(Step::End { filed, remains, failed: true });
        }
        let right = ApprovedUnlock::of(&filed.request, self.policy())?;
        let etag = right.pinned().lockfile()?.etag.as_deref();
        if let Some(there) = self.state.lock.lockfile {
            let is_it = there.stored(Half::Lockfile).etag.as_deref() == etag;
            if !is_it && self.protocol.flaw != Some(Flaw::NoEtag) {
                return Some(self.look(Look::Finish(filed)));
            }
            let is_lost = how == How::Lost;
            oracle::lockfile_deleted(self.protocol, self.state, filed.request.id, is_lost);
            self.state.lock.lockfile = None;
        }
        match how {
            How::Lost => Some(Step::DeleteLockfile { filed, remains }),
            _ => Some(Step::End { filed, remains, failed: false }),
        }
    }

    /// Writes the end of a release, with the delete of the row where there is one.
    pub fn end(&mut self, filed: Shared<Filed>, remains: Remains, failed: bool) -> Option<Step> {
        let due = if failed { Due::Failed } else { Due::Released };
        let event = self.event(due);
        let transition =
            decide(&filed.request, event, self.policy(), self.state.time.now()).ok()?;
        let right = ApprovedUnlock::of(&filed.request, self.policy());
        let change = Change {
            event: None,
            release_row: right.filter(|_| remains.row),
            ..self.change(Some(filed), transition)
        };
        Some(written(change, Then::End { remains, failed }))
    }

    /// Writes what came due by itself.
    pub fn settle(&mut self, filed: Shared<Filed>, due: Due, after: After) -> Option<Step> {
        let event = self.event(due);
        let decided = decide(&filed.request, event, self.policy(), self.state.time.now());
        let Ok(transition) = decided else {
            return self.settled(filed, after);
        };
        let change = Change { event: None, ..self.change(Some(filed), transition) };
        Some(written(change, Then::Settle(due, after)))
    }

    pub fn settled(&mut self, filed: Shared<Filed>, after: After) -> Option<Step> {
        match after {
            After::Nothing => None,
            After::Finish => self.finish(filed),
            After::Reopen(seen) => Some(Step::Ask { seen, again: true }),
        }
    }

    /// After the row was found to be another, or gone.
    pub fn lock_changed(&mut self, filed: Shared<Filed>, due: Due, then: &Then) -> Option<Step> {
        let due = match then {
            // The approval is recorded together with the end that it met.
            Then::Release(approved) => {
                let (event, now) = (self.event(due), self.state.time.now());
                let ended = decide(&approved.next, event, self.policy(), now).ok()?;
                let both = (**approved).clone().and_then(ended);
                return Some(self.send(Some(filed), both, Then::Approve));
            }
            // The row went by itself, and the lockfile by this release: the lock is gone.
            Then::End { remains, failed: false } if remains.lockfile && due == Due::Gone => {
                Due::Released
            }
            // The row went by itself, and the lockfile is still there.
            Then::End { failed: true, .. }
                if due == Due::Gone && self.protocol.flaw != Some(Flaw::HalfForgotten) =>
            {
                Due::Failed
            }
            _ => due,
        };
        Some(Step::Settle { filed, due, after: After::Nothing })
    }

    /// After the delete of a row was not allowed.
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
            _ => Some(Step::Settle { filed, due: Due::Failed, after: After::Nothing }),
        }
    }

    fn event(&self, due: Due) -> Event<'static> {
        match due {
            Due::Expire => Event::Expire,
            Due::Resume => Event::Resume,
            Due::Released => Event::Released,
            Due::Failed => Event::Failed("not allowed".to_owned()),
            Due::Unpostable => Event::Unpostable("not allowed".to_owned()),
            Due::Gone => Event::LockChanged(Found::Gone),
            Due::Other(seen) => {
                let lock = seen.lock(self.protocol.setup.stores);
                Event::LockChanged(Found::Other(Box::new(lock)))
            }
        }
    }
}
