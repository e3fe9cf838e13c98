//! Texts about a lock that is in only one of two stores, or differs between them.
//!
//! Either one half of the lock was lost, or the run uses only one store. In the second case the
//! lock is complete and the run may be alive. So no text here calls a run dead.

use super::parts::or_unknown;
use crate::lock::{Half, LockState, Sources};
use crate::message::Text;
use crate::text::{LONG, SHORT};
use crate::watch::HABIT;

/// What is wrong with a half lock.
pub(crate) fn half_line(lock: &LockState) -> Option<Text> {
    let sources = lock.sources()?;
    Some(half_text(sources.half()?, sources))
}

fn half_text(half: Half, sources: &Sources) -> Text {
    let text = Text::default().strong("Half locked");
    match half {
        Half::RowMissing => text.then(
            ": the S3 lockfile is there, the DynamoDB row is missing. Either its run uses only \
                 the lockfile and may be alive, or the row was lost.",
        ),
        Half::LockfileMissing => text.then(
            ": the DynamoDB row is there, the S3 lockfile is missing. Either its run uses only \
                 the row and may be alive, or the lockfile was lost.",
        ),
        Half::Different => different(text, sources),
    }
}

fn different(text: Text, sources: &Sources) -> Text {
    let [row, lockfile] = [&sources.row, &sources.lockfile]
        .map(|stored| stored.as_ref().map(|stored| stored.info.as_ref()));
    match (row, lockfile) {
        (Some(Err(row)), Some(Err(lockfile))) => text
            .then(": neither the DynamoDB row (")
            .name(&row.to_string(), LONG)
            .then(") nor the S3 lockfile (")
            .name(&lockfile.to_string(), LONG)
            .then(") can be read."),
        (Some(Err(flaw)), _) => text
            .then(": the DynamoDB row cannot be read (")
            .name(&flaw.to_string(), LONG)
            .then("). The fields below are from the S3 lockfile."),
        (_, Some(Err(flaw))) => text
            .then(": the S3 lockfile cannot be read (")
            .name(&flaw.to_string(), LONG)
            .then("). The fields below are from the DynamoDB row."),
        (_, Some(Ok(lockfile))) => text
            .then(
                ": the DynamoDB row and the S3 lockfile belong to two different locks. The \
                 lockfile belongs to ",
            )
            .quote(lockfile.id.as_str(), SHORT)
            .then(" by ")
            .quote(or_unknown(&lockfile.who), SHORT)
            .then("."),
        (_, None) => text.then("."),
    }
}

/// For a lock whose halves were both seen.
pub(crate) fn a_half_was_lost() -> Text {
    Text::own(
        "Both halves were seen during this hold, so one was removed: its run is releasing the \
             lock now, or died while it did.",
    )
}

/// For past holds that suggest that runs here use only one store.
pub(crate) fn runs_take_one_half() -> Text {
    Text::own(format!(
        "None of the last {HABIT} holds here had both halves. Runs here probably use only one \
             store, so the missing half does not mean that this run is dead.",
    ))
}
