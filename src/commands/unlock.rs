//! `/lock unlock`: opens a request for a second person to approve.

use chrono::{DateTime, Utc};

use super::settle::settle;
use super::verdict::LOOKED_AT;
use super::{Asker, Context, Reply, form, refresh_card};
use crate::error::{Error, Fault, Refusal};
use crate::lock::{HeldLock, LockState, State};
use crate::message::{Message, SHORT, Text, Tone};
use crate::ports::{Change, Committed, Filed};
use crate::unlock::{Ask, Event, RequestId, Status, open};
use crate::watch::{self, Hold};

pub(super) async fn run(
    context: &Context,
    by: &Asker<'_>,
    typed: &str,
    reason: Option<&str>,
) -> Result<Reply, Error> {
    let state = context.reading.resolve(typed).await?;
    let Some(reason) = reason else {
        return Ok(Reply::Form(form::reason(typed, state.name.as_str())));
    };
    let lock = context.reading.locks.inspect(&state).await?;
    let id = RequestId::of(by.event);
    let now = context.reading.clock.now();
    let stale_from = stale_from(context, &state, &lock).await?;
    let ask = Ask { id, state: &state, lock: &lock, stale_from, reason, by: by.actor };
    let opened = open(ask, &context.policy, now).map_err(Refusal::Unlock)?;
    by.acceptance.accept().await?;
    let change =
        Change { from: None, transition: &opened, event: Some(by.event), release_row: None };
    let mut committed = super::commit(context, &change).await?;
    if let Committed::AlreadyOpen(other) = &committed {
        // The first look may be older than that request, and says nothing of its lock then.
        let lock = context.reading.locks.inspect(&state).await?;
        if let Some(over) = is_over(context, other, &lock) {
            // Nobody has closed that one yet, and it stands in nobody's way.
            settle(context, other, over).await?;
            committed = super::commit(context, &change).await?;
        }
    }
    match committed {
        Committed::AlreadyOpen(other) => {
            // Its card may have been deleted, and this asker wants to see it.
            let other = refresh_card(context, other).await;
            Err(Refusal::AlreadyOpen {
                requester: other.request.requester.name.clone(),
                card: other.card.map(|card| (other.request.place, card)),
            }
            .into())
        }
        Committed::Done(filed) | Committed::Stale(filed) => {
            context.courier.deliver().await;
            // It is written: that it cannot be read now is no reason to say it was not.
            let filed = context.ledger.request(id).await.ok().flatten().unwrap_or(filed);
            Ok(Reply::asker(posted(&filed)))
        }
        Committed::Repeated | Committed::LockChanged(_) | Committed::RowRefused(_) => {
            Ok(Reply::Done)
        }
    }
}

/// From when on a lock looks stale, by its past holds; `None` where nobody knows since when it is
/// held.
async fn stale_from(
    context: &Context,
    state: &State,
    lock: &LockState,
) -> Result<Option<DateTime<Utc>>, Fault> {
    let Some(since) = lock.since() else {
        return Ok(None);
    };
    let held = HeldLock { state: state.clone(), lock: lock.clone() };
    let Some(hold) = Hold::of(&held, since) else {
        return Ok(None);
    };
    let past = context.holds.past(&state.path, LOOKED_AT).await?;
    Ok(Some(watch::stale_from(&hold, &past, context.policy.stale_after)))
}

/// Why an open request can come to nothing any more, seen from the lock as it is now.
fn is_over(context: &Context, other: &Filed, lock: &LockState) -> Option<Event<'static>> {
    let request = &other.request;
    if *request.status() != Status::Pending {
        return None;
    }
    let found = request.pinned.replaced_by(lock);
    let expired = request.is_expired(context.reading.clock.now()).then_some(Event::Expire);
    found.map(Event::LockChanged).or(expired)
}

fn posted(filed: &Filed) -> Message {
    let request = &filed.request;
    let name = request.state.name.as_str();
    let text = match filed.card {
        Some(card) => Text::own("Your request to unlock ")
            .name(name, SHORT)
            .then(" is in the channel: ")
            .message(request.place, card)
            .then(". Somebody else has to approve it before ")
            .at(request.expires_at)
            .then("."),
        None => Text::own("Your request to unlock ").name(name, SHORT).then(
            " is recorded, but its card is not posted yet. If it does not come within a minute, allow \
             this bot to see this channel, to send messages and to embed links, and ask again.",
        ),
    };
    Message::sentence(Tone::Plain, text)
}
