//! The release of an approved lock, from the right to it to the record of it.
//!
//! A row alone goes in one transaction with everything that says so. A lock with a lockfile takes
//! three steps: the start is written, the lockfile is deleted, and the end is written together with
//! the delete of the row. Whoever finds a started release finishes it by [`resume`].

use super::Context;
use super::settle::{TRIES, settle};
use super::vouch::vouch;
use crate::error::{Error, Fault, WriteFault};
use crate::people::EventId;
use crate::ports::{Change, Committed, Deleted, Filed};
use crate::unlock::{
    self, ApprovedUnlock, Event, Found, Remains, Status, Transition, Vouched, decide,
};

/// Carries out what was approved. `approved` is the decision that gave the `right`.
pub(super) async fn carry_out(
    context: &Context,
    filed: &Filed,
    approved: &Transition,
    right: &ApprovedUnlock,
    event: EventId,
) -> Result<Committed, Error> {
    if right.pinned().is_row_alone() {
        let released = decided(context, &approved.next, Event::Released)?;
        let transition = approved.clone().and_then(released);
        let change = Change {
            from: Some(filed),
            transition: &transition,
            event: Some(event),
            release_row: Some(right),
        };
        return match super::commit(context, &change).await {
            Err(Error::Fault(fault)) if fault.kind.is_final() => {
                give_up(context, filed, approved, event, &fault).await
            }
            result => result,
        };
    }
    let start =
        Change { from: Some(filed), transition: approved, event: Some(event), release_row: None };
    match super::commit(context, &start).await? {
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
    let vouched = match vouch(context, &filed).await? {
        Ok(vouched) => vouched,
        Err(filed) => return Ok(filed),
    };
    take_up(context, filed, vouched).await
}

async fn take_up(context: &Context, filed: Filed, vouched: Vouched) -> Result<Filed, Error> {
    debug_assert!(vouched.is_of(&filed.request));
    // From here on, a lockfile that is gone may have been removed by the first attempt.
    let filed =
        if filed.request.resumed { filed } else { settle(context, &filed, Event::Resume).await? };
    finish(context, filed).await
}

/// Brings a started release to its end, from whatever is left of the lock.
async fn finish(context: &Context, filed: Filed) -> Result<Filed, Error> {
    let Some(right) = ApprovedUnlock::of(&filed.request, &context.policy) else {
        return Ok(filed);
    };
    for _ in 0..TRIES {
        let lock = match context.reading.locks.inspect(right.state()).await {
            Ok(lock) => lock,
            // This attempt has removed nothing, and there was none before: it can end here, so that
            // nobody has to wait for a permission to ask anew.
            Err(fault) if fault.kind.is_final() && !filed.request.resumed => {
                let why = format!("nothing was released, since the lock cannot be read: {fault}");
                return settle(context, &filed, Event::Failed(why)).await;
            }
            Err(fault) => return Err(Error::Unsettled(fault)),
        };
        let remains = match right.pinned().remains(&lock) {
            Ok(Remains { row: false, lockfile: false }) => {
                return settle(context, &filed, Event::LockChanged(Found::Gone)).await;
            }
            Ok(remains) => remains,
            Err(found) => return settle(context, &filed, Event::LockChanged(found)).await,
        };
        let mut failure = None;
        if remains.lockfile {
            match context.reading.locks.delete_lockfile(&right).await {
                Ok(Deleted::Gone) => {}
                // Another one is there, since the look at it: a new look says which.
                Ok(Deleted::Changed) => continue,
                Err(fault) if fault.kind.is_final() => failure = Some(fault),
                Err(fault) => return Err(Error::Unsettled(fault)),
            }
        }
        return end(context, filed, &right, remains, failure).await;
    }
    Err(Error::Unsettled(super::too_busy()))
}

/// Writes the end of a release, with the delete of the row where there is one. `remains` is what
/// there was before the lockfile was deleted, and `failure` why it could not be.
async fn end(
    context: &Context,
    filed: Filed,
    right: &ApprovedUnlock,
    remains: Remains,
    failure: Option<Fault>,
) -> Result<Filed, Error> {
    let event = || match &failure {
        None => Event::Released,
        Some(fault) if remains.row => {
            Event::Failed(format!("the DynamoDB row was released, the lockfile was not: {fault}"))
        }
        Some(fault) => Event::Failed(format!("the lockfile was not released: {fault}")),
    };
    let mut filed = filed;
    for _ in 0..TRIES {
        let now = context.reading.clock.now();
        let Ok(transition) = decide(&filed.request, event(), &context.policy, now) else {
            // Another process was quicker with the end of it.
            return Ok(filed);
        };
        let release_row = remains.row.then_some(right);
        let change =
            Change { from: Some(&filed), transition: &transition, event: None, release_row };
        match context.ledger.commit(&change).await {
            Ok(Committed::Done(done)) => return Ok(done),
            Ok(Committed::Stale(fresh) | Committed::AlreadyOpen(fresh)) => filed = fresh,
            Ok(Committed::Repeated) => return Ok(filed),
            Ok(Committed::LockChanged(found)) => {
                return match (&failure, remains.lockfile, &found) {
                    // The row went by itself, and the lockfile by this release: the lock is gone.
                    (None, true, Found::Gone) => settle(context, &filed, Event::Released).await,
                    // The row went by itself, and the lockfile is still there.
                    (Some(fault), true, Found::Gone) => {
                        let why = format!("the lockfile was not released: {fault}");
                        settle(context, &filed, Event::Failed(why)).await
                    }
                    _ => settle(context, &filed, Event::LockChanged(found)).await,
                };
            }
            Err(WriteFault::Refused(fault)) if fault.kind.is_final() => {
                let why = if remains.lockfile && failure.is_none() {
                    format!("the lockfile was released, the DynamoDB row was not: {fault}")
                } else {
                    fault.to_string()
                };
                return settle(context, &filed, Event::Failed(why)).await;
            }
            Err(fault) => return Err(Error::Unsettled(fault.into_fault())),
        }
    }
    Err(Error::Unsettled(super::too_busy()))
}

/// Closes an approved request whose row could not be deleted, for a reason that will not pass.
async fn give_up(
    context: &Context,
    filed: &Filed,
    approved: &Transition,
    event: EventId,
    fault: &Fault,
) -> Result<Committed, Error> {
    let failed = decided(context, &approved.next, Event::Failed(fault.to_string()))?;
    let transition = approved.clone().and_then(failed);
    let change = Change {
        from: Some(filed),
        transition: &transition,
        event: Some(event),
        release_row: None,
    };
    super::commit(context, &change).await
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
