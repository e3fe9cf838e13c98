//! What a person does to a request is decided, written and told, or refused and put on record.

use super::{Asker, Context, Reply};
use crate::error::{Error, Fault, Refusal};
use crate::ports::{Change, Committed, Filed};
use crate::release::TRIES;
use crate::unlock::{self, Event, Tried, decide, refused};

/// Writes what a person does to a request, and has the card say it. Decides anew where somebody
/// else was quicker.
pub(super) async fn settle_by<'e>(
    context: &Context,
    by: &Asker<'_>,
    filed: &Filed,
    tried: Tried,
    event: &(dyn Fn() -> Event<'e> + Sync),
) -> Result<Reply, Error> {
    let mut filed = filed.clone();
    for _ in 0..TRIES {
        let now = context.reading.clock.now();
        let transition = match decide(&filed.request, event(), &context.policy, now) {
            Ok(transition) => transition,
            Err(refusal) => return Err(refuse(context, by, &filed, tried, refusal).await),
        };
        by.acceptance.accept().await?;
        let change = Change::of(&filed, &transition).by(by.event);
        if let Committed::Stale(fresh) = context.ledger.commit(&change).await? {
            filed = fresh;
            continue;
        }
        context.courier.deliver().await;
        return Ok(Reply::Done);
    }
    Err(Fault::too_busy().into())
}

/// Refuses what somebody tried on a request, and puts it on record if it belongs there.
pub(super) async fn refuse(
    context: &Context,
    by: &Asker<'_>,
    filed: &Filed,
    tried: Tried,
    refusal: unlock::Refusal,
) -> Error {
    match record(context, by, filed, tried, &refusal).await {
        Ok(()) => Refusal::Unlock(refusal).into(),
        // Only the record of the attempt is uncertain. The request is as it was.
        Err(Error::Unsettled(fault)) => Error::Fault(fault),
        // The refusal stands all the same; that it could not be recorded is what has to be told.
        Err(error) => error,
    }
}

async fn record(
    context: &Context,
    by: &Asker<'_>,
    filed: &Filed,
    tried: Tried,
    refusal: &unlock::Refusal,
) -> Result<(), Error> {
    let mut filed = filed.clone();
    for _ in 0..TRIES {
        let now = context.reading.clock.now();
        let Some(transition) = refused(&filed.request, by.actor, tried, refusal, now) else {
            return Ok(());
        };
        by.acceptance.accept().await?;
        let change = Change::of(&filed, &transition).by(by.event);
        match context.ledger.commit(&change).await? {
            Committed::Stale(fresh) => filed = fresh,
            _ => return Ok(()),
        }
    }
    Err(Fault::too_busy().into())
}
