//! `/lock history`: what has happened to a state's lock, from the audit trail, newest first.

use super::Context;
use crate::command::HISTORY_MOST;
use crate::error::{Error, Fault};
use crate::lock::{State, StatePath};
use crate::message::{Message, Picture};
use crate::ports::PastHolds;
use crate::watch::{Current, HoldRecords, Timeline};
use crate::words::history as words;
use crate::words::lock::past_not_read;

/// Past holds on the first page.
const HOLDS: usize = 5;

/// Past holds in its picture, at most. They are one query, and fit into one answer of 1 MB.
const DRAWN: usize = 300;

pub(super) async fn run(
    context: &Context,
    typed: &str,
    before: Option<u64>,
    count: usize,
) -> Result<Message, Error> {
    let state = context.reading.resolve(typed).await?;
    let count = count.clamp(1, HISTORY_MOST);
    let entries = context.trail.newest(&state.path, before, count);
    let holds = async {
        match before {
            None => Some(holds(context, &state.path).await),
            Some(_) => None,
        }
    };
    // They are read at the same time, so that the words wait for one round.
    let (entries, holds) = futures::join!(entries, holds);
    let entries = entries?;
    let no_hold = |(past, _): &Holds| {
        past.as_ref().is_ok_and(|past| past.holds.is_empty() && past.left_out == 0)
    };
    if entries.is_empty()
        && holds.as_ref().is_none_or(no_hold)
        && let Some(refusal) = context.reading.unseen(typed, &state).await
    {
        return Err(refusal.into());
    }
    let message = words::page(&state, before, count, &entries);
    Ok(match holds {
        None => message,
        Some((Ok(past), current)) => {
            let last = past.holds.get(..HOLDS).unwrap_or(&past.holds);
            let message = words::with_past_holds(message, last);
            message.with_picture(picture(context, &state, past, current))
        }
        Some((Err(fault), _)) => {
            // The trail was read, and that is what was asked.
            tracing::warn!(kind = fault.kind.as_str(), "past holds not read: {fault}");
            message.line(past_not_read())
        }
    })
}

/// The past holds, and the one that lasts.
type Holds = (Result<PastHolds, Fault>, Current);

async fn holds(context: &Context, path: &StatePath) -> Holds {
    let current = async {
        match context.holds.remembered(path).await {
            Ok(Some(hold)) => Current::Held(Box::new(hold)),
            Ok(None) => Current::Free,
            Err(fault) => {
                tracing::warn!(kind = fault.kind.as_str(), "the current hold is not read: {fault}");
                Current::NotKnown
            }
        }
    };
    futures::join!(context.holds.past(path, DRAWN), current)
}

/// The picture of these holds, if there are enough.
fn picture(
    context: &Context,
    state: &State,
    PastHolds { holds: past, left_out }: PastHolds,
    current: Current,
) -> Option<Picture> {
    let has_more = past.len() + left_out >= DRAWN;
    let records = HoldRecords { past, has_more, not_understood: left_out, current };
    let now = context.reading.clock.now();
    let timeline = Timeline::of(state.name.clone(), now, &records)?;
    Some(Picture::Timeline(Box::new(timeline)))
}
