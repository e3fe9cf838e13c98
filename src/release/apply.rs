//! Applies an event to a request that no person's interaction led to.

use crate::conflict::{Attempt, retry_on_conflict};
use crate::context::Context;
use crate::error::Error;
use crate::ports::{Change, Changed, Filed};
use crate::unlock::{Event, decide};

/// Applies an event to a request, and returns the request after it. Where the rules reject the event, for
/// example since the request was closed in the meantime, nothing changes.
///
/// # Errors
/// A fault where the change cannot be written, or conflicts do not end.
pub async fn apply(context: &Context, filed: Filed, event: Event<'_>) -> Result<Filed, Error> {
    let event = &event;
    retry_on_conflict(filed, |filed| async move {
        let now = context.reading.clock.now();
        let policy = context.policy(&filed.request);
        let Ok(transition) = decide(&filed.request, event.clone(), policy, now) else {
            return Ok(Attempt::Done(filed));
        };
        Ok(match context.ledger.change(&Change::of(&filed, &transition)).await? {
            // The event no longer applies.
            Changed::Conflict(fresh) if has_advanced(&filed, &fresh) => Attempt::Done(fresh),
            changed => changed.into(),
        })
    })
    .await
}

/// Whether a release was begun, resumed or ended since `before` was read. Then an earlier look at the lock is
/// no longer valid: this bot may itself have removed what is missing.
pub(super) fn has_advanced(before: &Filed, now: &Filed) -> bool {
    let progress = |filed: &Filed| (filed.request.status().clone(), filed.request.resumed);
    progress(before) != progress(now)
}
