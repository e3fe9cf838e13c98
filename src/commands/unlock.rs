//! `/lock unlock`: opens a request for a second person to approve.

use chrono::{DateTime, Utc};

use super::{Asker, Context, Reply, refresh_card};
use crate::error::{Error, Fault, Refusal};
use crate::finding::Report;
use crate::lock::{HeldLock, LockState, State};
use crate::ports::{Change, Committed, Filed};
use crate::release::{TRIES, over, settle};
use crate::unlock::{Ask, RequestId, may_ask, open};
use crate::watch::{self, Hold};
use crate::words::{form, request as words};

pub(super) async fn run(
    context: &Context,
    by: &Asker<'_>,
    typed: &str,
    reason: Option<&str>,
) -> Result<Reply, Error> {
    may_ask(by.actor, &context.policy).map_err(Refusal::Unlock)?;
    let Some(reason) = reason else {
        let state = context.reading.resolve(typed).await?;
        return Ok(Reply::Form(form::reason(typed, state.name.as_str())));
    };
    let Report { state, lock, .. } = context.reading.look(typed).await?.sure()?;
    let id = RequestId::of(by.event);
    let stale_from = stale_from(context, &state, &lock, context.reading.clock.now()).await;
    let mut others = true;
    for _ in 0..TRIES {
        let now = context.reading.clock.now();
        let lately = context.ledger.lately(&state.path, by.actor.person.id).await?;
        let (state, lock, lately) = (&state, &lock, &lately);
        let ask = Ask { id, state, lock, stale_from, reason, by: by.actor, lately };
        let opened = open(ask, &context.policy, now).map_err(Refusal::Unlock)?;
        by.acceptance.accept().await?;
        let change =
            Change { from: None, transition: &opened, event: Some(by.event), release_row: None };
        match context.ledger.commit(&change).await? {
            Committed::OpenedMeanwhile => {}
            Committed::AlreadyOpen(other) if others => {
                others = false;
                // The first look may be older than that request, and says nothing of its lock then.
                if let Some(event) = over(context, &other.request).await? {
                    // Nobody has closed that one yet, and it stands in nobody's way.
                    settle(context, &other, event).await?;
                    continue;
                }
                // Its card may have been deleted, and this asker wants to see it. If it cannot have a
                // card, it is closed by now, and stands in nobody's way either.
                let other = refresh_card(context, other).await;
                if other.request.is_open() {
                    return Err(already_open(other).into());
                }
            }
            Committed::AlreadyOpen(other) => return Err(already_open(other).into()),
            Committed::Done(filed) | Committed::Stale(filed) => {
                // The answer leads to the card. Nothing in another channel is waited for.
                context.courier.deliver_to(filed.request.place.channel).await;
                // It is written: that it cannot be read now is no reason to say it was not.
                let filed = context.ledger.request(id).await.ok().flatten().unwrap_or(filed);
                return Ok(Reply::asker(words::posted(&filed)));
            }
            Committed::Repeated | Committed::LockChanged(_) | Committed::RowRefused(_) => {
                return Ok(Reply::Done);
            }
        }
    }
    Err(Fault::too_busy().into())
}

/// What somebody is told while another request is open.
fn already_open(other: Filed) -> Refusal {
    Refusal::AlreadyOpen {
        requester: other.request.requester,
        card: other.card.map(|card| (other.request.place, card)),
    }
}

/// From when on a lock looks stale, by its past holds; `None` where nobody knows since when it is
/// held, or its past cannot be read. Then approving it asks for more, and the release need not wait for
/// a statistic.
async fn stale_from(
    context: &Context,
    state: &State,
    lock: &LockState,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    lock.since()?;
    let hold = Hold::of(&HeldLock { state: state.clone(), lock: lock.clone() }, now)?;
    match context.holds.in_short(&state.path).await {
        Ok(past) => Some(watch::stale_from(&hold, &past, context.policy.stale_after)),
        Err(fault) => {
            tracing::warn!(kind = fault.kind.as_str(), "past holds not read: {fault}");
            None
        }
    }
}
