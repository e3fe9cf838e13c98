//! `/lock watches`: what somebody has asked to be told of.

use super::{Asker, Context};
use crate::error::Error;
use crate::message::{Message, SHORT, Text, Tone};
use crate::watch::MOST_WATCHED;

/// Most states that are named: as many as one person may watch. Discord's limit for a description
/// shortens long names where there are so many.
const MOST: usize = MOST_WATCHED;

pub(super) async fn run(context: &Context, by: &Asker<'_>) -> Result<Message, Error> {
    let user = by.actor.person.id;
    let mut lines = context.watches.watched_by(user, MOST_WATCHED).await?;
    lines.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name));
    if lines.is_empty() {
        let text = Text::own(
            "You wait for no lock: press Notify me under a locked state, or type /lock watch.",
        );
        return Ok(Message::sentence(Tone::Plain, text));
    }
    let mut message = Message::new(Tone::Plain, Text::own("🔔 What you wait for"));
    for (state, line) in lines.iter().take(MOST) {
        let before = line.before(user).unwrap_or(0);
        let keeps = line.watchers().iter().any(|one| one.person.id == user && one.keep);
        let text = Text::default().name(state.name.as_str(), SHORT).then(match before {
            0 => ": nobody waits before you".to_owned(),
            1 => ": 1 waits before you".to_owned(),
            more => format!(": {more} wait before you"),
        });
        message = message.line(if keeps { text.then(", every time") } else { text });
    }
    if let Some(more) = lines.len().checked_sub(MOST).filter(|&more| more > 0) {
        message = message.line(Text::own(format!("and {more} more")));
    }
    Ok(message)
}
