//! Begins a release with the approval that completes it.

use super::finish::finish;
use crate::conflict::Attempt;
use crate::context::Context;
use crate::error::{Error, Fault};
use crate::people::EventId;
use crate::ports::{Change, Changed, Filed, Released};
use crate::unlock::{ApprovedUnlock, Event, Transition, decide};

/// Records the approval, and carries out the release that `right` permits. A row alone that is near is deleted
/// in the same transaction. Returns the request after it, or the conflict that prevented all of it.
///
/// # Errors
/// [`Error::Unsettled`] from the moment the start of a release in steps is recorded: part of the lock may be
/// gone then.
pub(crate) async fn begin(
    context: &Context,
    filed: &Filed,
    approved: &Transition,
    right: &ApprovedUnlock,
    interaction: EventId,
) -> Result<Attempt<Filed>, Error> {
    if approved.next.is_released_in_steps() {
        let start = Change::of(filed, approved).by(interaction);
        return match context.ledger.change(&start).await? {
            Changed::Done(started) if started.request == approved.next => {
                finish(context, started).await.map(Attempt::Done).map_err(Error::unsettled)
            }
            // An earlier delivery of the interaction has begun the release.
            changed => Ok(changed.into()),
        };
    }
    let released = approved_and(context, approved, Event::Released)?;
    let change = Change::of(filed, &released).by(interaction);
    let end = match context.ledger.release(&change, right).await? {
        Released::Changed(changed) => return Ok(changed.into()),
        Released::LockChanged(found) => Event::LockChanged(found),
        Released::RowRefused(why) => Event::Failed(why),
    };
    // Nothing was deleted. The approval is still a fact, so both go on record.
    let ended = approved_and(context, approved, end)?;
    let change = Change::of(filed, &ended).by(interaction);
    Ok(context.ledger.change(&change).await?.into())
}

/// The approval and the end after it, as one change.
fn approved_and(
    context: &Context,
    approved: &Transition,
    end: Event<'_>,
) -> Result<Transition, Error> {
    let now = context.reading.clock.now();
    match decide(&approved.next, end, context.policy(&approved.next), now) {
        Ok(ended) => Ok(approved.clone().and_then(ended)),
        // An approved request can end in each of these ways.
        Err(_) => Err(Fault::bug().into()),
    }
}
