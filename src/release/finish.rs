//! Finishes a started release from what is left of the lock.

use super::apply::{apply, has_advanced};
use crate::conflict::{Attempt, retry_on_conflict};
use crate::context::Context;
use crate::error::{Error, Fault, FaultKind};
use crate::lock::{Distance, Store};
use crate::ports::{Change, Changed, Deleted, Filed, Forced, Released};
use crate::unlock::{ApprovedUnlock, Event, Fate, Progress, Step, decide};

/// Most looks at the lock in one go.
const LOOKS: usize = 10;

/// How often a store may say that a record has changed, while the next look shows the same one.
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
    if locks.means(right.state()).table == Distance::Far && !filed.request.row_apart {
        // A process with another configuration has just resumed it. The next attempt marks it again.
        return Err(Error::Unsettled(Fault::too_busy()));
    }
    let mut progress = Progress::of(&filed.request);
    let has_tool = locks.means(right.state()).tool.is_some();
    // What the tool said, once it has run.
    let mut forced = None;
    let mut changed = 0;
    'look: for _ in 0..LOOKS {
        let mut lock = match locks.inspect(right.state()).await {
            Ok(lock) => lock,
            // Nothing was removed, so the request can end here. People can ask again before a permission is
            // mended.
            Err(fault) if fault.kind.is_final() && progress.is_untouched() => {
                let why = format!("nothing was released, since the lock cannot be read: {fault}");
                return apply(context, filed, Event::Failed(why)).await;
            }
            Err(fault) => return Err(Error::Unsettled(fault)),
        };
        loop {
            let half = match Step::next(&filed.request, &lock, &progress) {
                Step::Delete(half) => half,
                Step::DeleteRowWithEnd(lockfile) => {
                    return end_with_row(context, filed, &right, &lockfile).await;
                }
                Step::End(Event::Released) if forced.is_some() => {
                    let event = Event::ReleasedByTool(forced.unwrap_or_default());
                    return apply(context, filed, event).await.map_err(Error::unsettled);
                }
                Step::End(event) => {
                    return apply(context, filed, event).await.map_err(Error::unsettled);
                }
            };
            if has_tool {
                if let Some(said) = &forced {
                    // What is there after it has run stays.
                    progress.refuse(half, said.clone());
                    continue;
                }
                match locks.force_unlock(&right).await {
                    Ok(Forced::Done(said) | Forced::Failed(said)) => {
                        progress.may_have_removed(Store::S3);
                        progress.may_have_removed(Store::DynamoDb);
                        forced = Some(said);
                    }
                    Ok(Forced::Changed) => {}
                    Err(fault) if fault.kind.is_final() => {
                        progress.refuse(half, fault.to_string());
                        continue;
                    }
                    Err(fault) => return Err(Error::Unsettled(fault)),
                }
                continue 'look;
            }
            match delete(context, &right, half).await {
                Ok(Deleted::Gone) => {
                    progress.remove(half);
                    lock = lock.without(half);
                }
                // Its holder released it after the look.
                Ok(Deleted::Absent) => continue 'look,
                Ok(Deleted::Changed) => {
                    changed += 1;
                    if changed == CHANGED {
                        return Err(Error::Unsettled(changed_and_the_same(half)));
                    }
                    continue 'look;
                }
                Ok(Deleted::Unanswered) => {
                    progress.may_have_removed(half);
                    continue 'look;
                }
                Err(fault) if fault.kind.is_final() => progress.refuse(half, fault.to_string()),
                Err(fault) => return Err(Error::Unsettled(fault)),
            }
        }
    }
    Err(Error::Unsettled(Fault::too_busy()))
}

/// Deletes one half of the approved lock, outside the transaction that records the end.
async fn delete(context: &Context, right: &ApprovedUnlock, half: Store) -> Result<Deleted, Fault> {
    let locks = &context.reading.locks;
    match half {
        Store::S3 => locks.delete_lockfile(right).await,
        Store::DynamoDb => locks.delete_far_row(right).await,
    }
}

/// Records the end of a release, and deletes the row in the same transaction.
async fn end_with_row(
    context: &Context,
    filed: Filed,
    right: &ApprovedUnlock,
    lockfile: &Fate,
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
