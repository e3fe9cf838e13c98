//! A person acts on a request: the event is applied and shown on the card, or refused and recorded.

use super::{Asker, Context, Reply};
use crate::conflict::{Attempt, retry_on_conflict};
use crate::error::{Error, Refusal};
use crate::ports::{Change, Filed};
use crate::unlock::{Event, Rejection, Tried, decide, refused};

/// Applies a person's event to a request, and has the card show it.
pub(super) async fn apply_by<'e>(
    context: &Context,
    by: &Asker<'_>,
    filed: Filed,
    tried: Tried,
    event: &(dyn Fn() -> Event<'e> + Sync),
) -> Result<Reply, Error> {
    retry_on_conflict(filed, |filed| async move {
        let now = context.reading.clock.now();
        let transition = match decide(&filed.request, event(), context.policy(&filed.request), now)
        {
            Ok(transition) => transition,
            Err(rejection) => return Err(refuse(context, by, &filed, tried, rejection).await),
        };
        by.acceptance.accept().await?;
        let change = Change::of(&filed, &transition).by(by.event);
        Ok(Attempt::from(context.ledger.change(&change).await?))
    })
    .await?;
    context.courier.deliver().await;
    Ok(Reply::Silent)
}

/// Refuses what a person tried on a request, and records the attempt if it belongs on record.
pub(super) async fn refuse(
    context: &Context,
    by: &Asker<'_>,
    filed: &Filed,
    tried: Tried,
    rejection: Rejection,
) -> Error {
    match record(context, by, filed.clone(), tried, &rejection).await {
        Ok(()) => Refusal::Unlock(rejection).into(),
        // Only the record of the attempt is uncertain. The request is as it was.
        Err(Error::Unsettled(fault)) => Error::Unchanged(fault),
        // The refusal stands all the same. The person is told that it could not be recorded.
        Err(error) => error,
    }
}

async fn record(
    context: &Context,
    by: &Asker<'_>,
    filed: Filed,
    tried: Tried,
    rejection: &Rejection,
) -> Result<(), Error> {
    retry_on_conflict(filed, |filed| async move {
        let now = context.reading.clock.now();
        let Some(transition) = refused(&filed.request, by.actor, tried, rejection, now) else {
            return Ok(Attempt::Done(filed));
        };
        by.acceptance.accept().await?;
        let change = Change::of(&filed, &transition).by(by.event);
        Ok(Attempt::from(context.ledger.change(&change).await?))
    })
    .await?;
    Ok(())
}
