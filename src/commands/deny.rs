//! `Deny`: an approver says no.

use super::settle::settle_by;
use super::{Asker, Context, Reply, form};
use crate::error::Error;
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
