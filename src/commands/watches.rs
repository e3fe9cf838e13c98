//! `/lock watches`: the states that a person watches.

use super::{Asker, Context};
use crate::error::Error;
use crate::message::Message;
use crate::watch::MOST_WATCHED;
use crate::words::watching as words;

pub(super) async fn run(context: &Context, by: &Asker<'_>) -> Result<Message, Error> {
    let user = by.actor.person.id;
    let mut lines = context.watches.watched_by(user, MOST_WATCHED).await?;
    lines.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name));
    Ok(words::watches(user, &lines))
}
