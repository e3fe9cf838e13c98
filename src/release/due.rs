//! Whether a pending request is over.

use std::time::Duration;

use crate::context::Context;
use crate::error::Fault;
use crate::lock::LockState;
use crate::unlock::{Event, Status, UnlockRequest};

/// How long Terraform may take between releasing the lockfile and releasing the row.
const GIVING_BACK: Duration = Duration::from_secs(1);

/// The event that ends a pending request now: it has expired, or its lock is no longer there. `None` while
/// there is none, and for a request that is not pending.
///
/// Terraform releases a lock in two stores one half after the other. So a lock that looks half gone is read
/// again before it counts as changed.
///
/// # Errors
/// A fault where the lock cannot be read.
pub async fn due_event(
    context: &Context,
    request: &UnlockRequest,
) -> Result<Option<Event<'static>>, Fault> {
    if *request.status() != Status::Pending {
        return Ok(None);
    }
    let Context { reading, .. } = context;
    if request.is_expired(reading.clock.now()) {
        return Ok(Some(Event::Expire));
    }
    let mut lock = reading.locks.inspect(&request.state).await?;
    if is_half_gone(request, &lock) {
        reading.clock.pass(GIVING_BACK).await;
        lock = reading.locks.inspect(&request.state).await?;
    }
    Ok(request.pinned.replaced_by(&lock).map(Event::LockChanged))
}

fn is_half_gone(request: &UnlockRequest, lock: &LockState) -> bool {
    let one_is_left =
        request.pinned.remains(lock).is_ok_and(|remains| remains.row != remains.lockfile);
    one_is_left && request.pinned.replaced_by(lock).is_some()
}
