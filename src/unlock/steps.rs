//! What a release in steps does next, and how it ends.
//!
//! The lockfile is deleted first, as Terraform does. A row that is near is deleted last, in one transaction
//! with the record of the end. A row that is far is deleted before that record, like a lockfile: no
//! transaction spans its table and the bot's own.
//!
//! While a record is there, this release has not removed it. If one is gone, [`Progress`] says who may have
//! removed it.

use super::progress::{Progress, RemovedBy};
use super::{Event, Found, Left, Pinned, UnlockRequest};
use crate::lock::{LockState, Store};

/// What a release does next.
#[derive(Clone, Debug)]
pub enum Step {
    /// Delete the record in this store, before the end is recorded.
    Delete(Store),
    /// Delete the row, with the record of the end.
    DeleteRowWithEnd(Fate),
    /// Nothing is left to delete. This event ends the release.
    End(Event<'static>),
}

/// What happened to a half of the pinned lock, the lockfile or the row, before the release ends.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Fate {
    /// There was none when the release began, or its holder removed it.
    Absent,
    /// It is gone.
    Removed(RemovedBy),
    /// It is gone, removed by this release or by its holder. This other lock is there now.
    Replaced(Box<LockState>),
    /// The store refused to delete it. The text is the sentence of that fault.
    Refused(String),
}

impl Step {
    /// The next step, by the lock as it was just read and by what this release has done so far.
    #[must_use]
    pub fn next(request: &UnlockRequest, lock: &LockState, progress: &Progress) -> Self {
        let pinned = &request.pinned;
        let there = pinned.still_in(lock);
        let lockfile = match pinned.remains(lock) {
            Err(found) if progress.none_removed(pinned, there) => {
                return Self::End(Event::LockChanged(found));
            }
            // The lockfile is gone, and the pinned row still keeps Terraform out.
            Err(_) if there.row => Fate::Replaced(Box::new(lock.clone())),
            Err(_) => return Self::End(replaced(pinned, lock, progress, there.lockfile)),
            Ok(_) => match (there.lockfile, progress.refused(Store::S3)) {
                (true, None) => return Self::Delete(Store::S3),
                (true, Some(why)) => Fate::Refused(why.to_owned()),
                (false, _) => Fate::gone(pinned, progress, Store::S3),
            },
        };
        if !there.row {
            let row = Fate::gone(pinned, progress, Store::DynamoDb);
            return Self::End(lockfile.ended(&row));
        }
        match progress.refused(Store::DynamoDb) {
            Some(why) => Self::End(lockfile.row_left(why)),
            None if request.row_apart => Self::Delete(Store::DynamoDb),
            None => Self::DeleteRowWithEnd(lockfile),
        }
    }
}

/// The end of a release that finds another record in place of one that it may have removed, and no pinned row.
fn replaced(
    pinned: &Pinned,
    lock: &LockState,
    progress: &Progress,
    lockfile_is_there: bool,
) -> Event<'static> {
    let to = Box::new(lock.clone());
    let removed = |half| progress.removed_of(pinned, half);
    let lockfile = removed(Store::S3).filter(|_| !lockfile_is_there);
    let is_whole = !lockfile_is_there
        && (pinned.lockfile().is_none() || lockfile.is_some())
        && (pinned.row().is_none() || removed(Store::DynamoDb).is_some());
    match (lockfile, removed(Store::DynamoDb)) {
        _ if is_whole => Event::ReleasedAndRetaken(to),
        (Some(by), _) => Event::ChangedMidway { to, half: Store::S3, by },
        (None, Some(by)) => Event::ChangedMidway { to, half: Store::DynamoDb, by },
        // Without a removed half the caller has ended the release.
        (None, None) => Event::LockChanged(Found::Other(to)),
    }
}

impl Fate {
    /// The fate of a pinned half that is not there, and in whose place nothing else is.
    fn gone(pinned: &Pinned, progress: &Progress, half: Store) -> Self {
        progress.removed_of(pinned, half).map_or(Self::Absent, Self::Removed)
    }

    /// The end of a release whose lockfile had this fate, and whose row had that one.
    fn ended(&self, row: &Self) -> Event<'static> {
        match (self, row) {
            (Self::Absent, Self::Absent) => Event::LockChanged(Found::Gone),
            // Its holder removed the row, and the lockfile is still there.
            (Self::Refused(why), Self::Absent) => {
                Event::Failed(format!("the lockfile was not released: {why}"))
            }
            (Self::Refused(why), Self::Removed(by)) => Event::FailedMidway {
                why: format!("{}, the lockfile was not: {why}", by.released("the DynamoDB row")),
                left: Left::Lockfile,
            },
            (Self::Refused(lockfile), Self::Refused(row)) if lockfile == row => {
                Event::Failed(format!("nothing was released: {lockfile}"))
            }
            (Self::Refused(lockfile), Self::Refused(row)) => {
                Event::Failed(format!("nothing was released: {lockfile}; {row}"))
            }
            (Self::Absent, Self::Refused(why)) => {
                Event::Failed(format!("the DynamoDB row was not released: {why}"))
            }
            (Self::Removed(by), Self::Refused(why)) => lockfile_alone(*by, why),
            (Self::Replaced(_), Self::Refused(why)) => {
                lockfile_alone(RemovedBy::ReleaseOrHolder, why)
            }
            // The holder removed the row, and another lock is there.
            (Self::Replaced(now), Self::Absent) => {
                let (half, by) = (Store::S3, RemovedBy::ReleaseOrHolder);
                Event::ChangedMidway { to: now.clone(), half, by }
            }
            (Self::Replaced(now), _) | (_, Self::Replaced(now)) => {
                Event::ReleasedAndRetaken(now.clone())
            }
            (Self::Absent | Self::Removed(_), Self::Absent | Self::Removed(_)) => Event::Released,
        }
    }

    /// The end of a release with this fate of its lockfile, that deletes the row in the same transaction.
    #[must_use]
    pub fn ended_with_row(&self) -> Event<'static> {
        self.ended(&Self::Removed(RemovedBy::Release))
    }

    /// The end of a release that found another row, or none, in place of the pinned one.
    #[must_use]
    pub fn row_changed(&self, found: Found) -> Event<'static> {
        let half = Store::S3;
        match (self, found) {
            (_, Found::Gone) => self.ended(&Self::Absent),
            (Self::Removed(by), Found::Other(to)) => Event::ChangedMidway { to, half, by: *by },
            (Self::Replaced(_), Found::Other(to)) => {
                Event::ChangedMidway { to, half, by: RemovedBy::ReleaseOrHolder }
            }
            (Self::Absent | Self::Refused(_), found) => Event::LockChanged(found),
        }
    }

    /// The end of a release that cannot delete the row.
    #[must_use]
    pub fn row_left(&self, why: &str) -> Event<'static> {
        self.ended(&Self::Refused(why.to_owned()))
    }
}

/// The end of a release that removed the lockfile and cannot delete the row.
fn lockfile_alone(by: RemovedBy, why: &str) -> Event<'static> {
    Event::FailedMidway {
        why: format!("{}, the DynamoDB row was not: {why}", by.released("the lockfile")),
        left: Left::Row,
    }
}
