//! Resumes a release that was begun and not finished.

use super::apply::apply;
use super::finish::finish;
use super::give_up::give_up_unvouched;
use super::vouch::{NotVouched, vouch};
use crate::context::Context;
use crate::error::Error;
use crate::ports::Filed;
use crate::unlock::{Event, Vouched};

/// Finishes a release that this process or another one began. One that does not agree with the audit trail
/// is given up.
///
/// # Errors
/// A fault where a store cannot be reached; the release stays started, to be resumed again.
pub async fn resume(context: &Context, filed: Filed) -> Result<Filed, Error> {
    match vouch(context, &filed).await? {
        Ok(vouched) => resume_vouched(context, filed, vouched).await,
        Err(NotVouched::Changed(now)) => Ok(*now),
        Err(NotVouched::Disagrees(why)) => give_up_unvouched(context, filed, why).await,
    }
}

async fn resume_vouched(context: &Context, filed: Filed, vouched: Vouched) -> Result<Filed, Error> {
    debug_assert!(vouched.is_of(&filed.request));
    // From here on, what is gone may have been removed by the first attempt. If the request says so already,
    // the event changes nothing.
    let guarantees = context.reading.locks.guarantees(&filed.request.state);
    let filed = apply(context, filed, Event::Resume(guarantees)).await?;
    finish(context, filed).await
}
