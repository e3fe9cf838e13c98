//! Compares a started release with the audit trail before it is resumed.

use crate::audit::{Action, Entry};
use crate::context::Context;
use crate::error::{Error, Fault};
use crate::ports::Filed;
use crate::unlock::{UnlockRequest, Unvouched, Vouched, vouched};

/// Entries in a read. Most requests have fewer, and an entry is at most some KiB.
const PAGE: usize = 50;

/// Why a started release is not resumed.
pub(super) enum NotVouched {
    /// Another process has changed it.
    Changed(Box<Filed>),
    /// It does not agree with the trail.
    Disagrees(Unvouched),
}

/// Proves that a started release agrees with the trail.
///
/// # Errors
/// A fault where the trail or the request cannot be read.
pub(super) async fn vouch(
    context: &Context,
    filed: &Filed,
) -> Result<Result<Vouched, NotVouched>, Error> {
    let entries = since_its_opening(context, &filed.request).await?;
    let why = match vouched(&filed.request, context.policy(&filed.request), &entries) {
        Ok(vouched) => return Ok(Ok(vouched)),
        Err(why) => why,
    };
    // The trail may be newer than the request that was read. Then another process has ended it.
    let id = filed.request.id;
    if let Some(now) = context.ledger.request(id).await?
        && now.request.version != filed.request.version
    {
        return Ok(Err(NotVouched::Changed(Box::new(now))));
    }
    Ok(Err(NotVouched::Disagrees(why)))
}

/// The entries of the request's path since its opening, oldest first. All of them if its opening is not among
/// them.
async fn since_its_opening(
    context: &Context,
    request: &UnlockRequest,
) -> Result<Vec<Entry>, Fault> {
    let id = request.id.to_string();
    let opens = |entry: &Entry| {
        entry.text("request") == Some(&id) && entry.text("action") == Some(Action::Opened.as_str())
    };
    let mut entries: Vec<Entry> = Vec::new();
    loop {
        let before = entries.last().map(Entry::seq);
        let page = context.trail.newest(&request.state.path, before, PAGE).await?;
        // A forged number must not make this loop endless.
        let goes_on = page
            .last()
            .is_some_and(|last| last.seq() > 1 && before.is_none_or(|before| last.seq() < before));
        let is_last = !goes_on || page.iter().any(opens);
        entries.extend(page);
        if is_last {
            entries.reverse();
            return Ok(entries);
        }
    }
}
