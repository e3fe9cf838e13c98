//! The requester takes their request back: by `Withdraw` on its card, or by `/lock withdraw` from
//! anywhere, also where there is no card.

use super::decided::settle_by;
use super::{Asker, Context, Reply};
use crate::error::Error;
use crate::ports::Filed;
use crate::unlock::{Event, RequestId, Tried};
use crate::words::request as words;

pub(super) async fn run(context: &Context, by: &Asker<'_>, id: RequestId) -> Result<Reply, Error> {
    let filed = context.request(id).await?;
    withdraw(context, by, &filed, None).await
}

pub(super) async fn run_open(
    context: &Context,
    by: &Asker<'_>,
    typed: &str,
    reason: Option<&str>,
) -> Result<Reply, Error> {
    let filed = context.open_request(typed).await?;
    withdraw(context, by, &filed, reason).await?;
    Ok(Reply::asker(words::withdrawn(&filed.request)))
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
