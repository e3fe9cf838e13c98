//! What is decided on a request is written, however often others change it meanwhile.

use super::{Asker, Context, Reply};
use crate::error::Error;
use crate::ports::{Change, Committed, Filed};
use crate::unlock::{Event, Tried, decide};

/// How often something is decided anew because somebody else was quicker.
pub(super) const TRIES: usize = 10;

/// Writes what an event other than a person's does to a request, however often it is changed
/// meanwhile, and gives the request as it is then.
///
/// # Errors
/// A fault where it cannot be written, or others never stop changing the request.
pub async fn settle(context: &Context, filed: &Filed, event: Event<'_>) -> Result<Filed, Error> {
    let mut filed = filed.clone();
    for _ in 0..TRIES {
        let now = context.reading.clock.now();
        let Ok(transition) = decide(&filed.request, event.clone(), &context.policy, now) else {
            return Ok(filed);
        };
        let change =
            Change { from: Some(&filed), transition: &transition, event: None, release_row: None };
        match super::commit(context, &change).await? {
            Committed::Done(done) => return Ok(done),
            // What was seen of a pending request's lock says nothing of a release that began since:
            // it may have been this bot who removed what is missing. Nor does what one attempt at a
            // release has seen say anything once another process has taken it up.
            Committed::Stale(fresh) if has_gone_on(&filed, &fresh) => return Ok(fresh),
            Committed::Stale(fresh) | Committed::AlreadyOpen(fresh) => filed = fresh,
            Committed::OpenedMeanwhile
            | Committed::Repeated
            | Committed::LockChanged(_)
            | Committed::RowRefused(_) => {
                return Ok(filed);
            }
        }
    }
    Err(super::too_busy().into())
}

/// Whether a release has begun, ended or been taken up since a request was read.
pub(super) fn has_gone_on(before: &Filed, now: &Filed) -> bool {
    let how_far = |filed: &Filed| (filed.request.status().clone(), filed.request.resumed);
    how_far(before) != how_far(now)
}

/// Writes what a person does to a request, and has the card say it. Decides anew where somebody
/// else was quicker.
pub(super) async fn settle_by<'e>(
    context: &Context,
    by: &Asker<'_>,
    filed: &Filed,
    tried: Tried,
    event: &(dyn Fn() -> Event<'e> + Sync),
) -> Result<Reply, Error> {
    let mut filed = filed.clone();
    for _ in 0..TRIES {
        let now = context.reading.clock.now();
        let transition = match decide(&filed.request, event(), &context.policy, now) {
            Ok(transition) => transition,
            Err(refusal) => return Err(super::refuse(context, by, &filed, tried, refusal).await),
        };
        by.acceptance.accept().await?;
        let change = Change {
            from: Some(&filed),
            transition: &transition,
            event: Some(by.event),
            release_row: None,
        };
        if let Committed::Stale(fresh) = super::commit(context, &change).await? {
            filed = fresh;
            continue;
        }
        context.courier.deliver().await;
        return Ok(Reply::Done);
    }
    Err(super::too_busy().into())
}
