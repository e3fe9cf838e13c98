//! The release of an approved lock, from the right to it to the record of it.
//!
//! A row alone goes in one transaction with everything that says so. A lock with a lockfile takes
//! three steps: the start is written, the lockfile is deleted, and the end is written together with
//! the delete of the row. Whoever finds a started release finishes it by [`resume`], or after
//! [`LONGEST_RELEASE`] ends it by [`abandon`].

mod over;
mod settle;
mod vouch;

use chrono::TimeDelta;
use tracing::error;

pub use self::over::over;
pub(crate) use self::settle::TRIES;
use self::settle::has_gone_on;
pub use self::settle::settle;
use self::vouch::{NotVouched, vouch};
use crate::context::Context;
use crate::error::{Error, Fault, FaultKind};
use crate::people::EventId;
use crate::ports::{Change, Committed, Deleted, Filed};
use crate::unlock::{
    self, ApprovedUnlock, Event, Left, LockfileFate, RemovedBy, RequestId, Status, Step,
    Transition, Unvouched, Vouched, decide,
};

/// How long a release may go on without an end.
pub const LONGEST_RELEASE: TimeDelta = TimeDelta::minutes(10);

/// How often a store may say that a lockfile has changed. The look after each time shows whether it
/// has.
const CHANGED: usize = 2;

/// Carries out what was approved. `approved` is the decision that gave the `right`.
pub(crate) async fn carry_out(
    context: &Context,
    filed: &Filed,
    approved: &Transition,
    right: &ApprovedUnlock,
    event: EventId,
) -> Result<Committed, Error> {
    if right.pinned().is_row_alone() {
        let released = decided(context, &approved.next, Event::Released)?;
        let transition = approved.clone().and_then(released);
        let change = Change::of(filed, &transition).by(event).releasing(right);
        return match context.ledger.commit(&change).await? {
            Committed::RowRefused(why) => give_up(context, filed, approved, event, why).await,
            committed => Ok(committed),
        };
    }
    let start = Change::of(filed, approved).by(event);
    match context.ledger.commit(&start).await? {
        // The start is written, and a lockfile may be gone: whatever fails from here on, nobody may
        // be told that nothing was changed.
        Committed::Done(started) => {
            finish(context, started).await.map(Committed::Done).map_err(|error| match error {
                Error::Fault(fault) => Error::Unsettled(fault),
                error => error,
            })
        }
        other => Ok(other),
    }
}

/// Takes up a release that was started and not finished, by whichever process.
///
/// # Errors
/// A fault where a store cannot be reached; the release stays started, to be taken up again.
pub async fn resume(context: &Context, filed: Filed) -> Result<Filed, Error> {
    match vouch(context, &filed).await? {
        Ok(vouched) => take_up(context, filed, vouched).await,
        Err(NotVouched::Changed(now)) => Ok(*now),
        Err(NotVouched::Disagrees(why)) => distrust(context, &filed, why).await,
    }
}

async fn take_up(context: &Context, filed: Filed, vouched: Vouched) -> Result<Filed, Error> {
    debug_assert!(vouched.is_of(&filed.request));
    // From here on, a lockfile that is gone may have been removed by the first attempt.
    let filed =
        if filed.request.resumed { filed } else { settle(context, &filed, Event::Resume).await? };
    finish(context, filed).await
}

/// Ends a release that does not agree with the audit trail, with what is left of the lock. Deletes
/// nothing. A lock that is gone is not called released: who removed it is not known.
async fn distrust(context: &Context, filed: &Filed, why: Unvouched) -> Result<Filed, Error> {
    let request = &filed.request;
    error!(request = %request.id, "a started release does not agree with the audit trail: {why}");
    let remedy = match why {
        Unvouched::TooFew => {
            "if LOCKTENDER_APPROVALS was raised meanwhile, ask again; otherwise find out who can \
             write to this bot's table"
        }
        _ => "find out who can write to this bot's table, and ask again",
    };
    let why = format!("{why}; {remedy}");
    let event = match context.reading.locks.inspect(&request.state).await {
        Ok(lock) => match Step::next(&request.pinned, &lock, true) {
            Step::DeleteLockfile { .. } => Event::Failed(format!("nothing was released: {why}")),
            Step::DeleteRow(lockfile) => lockfile.row_left(&why),
            Step::End(_) => Event::Failed(format!(
                "another lock is there by now, or none; who removed the approved one is not known: \
                 {why}"
            )),
        },
        Err(unread) => {
            let why = format!("what is left of the lock could not be read ({unread}), and {why}");
            Event::FailedMidway { why, left: Left::Unknown }
        }
    };
    settle(context, filed, event).await
}

/// Ends a release that could neither be finished nor fail for [`LONGEST_RELEASE`], with what is left
/// of the lock. `fault` is what kept it from its end. Deletes nothing.
///
/// # Errors
/// A fault where the end cannot be written; the release stays started.
pub async fn abandon(context: &Context, id: RequestId, fault: &Fault) -> Result<Filed, Error> {
    let filed = context.request(id).await?;
    let request = &filed.request;
    let minutes = LONGEST_RELEASE.num_minutes();
    let why = format!("for {minutes} minutes the release could not be finished. {fault}");
    let event = match context.reading.locks.inspect(&request.state).await {
        // The first attempt may have removed the lockfile, even if the request is not marked as
        // resumed.
        Ok(lock) => match Step::next(&request.pinned, &lock, true) {
            Step::DeleteLockfile { .. } => {
                Event::Failed(format!("nothing was released, and {why}"))
            }
            Step::DeleteRow(lockfile) => lockfile.row_left(&why),
            Step::End(event) => event,
        },
        Err(unread) => {
            let mut why = format!("what is left of the lock could not be read, and {why}");
            if unread.to_string() != fault.to_string() {
                why = format!("{why}. {unread}");
            }
            Event::FailedMidway { why, left: Left::Unknown }
        }
    };
    settle(context, &filed, event).await
}

/// Brings a started release to its end, from whatever is left of the lock.
async fn finish(context: &Context, filed: Filed) -> Result<Filed, Error> {
    let Some(right) = ApprovedUnlock::of(&filed.request, &context.policy) else {
        return Ok(filed);
    };
    // Whether a lockfile that is not there may have been removed by this release.
    let mut may_have_removed = filed.request.resumed;
    let mut changed = 0;
    for _ in 0..TRIES {
        let lock = match context.reading.locks.inspect(right.state()).await {
            Ok(lock) => lock,
            // Nothing was removed, so the request can end here. Nobody has to wait for a permission
            // before they can ask again.
            Err(fault) if fault.kind.is_final() && !may_have_removed => {
                let why = format!("nothing was released, since the lock cannot be read: {fault}");
                return settle(context, &filed, Event::Failed(why)).await;
            }
            Err(fault) => return Err(Error::Unsettled(fault)),
        };
        let row = match Step::next(right.pinned(), &lock, may_have_removed) {
            Step::DeleteLockfile { row } => row,
            Step::DeleteRow(lockfile) => return end(context, filed, &right, true, &lockfile).await,
            Step::End(event) => return settle(context, &filed, event).await,
        };
        let lockfile = match context.reading.locks.delete_lockfile(&right).await {
            Ok(Deleted::Gone) => LockfileFate::Removed(RemovedBy::Release),
            // Its holder has given it back since the look.
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
        return end(context, filed, &right, row, &lockfile).await;
    }
    Err(Error::Unsettled(Fault::too_busy()))
}

/// Writes the end of a release, with the delete of the row where there is one.
async fn end(
    context: &Context,
    filed: Filed,
    right: &ApprovedUnlock,
    row: bool,
    lockfile: &LockfileFate,
) -> Result<Filed, Error> {
    let mut filed = filed;
    for _ in 0..TRIES {
        let now = context.reading.clock.now();
        let Ok(transition) = decide(&filed.request, lockfile.ended(row), &context.policy, now)
        else {
            // Another process was quicker with the end of it.
            return Ok(filed);
        };
        let release_row = row.then_some(right);
        let change = Change { release_row, ..Change::of(&filed, &transition) };
        match context.ledger.commit(&change).await {
            Ok(Committed::Done(done)) => return Ok(done),
            // Another process has taken the release up, and may know more of the lockfile.
            Ok(Committed::Stale(fresh)) if has_gone_on(&filed, &fresh) => return Ok(fresh),
            Ok(Committed::Stale(fresh) | Committed::AlreadyOpen(fresh)) => filed = fresh,
            Ok(Committed::Repeated | Committed::OpenedMeanwhile) => return Ok(filed),
            Ok(Committed::LockChanged(found)) => {
                return settle(context, &filed, lockfile.row_changed(found)).await;
            }
            Ok(Committed::RowRefused(why)) => {
                return settle(context, &filed, lockfile.row_left(&why)).await;
            }
            // Nothing is known to be wrong with the row: the end is written when it can be.
            Err(fault) => return Err(Error::Unsettled(fault.into_fault())),
        }
    }
    Err(Error::Unsettled(Fault::too_busy()))
}

/// The fault of a store that says that a lockfile has changed, and shows the same one. One that
/// compares `ETag`s in another form than it gives them does so.
fn changed_and_the_same() -> Fault {
    Fault {
        kind: FaultKind::Unexpected,
        subject: "The store of the lockfile".to_owned(),
        remedy: "it says that the lockfile has changed, and shows the same one; find out whether \
                 it supports If-Match on DeleteObject"
            .to_owned(),
        source: None,
    }
}

/// Closes an approved request whose row could not be deleted, for a reason that will not pass.
async fn give_up(
    context: &Context,
    filed: &Filed,
    approved: &Transition,
    event: EventId,
    why: String,
) -> Result<Committed, Error> {
    let failed = decided(context, &approved.next, Event::Failed(why))?;
    let transition = approved.clone().and_then(failed);
    let change = Change::of(filed, &transition).by(event);
    Ok(context.ledger.commit(&change).await?)
}

fn decided(
    context: &Context,
    request: &unlock::UnlockRequest,
    event: Event<'_>,
) -> Result<Transition, Error> {
    debug_assert!(*request.status() == Status::Executing);
    decide(request, event, &context.policy, context.reading.clock.now())
        .map_err(|refusal| crate::error::Refusal::Unlock(refusal).into())
}
