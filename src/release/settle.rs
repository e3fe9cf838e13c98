//! What is decided on a request is written, however often others change it meanwhile.

use crate::context::Context;
use crate::error::{Error, Fault};
use crate::ports::{Change, Committed, Filed};
use crate::unlock::{Event, decide};

/// Retries after another process changed the request first.
pub(crate) const TRIES: usize = 10;

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
        let change = Change::of(&filed, &transition);
        match context.ledger.commit(&change).await? {
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
    Err(Fault::too_busy().into())
}

/// Whether a release has begun, ended or been taken up since a request was read.
pub(super) fn has_gone_on(before: &Filed, now: &Filed) -> bool {
    let how_far = |filed: &Filed| (filed.request.status().clone(), filed.request.resumed);
    how_far(before) != how_far(now)
}
