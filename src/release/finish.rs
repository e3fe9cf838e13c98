//! Finishes a started release from what is left of the lock.

use super::apply::{apply, has_advanced};
use super::removal::{Half, Removal};
use crate::conflict::{Attempt, retry_on_conflict};
use crate::context::Context;
use crate::error::{Error, Fault};
use crate::lock::Distance;
use crate::ports::{Change, Changed, Filed, Released};
use crate::unlock::{ApprovedUnlock, Event, Fate, Step, decide};

/// Most looks at the lock in one go.
const LOOKS: usize = 10;

/// Deletes what is left of the approved lock, and records the end.
///
/// # Errors
/// [`Error::Unsettled`] where a store cannot be reached; the release stays started.
pub(super) async fn finish(context: &Context, filed: Filed) -> Result<Filed, Error> {
    let Some(right) = ApprovedUnlock::of(&filed.request, context.policy(&filed.request)) else {
        return Ok(filed);
    };
    let locks = &context.reading.locks;
    if locks.guarantees(right.state()).table == Distance::Far && !filed.request.row_apart {
        // A process with another configuration has just resumed it. The next attempt marks it again.
        return Err(Error::Unsettled(Fault::too_busy()));
    }
    let mut removal = Removal::new(context, &filed.request, &right);
    for _ in 0..LOOKS {
        let mut lock = match locks.inspect(right.state()).await {
            Ok(lock) => lock,
            // Nothing was removed, so the request can end here. People can ask again before a permission is
            // mended.
            Err(fault) if fault.kind.is_final() && removal.progress.is_untouched() => {
                let why = format!("nothing was released, since the lock cannot be read: {fault}");
                return apply(context, filed, Event::Failed(why)).await;
            }
            Err(fault) => return Err(Error::Unsettled(fault)),
        };
        loop {
            let half = match Step::next(&filed.request, &lock, &removal.progress) {
                Step::Delete(half) => half,
                Step::DeleteRowWithEnd(lockfile) => {
                    return end_with_row(context, filed, &right, &lockfile).await;
                }
                Step::End(event) => {
                    let end = removal.told(event);
                    return apply(context, filed, end).await.map_err(Error::unsettled);
                }
            };
            match removal.delete(half).await? {
                Half::Removed => lock = lock.without(half),
                Half::Refused => {}
                Half::Unknown => break,
            }
        }
    }
    Err(Error::Unsettled(Fault::too_busy()))
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
