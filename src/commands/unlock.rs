//! `/lock unlock`: opens a request for a second person to approve.

use chrono::{DateTime, Utc};

use super::{Asker, Context, Reply};
use crate::conflict::TRIES;
use crate::error::{Error, Fault, Refusal};
use crate::finding::Report;
use crate::lock::{HeldLock, LockState, State};
use crate::people::RequestId;
use crate::ports::{Filed, Opened, Opening};
use crate::release::{apply, due_event};
use crate::unlock::{Ask, may_ask, open};
use crate::watch::{self, Hold};
use crate::words::{form, request as words};

pub(super) async fn run(
    context: &Context,
    by: &Asker<'_>,
    typed: &str,
    reason: Option<&str>,
) -> Result<Reply, Error> {
    let Some(reason) = reason else {
        let state = context.reading.resolve(typed).await?;
        may_ask(by.actor, context.policies.of(&state)).map_err(Refusal::Unlock)?;
        return Ok(Reply::Form(form::reason(typed, state.name.as_str())));
    };
    let Report { state, lock, .. } = context.reading.look(typed).await?.sure()?;
    let policy = context.policies.of(&state);
    may_ask(by.actor, policy).map_err(Refusal::Unlock)?;
    let id = RequestId::of(by.event);
    let stale_from = stale_from(context, &state, &lock, context.reading.clock.now()).await;
    let guarantees = context.reading.locks.guarantees(&state);
    let mut has_met_another = false;
    for _ in 0..TRIES {
        let now = context.reading.clock.now();
        let lately = context.ledger.lately(&state.path, by.actor.person.id).await?;
        let (state, lock, lately) = (&state, &lock, &lately);
        let ask = Ask { id, state, lock, guarantees, stale_from, reason, by: by.actor, lately };
        let opened = open(ask, policy, now).map_err(Refusal::Unlock)?;
        by.acceptance.accept().await?;
        let opening = Opening { transition: &opened, event: by.event };
        let other = match context.ledger.open(&opening).await? {
            Opened::Done(filed) => {
                // The answer links to the card, so it waits for this channel alone.
                context.courier.deliver_to(filed.request.place.channel).await;
                // The request is written. A failed read of its card does not change that.
                let filed = context.ledger.request(id).await.ok().flatten().unwrap_or(filed);
                return Ok(Reply::asker(words::posted(&filed, policy)));
            }
            Opened::OpeningsChanged => continue,
            Opened::AlreadyOpen(other) => other,
        };
        let other = if has_met_another { other } else { close_if_over(context, other).await? };
        if other.request.is_open() {
            return Err(already_open(other).into());
        }
        has_met_another = true;
    }
    Err(Fault::too_busy().into())
}

/// Closes another request for the same lock if it is over. Otherwise its card is posted again if it was
/// deleted, since the asker wants to see it. A request whose card cannot be posted is closed by that.
async fn close_if_over(context: &Context, other: Filed) -> Result<Filed, Error> {
    if let Some(event) = due_event(context, &other.request).await? {
        return apply(context, other, event).await;
    }
    context.courier.refresh(other.request.id).await;
    let now = context.ledger.request(other.request.id).await.ok().flatten();
    Ok(now.unwrap_or(other))
}

/// The refusal while another request is open.
fn already_open(other: Filed) -> Refusal {
    Refusal::AlreadyOpen {
        requester: other.request.requester,
        card: other.card.map(|card| (other.request.place, card)),
    }
}

/// From when on a lock looks stale, by its past holds. `None` where its age is not known or its past cannot
/// be read: then an approval has to be confirmed, and the request need not wait for a statistic.
async fn stale_from(
    context: &Context,
    state: &State,
    lock: &LockState,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    lock.since()?;
    let hold = Hold::of(&HeldLock { state: state.clone(), lock: lock.clone() }, now)?;
    match context.holds.past_summary(&state.path).await {
        Ok(past) => Some(watch::stale_from(&hold, &past, context.policies.of(state).stale_after)),
        Err(fault) => {
            tracing::warn!(kind = fault.kind.as_str(), "past holds not read: {fault}");
            None
        }
    }
}
