//! Holds a started release against the audit trail before it is taken up again.

use tracing::error;

use super::Context;
use super::settle::settle;
use crate::audit::{Action, Entry};
use crate::error::{Error, Fault};
use crate::ports::Filed;
use crate::unlock::{Event, UnlockRequest, Vouched, vouched};

/// Entries read at once. A request has fewer as a rule, and each entry is at most some KiB.
const PAGE: usize = 50;

/// The proof that a started release agrees with the trail, or the request as it is now, where it
/// cannot be taken up. One that does not agree is never released: it ends as failed.
///
/// # Errors
/// A fault where the trail cannot be read, or the end cannot be written.
pub(super) async fn vouch(
    context: &Context,
    filed: &Filed,
) -> Result<Result<Vouched, Filed>, Error> {
    let entries = since_its_opening(context, &filed.request).await?;
    let why = match vouched(&filed.request, &context.policy, &entries) {
        Ok(vouched) => return Ok(Ok(vouched)),
        Err(why) => why,
    };
    // The trail may be newer than what was read of the request: then another process has ended it.
    let id = filed.request.id;
    if let Some(now) = context.ledger.request(id).await?
        && now.request.version != filed.request.version
    {
        return Ok(Err(now));
    }
    error!(request = %id, "a started release does not agree with the audit trail: {why}");
    let note = format!(
        "nothing was released: {why}. Find out who can write to this bot's table, and ask again."
    );
    Ok(Err(settle(context, filed, Event::Failed(note)).await?))
}

/// The newest entries of the request's path back to its opening, oldest first; all of them where its
/// opening is not among them.
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
        let is_last = page.is_empty() || page.iter().any(opens);
        entries.extend(page);
        if is_last {
            entries.reverse();
            return Ok(entries);
        }
    }
}
