//! Finishes a started release from what is left of the lock.

use super::apply::{apply, has_advanced};
use crate::conflict::{Attempt, retry_on_conflict};
use crate::context::Context;
use crate::error::{Error, Fault, FaultKind};
use crate::ports::{Change, Changed, Deleted, Filed, Released};
use crate::unlock::{ApprovedUnlock, Event, LockfileFate, RemovedBy, Step, decide};

/// Most looks at the lock in one go.
const LOOKS: usize = 10;

/// How often a store may say that a lockfile has changed, while the next look shows the same one.
const CHANGED: usize = 2;

/// Deletes what is left of the approved lock, and records the end.
///
/// # Errors
/// [`Error::Unsettled`] where a store cannot be reached; the release stays started.
pub(super) async fn finish(context: &Context, filed: Filed) -> Result<Filed, Error> {
    let Some(right) = ApprovedUnlock::of(&filed.request, context.policy(&filed.request)) else {
        return Ok(filed);
    };
    let locks = &context.reading.locks;
    // Whether a lockfile that is not there may have been removed by this release.
    let mut may_have_removed = filed.request.resumed;
    let mut changed = 0;
    for _ in 0..LOOKS {
        let lock = match locks.inspect(right.state()).await {
            Ok(lock) => lock,
            // Nothing was removed, so the request can end here. People can ask again before a permission is
            // mended.
            Err(fault) if fault.kind.is_final() && !may_have_removed => {
                let why = format!("nothing was released, since the lock cannot be read: {fault}");
                return apply(context, filed, Event::Failed(why)).await;
            }
            Err(fault) => return Err(Error::Unsettled(fault)),
        };
        let has_row = match Step::next(right.pinned(), &lock, may_have_removed) {
            Step::DeleteLockfile { row } => row,
            Step::DeleteRow(lockfile) => {
                return end_with_row(context, filed, &right, &lockfile).await;
            }
            Step::End(event) => return apply(context, filed, event).await,
        };
        let lockfile = match locks.delete_lockfile(&right).await {
            Ok(Deleted::Gone) => LockfileFate::Removed(RemovedBy::Release),
            // Its holder released it after the look.
            Ok(Deleted::Absent) => continue,
            Ok(Deleted::Changed) => {
                changed += 1;
                if changed == CHANGED {
                    return Err(Error::Unsettled(changed_and_the_same()));
                }
                continue;
            }
            Ok(Deleted::Unanswered) => {
                may_have_removed = true;
                continue;
            }
            Err(fault) if fault.kind.is_final() => LockfileFate::Refused(fault.to_string()),
            Err(fault) => return Err(Error::Unsettled(fault)),
        };
        return if has_row {
            end_with_row(context, filed, &right, &lockfile).await
        } else {
            apply(context, filed, lockfile.ended_without_row()).await.map_err(Error::unsettled)
        };
    }
    Err(Error::Unsettled(Fault::too_busy()))
}

/// Records the end of a release, and deletes the row in the same transaction.
async fn end_with_row(
    context: &Context,
    filed: Filed,
    right: &ApprovedUnlock,
    lockfile: &LockfileFate,
) -> Result<Filed, Error> {
    let ended = retry_on_conflict(filed, |filed| async move {
        let now = context.reading.clock.now();
        let event = lockfile.ended_with_row();
        let Ok(transition) = decide(&filed.request, event, context.policy(&filed.request), now)
        else {
            // Another process has recorded the end.
            return Ok(Attempt::Done(Ok(filed)));
        };
        let change = Change::of(&filed, &transition);
        Ok(match context.ledger.release(&change, right).await? {
            Released::Changed(Changed::Done(done)) => Attempt::Done(Ok(done)),
            // Another process has resumed the release, and may know more of the lockfile.
            Released::Changed(Changed::Conflict(fresh)) if has_advanced(&filed, &fresh) => {
                Attempt::Done(Ok(fresh))
            }
            Released::Changed(Changed::Conflict(fresh)) => Attempt::Conflict(fresh),
            Released::LockChanged(found) => {
                Attempt::Done(Err((filed, lockfile.row_changed(found))))
            }
            Released::RowRefused(why) => Attempt::Done(Err((filed, lockfile.row_left(&why)))),
        })
    })
    .await
    .map_err(Error::unsettled)?;
    match ended {
        Ok(ended) => Ok(ended),
        Err((filed, event)) => apply(context, filed, event).await,
    }
}

/// A store says that a lockfile has changed, and shows the same one. Such a store compares `ETag`s in another
/// form than the one it returns.
fn changed_and_the_same() -> Fault {
    Fault {
        kind: FaultKind::Unexpected,
        subject: "The store of the lockfile".to_owned(),
        remedy: "it says that the lockfile has changed, but shows the same one; find out \
             whether it supports If-Match on DeleteObject"
            .to_owned(),
        source: None,
    }
}
