//! Ends a release that cannot be finished, as failed. Deletes nothing.

use tracing::error;

use super::LONGEST_RELEASE;
use super::apply::apply;
use crate::context::Context;
use crate::error::{Error, Fault};
use crate::people::RequestId;
use crate::ports::Filed;
use crate::unlock::{Event, Left, Progress, Step, Unvouched};

/// Ends a release that did not end within [`LONGEST_RELEASE`], and says what is left of the lock. `fault` is
/// what prevented its end.
///
/// # Errors
/// A fault where the end cannot be written; the release stays started.
pub async fn give_up(context: &Context, id: RequestId, fault: &Fault) -> Result<Filed, Error> {
    let filed = context.request(id).await?;
    let minutes = LONGEST_RELEASE.num_minutes();
    let why = format!("for {minutes} minutes the release could not be finished. {fault}");
    let event = failure(context, &filed, &why, |ended| ended).await;
    apply(context, filed, event).await
}

/// Ends a release that does not agree with the audit trail. If the lock is gone, it is not called released:
/// who removed it is not known.
pub(super) async fn give_up_unvouched(
    context: &Context,
    filed: Filed,
    why: Unvouched,
) -> Result<Filed, Error> {
    let id = filed.request.id;
    error!(request = %id, "a started release does not agree with the audit trail: {why}");
    let remedy = match why {
        Unvouched::TooFew => {
            "if LOCKTENDER_APPROVALS was raised meanwhile, ask again; otherwise find out who can \
             write to this bot's table"
        }
        _ => "find out who can write to this bot's table, and ask again",
    };
    let why = format!("{why}; {remedy}");
    let event = failure(context, &filed, &why, |_| {
        Event::Failed(format!(
            "another lock is there now, or none; it is not known who removed the approved one: \
                 {why}"
        ))
    })
    .await;
    apply(context, filed, event).await
}

/// The failure of a release, by what is left of the lock. If nothing is left to delete, `nothing_left` turns
/// the end of the release into its failure.
async fn failure(
    context: &Context,
    filed: &Filed,
    why: &str,
    nothing_left: impl FnOnce(Event<'static>) -> Event<'static>,
) -> Event<'static> {
    let request = &filed.request;
    match context.reading.locks.inspect(&request.state).await {
        Ok(lock) => match Step::next(request, &lock, &Progress::given_up(request, why)) {
            Step::End(event @ (Event::Failed(_) | Event::FailedMidway { .. })) => event,
            Step::End(event) => nothing_left(event),
            // What is refused is not deleted.
            Step::Delete(_) | Step::DeleteRowWithEnd(_) => Event::Failed(why.to_owned()),
        },
        Err(unread) => {
            let mut why = format!("what is left of the lock could not be read, and {why}");
            let unread = unread.to_string();
            if !why.contains(&unread) {
                why = format!("{why}. {unread}");
            }
            Event::FailedMidway { why, left: Left::Unknown }
        }
    }
}
