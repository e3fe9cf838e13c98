//! `/lock unwatch`: a person stops watching a state.

use super::{Asker, Context, Reply};
use crate::error::Error;
use crate::words::watching as words;

pub(super) async fn run(context: &Context, by: &Asker<'_>, typed: &str) -> Result<Reply, Error> {
    let state = context.reading.resolve(typed).await?;
    let user = by.actor.person.id;
    // A watched state may no longer exist.
    if context.watches.line(&state.path).await?.before(user).is_none()
        && let Some(refusal) = context.reading.unseen(typed, &state).await
    {
        return Err(refusal.into());
    }
    by.acceptance.accept().await?;
    let now = context.reading.clock.now();
    context.watches.change_line(&state, now, &|line| Some(line.without(user))).await?;
    Ok(Reply::asker(words::out_of_line(&state.name)))
}
