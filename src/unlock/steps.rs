//! What a release in steps does next, and how it ends.
//!
//! The lockfile is deleted first. The row is deleted last, in one transaction with the record of the end. So
//! while the lockfile is there, this release removed nothing. If the row is gone while the request is open,
//! another client removed it.

use super::{Event, Found, Left, Pinned, Remains};
use crate::lock::LockState;

/// What a release does next.
#[derive(Clone, Debug)]
pub enum Step {
    /// Delete the lockfile, which is the pinned one.
    DeleteLockfile {
        /// Whether the pinned row is there as well.
        row: bool,
    },
    /// Delete the row, with the record of the end.
    DeleteRow(LockfileFate),
    /// Nothing is left to delete. This event ends the release.
    End(Event<'static>),
}

/// What happened to the pinned lockfile before the release ends.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LockfileFate {
    /// There was none when the release began.
    Absent,
    /// It is gone.
    Removed(RemovedBy),
    /// It is gone, removed by this release or by its holder. This other lock is there now.
    Replaced(Box<LockState>),
    /// The store refused to delete it. The text is the sentence of that fault.
    Refused(String),
}

/// Who removed a lockfile that is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RemovedBy {
    /// The release: the store has said so.
    Release,
    /// The release or the holder. A delete was not answered, or a release was interrupted, and the store does
    /// not say who removed a lockfile that is gone.
    ReleaseOrHolder,
}

impl Step {
    /// The next step, by the lock as it was just read. `may_have_removed`: a release was interrupted, or a
    /// delete was not answered.
    #[must_use]
    pub fn next(pinned: &Pinned, lock: &LockState, may_have_removed: bool) -> Self {
        let may_have_removed = may_have_removed && pinned.lockfile().is_some();
        match pinned.remains(lock) {
            Ok(Remains { row: false, lockfile: false }) if may_have_removed => {
                Self::End(Event::Released)
            }
            Ok(Remains { row: false, lockfile: false }) => {
                Self::End(Event::LockChanged(Found::Gone))
            }
            Ok(Remains { row, lockfile: true }) => Self::DeleteLockfile { row },
            Ok(Remains { row: true, lockfile: false }) if may_have_removed => {
                Self::DeleteRow(LockfileFate::Removed(RemovedBy::ReleaseOrHolder))
            }
            Ok(Remains { row: true, lockfile: false }) => Self::DeleteRow(LockfileFate::Absent),
            Err(found) => {
                let there = pinned.still_in(lock);
                let lock = || Box::new(lock.clone());
                if there.lockfile || !may_have_removed {
                    Self::End(Event::LockChanged(found))
                } else if there.row {
                    Self::DeleteRow(LockfileFate::Replaced(lock()))
                } else if pinned.row().is_some() {
                    let lockfile = RemovedBy::ReleaseOrHolder;
                    Self::End(Event::ChangedMidway { to: lock(), lockfile })
                } else {
                    Self::End(Event::ReleasedAndRetaken(lock()))
                }
            }
        }
    }
}

impl RemovedBy {
    /// A clause for notes.
    pub(super) fn sentence(self) -> &'static str {
        match self {
            Self::Release => "this release removed the lockfile",
            Self::ReleaseOrHolder => "the lockfile was removed, by this release or by its holder",
        }
    }
}

impl LockfileFate {
    /// The end of a release that has no row to delete.
    #[must_use]
    pub fn ended_without_row(&self) -> Event<'static> {
        match self {
            Self::Refused(why) => Event::Failed(format!("the lockfile was not released: {why}")),
            _ => self.ended_with_row(),
        }
    }

    /// The end of a release that deletes the row in the same transaction.
    #[must_use]
    pub fn ended_with_row(&self) -> Event<'static> {
        match self {
            Self::Absent | Self::Removed(_) => Event::Released,
            Self::Replaced(now) => Event::ReleasedAndRetaken(now.clone()),
            Self::Refused(why) => Event::FailedMidway {
                why: format!("the DynamoDB row was released, the lockfile was not: {why}"),
                left: Left::Lockfile,
            },
        }
    }

    /// The end of a release that found another row, or none, in place of the pinned one.
    #[must_use]
    pub fn row_changed(&self, found: Found) -> Event<'static> {
        match (self, found) {
            // Its holder removed the row, and this release the lockfile: the lock is gone.
            (Self::Removed(_), Found::Gone) => Event::Released,
            (Self::Removed(lockfile), Found::Other(to)) => {
                Event::ChangedMidway { to, lockfile: *lockfile }
            }
            (Self::Replaced(now), found) => {
                let to = match found {
                    Found::Gone => now.clone(),
                    Found::Other(to) => to,
                };
                Event::ChangedMidway { to, lockfile: RemovedBy::ReleaseOrHolder }
            }
            // Its holder removed the row, and the lockfile is still there.
            (Self::Refused(why), Found::Gone) => {
                Event::Failed(format!("the lockfile was not released: {why}"))
            }
            (Self::Absent | Self::Refused(_), found) => Event::LockChanged(found),
        }
    }

    /// The end of a release that cannot delete the row.
    #[must_use]
    pub fn row_left(&self, why: &str) -> Event<'static> {
        let halfway = |lockfile: &str| Event::FailedMidway {
            why: format!("{lockfile}, the DynamoDB row was not: {why}"),
            left: Left::Row,
        };
        match self {
            Self::Absent => Event::Failed(format!("the DynamoDB row was not released: {why}")),
            Self::Removed(RemovedBy::Release) => halfway("the lockfile was released"),
            Self::Removed(RemovedBy::ReleaseOrHolder) | Self::Replaced(_) => {
                halfway("the lockfile was removed by this release or by its holder")
            }
            Self::Refused(lockfile) => {
                Event::Failed(format!("nothing was released: {lockfile}; {why}"))
            }
        }
    }
}
