//! `Approve`: a second person agrees, and the last approval needed begins the release.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use futures::future::try_join_all;

use super::act::refuse;
use super::{Asker, Context, Reply};
use crate::conflict::{Attempt, retry_on_conflict};
use crate::error::{Error, Fault, Refusal};
use crate::message::Form;
use crate::people::{RequestId, UserId};
use crate::ports::{Change, Filed};
use crate::release;
use crate::unlock::{Event, Outcome, Rejection, Tried, UnlockRequest, decide};
use crate::words::form;

pub(super) async fn run(
    context: &Context,
    by: &Asker<'_>,
    id: RequestId,
    typed: Option<&str>,
) -> Result<Reply, Error> {
    let filed = context.request(id).await?;
    retry_on_conflict(filed, |filed| async move { approve(context, by, &filed, typed).await }).await
}

async fn approve(
    context: &Context,
    by: &Asker<'_>,
    filed: &Filed,
    typed: Option<&str>,
) -> Result<Attempt<Reply>, Error> {
    let request = &filed.request;
    let now = context.reading.clock.now();
    let standing = standing(context, request).await?;
    let guarantees = context.reading.locks.guarantees(&request.state);
    let event = Event::Approve { by: by.actor, standing: &standing, guarantees };
    let approved = match decide(request, event, context.policy(request), now) {
        Ok(approved) => approved,
        Err(rejection) => return Err(refuse(context, by, filed, Tried::Approve, rejection).await),
    };
    if let Some(form) = confirmation(request, typed, now)? {
        return Ok(Attempt::Done(Reply::Form(form)));
    }
    by.acceptance.accept().await?;
    let changed = match &approved.unlock {
        None => {
            let change = Change::of(filed, &approved).by(by.event);
            context.ledger.change(&change).await?.into()
        }
        Some(right) => release::begin(context, filed, &approved, right, by.event).await?,
    };
    let changed = match changed {
        Attempt::Done(changed) => changed,
        Attempt::Conflict(fresh) => return Ok(Attempt::Conflict(fresh)),
    };
    context.courier.deliver().await;
    match changed.request.closing() {
        // The approver expects a release, and there was none.
        Some(closing) if matches!(closing.outcome, Outcome::Superseded | Outcome::AlreadyFree) => {
            Err(Refusal::Unlock(Rejection::Closed(closing.clone())).into())
        }
        _ => Ok(Attempt::Done(Reply::Silent)),
    }
}

/// The form that asks for the state's name, if that is needed and it was not typed yet.
fn confirmation(
    request: &UnlockRequest,
    typed: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Option<Form>, Refusal> {
    match typed {
        _ if request.looks_stale(now) => Ok(None),
        None => Ok(Some(form::confirmation(request))),
        Some(typed) if typed.trim() == form::confirmation_word(request) => Ok(None),
        Some(_) => Err(Refusal::Unlock(Rejection::NotConfirmed)),
    }
}

/// The earlier approvers who are still members with an approver role. With one approval needed there are
/// none, and Discord is not asked.
async fn standing(context: &Context, request: &UnlockRequest) -> Result<BTreeSet<UserId>, Fault> {
    let lookups = request.approvals.iter().map(|approval| async {
        let id = approval.by.id;
        let roles = context.members.roles(id).await?;
        let stands = roles.is_some_and(|roles| context.policy(request).has_approver_role(&roles));
        Ok::<_, Fault>(stands.then_some(id))
    });
    Ok(try_join_all(lookups).await?.into_iter().flatten().collect())
}
