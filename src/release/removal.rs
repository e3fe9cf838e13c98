//! Deletes the halves of an approved lock, outside the transaction that records the end.

use crate::context::Context;
use crate::error::{Error, Fault, FaultKind};
use crate::lock::Store;
use crate::ports::{Deleted, Forced, Locks};
use crate::unlock::{ApprovedUnlock, Event, Progress, UnlockRequest};

/// How often a store may say that a record has changed, while the next look shows the same one.
const CHANGED: usize = 2;

/// What a release has removed so far, and how.
pub(super) struct Removal<'r> {
    locks: &'r dyn Locks,
    right: &'r ApprovedUnlock,
    pub(super) progress: Progress,
    /// Whether the backend's own tool deletes the lock.
    has_tool: bool,
    /// What the tool said, once it has run.
    said: Option<String>,
    /// How often a store said that a record has changed.
    changed: usize,
}

/// What became of a half that was to be deleted.
pub(super) enum Half {
    /// It is gone.
    Removed,
    /// It stays. The progress says why.
    Refused,
    /// That is not known: the lock has to be read again.
    Unknown,
}

impl<'r> Removal<'r> {
    pub(super) fn new(
        context: &'r Context,
        request: &UnlockRequest,
        right: &'r ApprovedUnlock,
    ) -> Self {
        let locks = &*context.reading.locks;
        let has_tool = locks.guarantees(right.state()).tool.is_some();
        let progress = Progress::of(request);
        Self { locks, right, progress, has_tool, said: None, changed: 0 }
    }

    /// Deletes one half, if it is still the approved one.
    ///
    /// # Errors
    /// [`Error::Unsettled`] where a store cannot be reached, or contradicts itself.
    pub(super) async fn delete(&mut self, half: Store) -> Result<Half, Error> {
        if self.has_tool {
            return self.force_unlock(half).await;
        }
        let deleted = match half {
            Store::S3 => self.locks.delete_lockfile(self.right).await,
            Store::DynamoDb => self.locks.delete_far_row(self.right).await,
        };
        match deleted {
            Ok(Deleted::Gone) => {
                self.progress.remove(half);
                Ok(Half::Removed)
            }
            // Its holder released it after the look.
            Ok(Deleted::Absent) => Ok(Half::Unknown),
            Ok(Deleted::Changed) => {
                self.changed += 1;
                if self.changed == CHANGED {
                    return Err(Error::Unsettled(changed_and_the_same(half)));
                }
                Ok(Half::Unknown)
            }
            Ok(Deleted::Unanswered) => {
                self.progress.may_have_removed(half);
                Ok(Half::Unknown)
            }
            Err(fault) => self.refused(half, fault),
        }
    }

    /// The end of the release, with what the tool said if it has removed the lock.
    pub(super) fn told(self, end: Event<'static>) -> Event<'static> {
        match (end, self.said) {
            (Event::Released, Some(said)) => Event::ReleasedByTool(said),
            (end, _) => end,
        }
    }

    /// Runs the tool once. It deletes both halves.
    async fn force_unlock(&mut self, half: Store) -> Result<Half, Error> {
        if let Some(said) = &self.said {
            // What is there after it has run stays.
            self.progress.refuse(half, said.clone());
            return Ok(Half::Refused);
        }
        match self.locks.force_unlock(self.right).await {
            Ok(Forced::Done(said) | Forced::Failed(said)) => {
                self.progress.may_have_removed(Store::S3);
                self.progress.may_have_removed(Store::DynamoDb);
                self.said = Some(said);
                Ok(Half::Unknown)
            }
            Ok(Forced::Changed) => Ok(Half::Unknown),
            Err(fault) => self.refused(half, fault),
        }
    }

    fn refused(&mut self, half: Store, fault: Fault) -> Result<Half, Error> {
        if !fault.kind.is_final() {
            return Err(Error::Unsettled(fault));
        }
        self.progress.refuse(half, fault.to_string());
        Ok(Half::Refused)
    }
}

/// A store says that a record has changed, and shows the same one. Such a store of lockfiles compares `ETag`s in
/// another form than the one it returns.
fn changed_and_the_same(half: Store) -> Fault {
    let (subject, remedy) = match half {
        Store::S3 => (
            "The store of the lockfile",
            "it says that the lockfile has changed, but shows the same one; find out whether it \
             supports If-Match on DeleteObject",
        ),
        Store::DynamoDb => (
            "The lock table",
            "it says that the row has changed, but shows the same one; find out whether it supports \
             conditions on DeleteItem",
        ),
    };
    Fault {
        kind: FaultKind::Unexpected,
        subject: subject.to_owned(),
        remedy: remedy.to_owned(),
        source: None,
    }
}
