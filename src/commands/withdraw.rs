//! The requester withdraws their request: by `Withdraw` on its card, or by `/lock withdraw` from anywhere,
//! also without a card.

use super::act::apply_by;
use super::{Asker, Context, Reply};
use crate::error::Error;
use crate::people::RequestId;
use crate::ports::Filed;
use crate::unlock::{Event, Tried};
use crate::words::request as words;

pub(super) async fn run(context: &Context, by: &Asker<'_>, id: RequestId) -> Result<Reply, Error> {
    let filed = context.request(id).await?;
    withdraw(context, by, filed, None).await
}

pub(super) async fn run_for_state(
    context: &Context,
    by: &Asker<'_>,
    typed: &str,
    reason: Option<&str>,
) -> Result<Reply, Error> {
    let filed = context.open_request(typed).await?;
    let said = words::withdrawn(&filed.request);
    withdraw(context, by, filed, reason).await?;
    Ok(Reply::asker(said))
}

async fn withdraw(
    context: &Context,
    by: &Asker<'_>,
    filed: Filed,
    reason: Option<&str>,
) -> Result<Reply, Error> {
    let event = || Event::Withdraw { by: by.actor, reason: reason.map(str::to_owned) };
    apply_by(context, by, filed, Tried::Withdraw, &event).await
}
