//! Texts about a lock that is in only one of two stores, or differs between them.
//!
//! Either one half of the lock was lost, or the run uses only one store. In the second case the
//! lock is complete and the run may be alive. So no text here calls a run dead.

use super::parts::or_unknown;
use crate::lock::{Half, LockState, Sources};
use crate::message::{LONG, SHORT, Text};
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
            ": the S3 lockfile is there, the DynamoDB row is not. Either its run takes the lockfile \
             alone, and may be alive, or the row was lost.",
        ),
        Half::LockfileMissing => text.then(
            ": the DynamoDB row is there, the S3 lockfile is not. Either its run takes the row \
             alone, and may be alive, or the lockfile was lost.",
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
            .then("); what follows is the S3 lockfile's."),
        (_, Some(Err(flaw))) => text
            .then(": the S3 lockfile cannot be read (")
            .name(&flaw.to_string(), LONG)
            .then("); what follows is the DynamoDB row's."),
        (_, Some(Ok(lockfile))) => text
            .then(": the DynamoDB row and the S3 lockfile are of two locks. The lockfile's is ")
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
        "Both halves were seen during this hold, so one was lost: its run may be giving the \
         lock back, or died while it did.",
    )
}

/// For past holds that suggest that runs here use only one store.
pub(crate) fn runs_take_one_half() -> Text {
    Text::own(format!(
        "None of the last {HABIT} holds here had both halves, so runs here probably take one \
         store alone: it is no sign that this run is dead.",
    ))
}
