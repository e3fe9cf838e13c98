//! The requester takes their request back: by `Withdraw` on its card, or by `/lock withdraw` from
//! anywhere, also where there is no card.

use super::settle::settle_by;
use super::{Asker, Context, Reply};
use crate::error::Error;
use crate::message::{Message, SHORT, Text, Tone};
use crate::ports::Filed;
use crate::unlock::{Event, RequestId, Tried};

pub(super) async fn run(context: &Context, by: &Asker<'_>, id: RequestId) -> Result<Reply, Error> {
    let filed = super::request(context, id).await?;
    withdraw(context, by, &filed, None).await
}

pub(super) async fn run_open(
    context: &Context,
    by: &Asker<'_>,
    typed: &str,
    reason: Option<&str>,
) -> Result<Reply, Error> {
    let filed = super::open_request(context, typed).await?;
    withdraw(context, by, &filed, reason).await?;
    let text = Text::own("Your request to unlock ")
        .name(filed.request.state.name.as_str(), SHORT)
        .then(" is withdrawn; the lock stays.");
    Ok(Reply::asker(Message::sentence(Tone::Plain, text)))
}

async fn withdraw(
    context: &Context,
    by: &Asker<'_>,
    filed: &Filed,
    reason: Option<&str>,
) -> Result<Reply, Error> {
    let event = || Event::Withdraw { by: by.actor, reason: reason.map(str::to_owned) };
    settle_by(context, by, filed, Tried::Withdraw, &event).await
}
