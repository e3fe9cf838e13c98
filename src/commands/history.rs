//! `/lock history`: what has happened to a state's lock, from the audit trail, newest first.

use super::Context;
use crate::command::HISTORY_MOST;
use crate::error::Error;
use crate::message::Message;
use crate::words::history as words;
use crate::words::lock::past_not_read;

/// Past holds on the first page.
const HOLDS: usize = 5;

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
            None => context.holds.past(&state.path, HOLDS).await,
            Some(_) => Ok(Vec::new()),
        }
    };
    let (entries, holds) = futures::join!(entries, holds);
    let entries = entries?;
    if entries.is_empty()
        && holds.as_ref().is_ok_and(Vec::is_empty)
        && let Some(refusal) = context.reading.unseen(typed, &state).await
    {
        return Err(refusal.into());
    }
    let message = words::page(&state, before, count, &entries);
    Ok(match holds {
        Ok(holds) => words::with_past_holds(message, &holds),
        Err(fault) => {
            // The trail was read, and that is what was asked.
            tracing::warn!(kind = fault.kind.as_str(), "past holds not read: {fault}");
            message.line(past_not_read())
        }
    })
}
