//! An approver says no: by `Deny` on the card, or by `/lock deny` from anywhere, also where there is
//! no card.

use super::settle::settle_by;
use super::{Asker, Context, Reply, form};
use crate::error::Error;
use crate::message::{Message, SHORT, Text, Tone};
use crate::unlock::{Event, RequestId, Tried, decide};

pub(super) async fn run(
    context: &Context,
    by: &Asker<'_>,
    id: RequestId,
    reason: Option<&str>,
) -> Result<Reply, Error> {
    let filed = super::request(context, id).await?;
    let event = || Event::Deny { by: by.actor, reason: reason.map(str::to_owned) };
    let now = context.reading.clock.now();
    if let Err(refusal) = decide(&filed.request, event(), &context.policy, now) {
        return Err(super::refuse(context, by, &filed, Tried::Deny, refusal).await);
    }
    if reason.is_none() {
        let name = filed.request.state.name.as_str();
        return Ok(Reply::Form(form::denial(id, name)));
    }
    settle_by(context, by, &filed, Tried::Deny, &event).await
}

pub(super) async fn run_open(
    context: &Context,
    by: &Asker<'_>,
    typed: &str,
    reason: Option<&str>,
) -> Result<Reply, Error> {
    let filed = super::open_request(context, typed).await?;
    let event = || Event::Deny { by: by.actor, reason: reason.map(str::to_owned) };
    settle_by(context, by, &filed, Tried::Deny, &event).await?;
    let text = Text::own("You have denied the request of ")
        .person(&filed.request.requester)
        .then(" to unlock ")
        .name(filed.request.state.name.as_str(), SHORT)
        .then("; the lock stays.");
    Ok(Reply::asker(Message::sentence(Tone::Plain, text)))
}
