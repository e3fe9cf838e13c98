//! Applies an event to a request that no person's interaction led to.

use crate::conflict::{Attempt, retry_on_conflict};
use crate::context::Context;
use crate::error::Error;
use crate::ports::{Change, Changed, Filed};
use crate::unlock::{Event, decide};

/// Applies an event to a request, and returns the request as it is then. Changes nothing where the rules
/// do not provide for the event, such as in a request that was closed meanwhile.
///
/// # Errors
/// A fault where the change cannot be written, or conflicts do not end.
pub async fn apply(context: &Context, filed: Filed, event: Event<'_>) -> Result<Filed, Error> {
    let event = &event;
    retry_on_conflict(filed, |filed| async move {
        let now = context.reading.clock.now();
        let Ok(transition) = decide(&filed.request, event.clone(), &context.policy, now) else {
            return Ok(Attempt::Done(filed));
        };
        Ok(match context.ledger.change(&Change::of(&filed, &transition)).await? {
            // The event says nothing of the request any more.
            Changed::Conflict(fresh) if has_advanced(&filed, &fresh) => Attempt::Done(fresh),
            changed => changed.into(),
        })
    })
    .await
}

/// Whether a release was begun, resumed or ended since `before` was read. What was seen of the lock before
/// is no longer valid then: this bot may itself have removed what is missing.
pub(super) fn has_advanced(before: &Filed, now: &Filed) -> bool {
    let progress = |filed: &Filed| (filed.request.status().clone(), filed.request.resumed);
    progress(before) != progress(now)
}
