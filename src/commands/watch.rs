//! `/lock watch`: a person asks to be told when a lock clears.

use super::{Asker, Context, Reply};
use crate::error::{Error, Refusal};
use crate::finding::Report;
use crate::lock::LockState;
use crate::watch::{Line, MOST_WATCHED, Watcher};
use crate::words::watching as words;

pub(super) async fn run(
    context: &Context,
    by: &Asker<'_>,
    typed: &str,
    keep: bool,
) -> Result<Reply, Error> {
    let report = context.reading.look(typed).await?.sure()?;
    let Report { state, lock, .. } = report;
    if lock == LockState::Free && !keep {
        return Err(Refusal::NothingToWaitFor { state: state.name }.into());
    }
    let user = by.actor.person.id;
    let watched = context.watches.watched_by(user, MOST_WATCHED).await?;
    if watched.len() >= MOST_WATCHED && watched.iter().all(|(of, _)| of.path != state.path) {
        return Err(Refusal::WatchesEnough.into());
    }
    by.acceptance.accept().await?;
    let watcher =
        Watcher { person: by.actor.person.clone(), channel: by.actor.place.channel, keep };
    let now = context.reading.clock.now();
    let join = |line: &Line| line.with(watcher.clone());
    let line = context.watches.change_line(&state, now, &join).await?;
    let Some(line) = line else {
        return Err(Refusal::LineIsFull { state: state.name }.into());
    };
    // The lock may have cleared in the meantime, and the lookout may have read the line before this person
    // was in it.
    let is_surely_told = keep
        || match context.reading.locks.inspect(&state).await {
            Ok(LockState::Free) => {
                let leave = |line: &Line| Some(line.without(user));
                // The person is in line, so a fault must no longer say that nothing was changed.
                let left = context.watches.change_line(&state, now, &leave).await;
                left.map_err(|fault| Error::Unsettled(fault.into_fault()))?;
                return Err(Refusal::NothingToWaitFor { state: state.name }.into());
            }
            Ok(_) => true,
            Err(fault) => {
                tracing::warn!(kind = fault.kind.as_str(), "not known whether it cleared: {fault}");
                false
            }
        };
    let before = line.before(user).unwrap_or(0);
    Ok(Reply::asker(words::in_line(&state.name, keep, before, is_surely_told)))
}
