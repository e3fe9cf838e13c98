//! What a release in steps has done so far.

use super::{Pinned, Remains, UnlockRequest};
use crate::lock::Store;

/// What a release has done to the halves of its lock, as far as this attempt knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Progress {
    lockfile: Half,
    row: Half,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Half {
    removed: Option<RemovedBy>,
    refused: Option<String>,
}

/// Who removed a half that is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RemovedBy {
    /// The release: the store has said so.
    Release,
    /// The release or the holder. A delete was not answered, or a release was interrupted, and the store does
    /// not say who removed a record that is gone.
    ReleaseOrHolder,
}

impl Progress {
    /// What is known when an attempt at a release begins. The attempts before one that is resumed may have
    /// removed what is gone.
    #[must_use]
    pub fn of(request: &UnlockRequest) -> Self {
        if request.resumed { Self::of_a_begun(request) } else { Self::default() }
    }

    /// What is known of a release that another process may still be carrying out.
    fn of_a_begun(request: &UnlockRequest) -> Self {
        let mut progress = Self::default();
        progress.may_have_removed(Store::S3);
        if request.row_apart {
            progress.may_have_removed(Store::DynamoDb);
        }
        progress
    }

    /// What is known of a release that is given up. What is still there stays, for this reason. The first
    /// attempt may have removed the rest, even if the request is not marked as resumed.
    #[must_use]
    pub fn given_up(request: &UnlockRequest, why: &str) -> Self {
        let mut progress = Self::of_a_begun(request);
        for half in [Store::S3, Store::DynamoDb] {
            progress.refuse(half, why.to_owned());
        }
        progress
    }

    /// The store has said that this release removed its record.
    pub fn remove(&mut self, half: Store) {
        self.half_mut(half).removed = Some(RemovedBy::Release);
    }

    /// A delete was not answered.
    pub fn may_have_removed(&mut self, half: Store) {
        self.half_mut(half).removed.get_or_insert(RemovedBy::ReleaseOrHolder);
    }

    /// The store does not let its record be deleted. With the sentence of that fault.
    pub fn refuse(&mut self, half: Store, why: String) {
        self.half_mut(half).refused = Some(why);
    }

    /// Whether nothing that is gone was removed by this release.
    #[must_use]
    pub fn is_untouched(&self) -> bool {
        self.lockfile.removed.is_none() && self.row.removed.is_none()
    }

    /// Whether this release has removed no half of the pinned lock.
    pub(super) fn removed_nothing_of(&self, pinned: &Pinned) -> bool {
        self.none_removed(pinned, Remains { row: false, lockfile: false })
    }

    pub(super) fn refused(&self, half: Store) -> Option<&str> {
        self.half(half).refused.as_deref()
    }

    /// Who removed a half of the pinned lock if it is gone. `None` for its holder.
    pub(super) fn removed_of(&self, pinned: &Pinned, half: Store) -> Option<RemovedBy> {
        let record = match half {
            Store::S3 => pinned.lockfile(),
            Store::DynamoDb => pinned.row(),
        };
        self.half(half).removed.filter(|_| record.is_some())
    }

    /// Whether this release has removed none of the halves that are not `there`.
    pub(super) fn none_removed(&self, pinned: &Pinned, there: Remains) -> bool {
        let none = |half, there| there || self.removed_of(pinned, half).is_none();
        none(Store::S3, there.lockfile) && none(Store::DynamoDb, there.row)
    }

    fn half(&self, half: Store) -> &Half {
        match half {
            Store::S3 => &self.lockfile,
            Store::DynamoDb => &self.row,
        }
    }

    fn half_mut(&mut self, half: Store) -> &mut Half {
        match half {
            Store::S3 => &mut self.lockfile,
            Store::DynamoDb => &mut self.row,
        }
    }
}

impl RemovedBy {
    /// A clause that says that a half is gone: "the lockfile was released".
    pub(super) fn released(self, half: &str) -> String {
        match self {
            Self::Release => format!("{half} was released"),
            Self::ReleaseOrHolder => {
                format!("{half} was removed by this release or by its holder")
            }
        }
    }

    /// A clause for notes.
    pub(super) fn sentence(self, half: &str) -> String {
        match self {
            Self::Release => format!("this release removed {half}"),
            Self::ReleaseOrHolder => {
                format!("{half} was removed, by this release or by its holder")
            }
        }
    }
}
