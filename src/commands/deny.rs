//! An approver, or the person behind the lock's holder, denies a request: by `Deny` on the card, or by `/lock deny` from anywhere, also without a
//! card.

use super::act::{apply_by, refuse};
use super::{Asker, Context, Reply};
use crate::error::Error;
use crate::people::RequestId;
use crate::unlock::{Event, Tried, decide};
use crate::words::{form, request as words};

pub(super) async fn run(
    context: &Context,
    by: &Asker<'_>,
    id: RequestId,
    reason: Option<&str>,
) -> Result<Reply, Error> {
    let filed = context.request(id).await?;
    let is_holder = context.is_holder(&filed.request, by.actor);
    let event = || Event::Deny { by: by.actor, is_holder, reason: reason.map(str::to_owned) };
    let now = context.reading.clock.now();
    if let Err(refusal) = decide(&filed.request, event(), context.policy(&filed.request), now) {
        return Err(refuse(context, by, &filed, Tried::Deny, refusal).await);
    }
    if reason.is_none() {
        let name = filed.request.state.name.as_str();
        return Ok(Reply::Form(form::denial(id, name)));
    }
    apply_by(context, by, filed, Tried::Deny, &event).await
}

pub(super) async fn run_for_state(
    context: &Context,
    by: &Asker<'_>,
    typed: &str,
    reason: Option<&str>,
) -> Result<Reply, Error> {
    let filed = context.open_request(typed).await?;
    let is_holder = context.is_holder(&filed.request, by.actor);
    let event = || Event::Deny { by: by.actor, is_holder, reason: reason.map(str::to_owned) };
    let said = words::denied(&filed.request);
    apply_by(context, by, filed, Tried::Deny, &event).await?;
    Ok(Reply::asker(said))
}
