//! `Approve`: the second person's word, and with the last one needed the release.

use std::collections::BTreeSet;

use futures::future::try_join_all;

use super::decided::refuse;
use super::{Asker, Context, Reply};
use crate::error::{Error, Fault, Refusal};
use crate::people::UserId;
use crate::ports::{Change, Committed, Filed};
use crate::release::{TRIES, carry_out};
use crate::unlock::{self, Event, RequestId, Tried, decide};
use crate::words::form;

pub(super) async fn run(
    context: &Context,
    by: &Asker<'_>,
    id: RequestId,
    typed: Option<&str>,
) -> Result<Reply, Error> {
    let mut filed = context.request(id).await?;
    for _ in 0..TRIES {
        let now = context.reading.clock.now();
        let request = &filed.request;
        let standing = standing(context, &filed).await?;
        let event = Event::Approve { by: by.actor, standing: &standing };
        let approved = match decide(request, event, &context.policy, now) {
            Ok(approved) => approved,
            Err(refusal) => {
                return Err(refuse(context, by, &filed, Tried::Approve, refusal).await);
            }
        };
        if !request.looks_stale(now) {
            match typed {
                None => return Ok(Reply::Form(form::confirmation(request))),
                Some(typed) if typed.trim() != form::word(request) => {
                    return Err(Refusal::Unlock(unlock::Refusal::NotConfirmed).into());
                }
                Some(_) => {}
            }
        }
        by.acceptance.accept().await?;
        let committed = match &approved.unlock {
            None => {
                let change = Change::of(&filed, &approved).by(by.event);
                context.ledger.commit(&change).await?
            }
            // On the heap, since most approvals carry nothing out and each would carry a release.
            Some(right) => Box::pin(carry_out(context, &filed, &approved, right, by.event)).await?,
        };
        match committed {
            Committed::Done(_)
            | Committed::AlreadyOpen(_)
            | Committed::OpenedMeanwhile
            | Committed::Repeated
            | Committed::RowRefused(_) => {
                context.courier.deliver().await;
                return Ok(Reply::Done);
            }
            Committed::Stale(fresh) => filed = fresh,
            Committed::LockChanged(found) => {
                let event = Event::LockChanged(found);
                let Ok(ended) = decide(&approved.next, event, &context.policy, now) else {
                    return Err(Fault::bug().into());
                };
                // The approval is a fact, whatever became of the lock: both go on record.
                let both = approved.and_then(ended);
                let change = Change::of(&filed, &both).by(by.event);
                match context.ledger.commit(&change).await? {
                    Committed::Done(closed) => {
                        context.courier.deliver().await;
                        return Err(super::closed(&closed).into());
                    }
                    Committed::Stale(fresh) => filed = fresh,
                    _ => return Ok(Reply::Done),
                }
            }
        }
    }
    Err(Fault::too_busy().into())
}

/// Those who approved before and are members with an approver role still. With one approval needed
/// there are none to ask about, and nothing is asked.
async fn standing(context: &Context, filed: &Filed) -> Result<BTreeSet<UserId>, Fault> {
    let lookups = filed.request.approvals.iter().map(|approval| async {
        let id = approval.by.id;
        let roles = context.members.roles(id).await?;
        let stands = roles.is_some_and(|roles| context.policy.has_approver_role(&roles));
        Ok::<_, Fault>(stands.then_some(id))
    });
    Ok(try_join_all(lookups).await?.into_iter().flatten().collect())
}
