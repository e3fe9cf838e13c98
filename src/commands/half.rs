//! What is said of a lock that lies in one of two stores.

use super::status::or_unknown;
use crate::lock::{Half, LockState, Sources};
use crate::message::{LONG, SHORT, Text};

/// What is wrong with half a lock.
pub(super) fn half_line(lock: &LockState) -> Option<Text> {
    let sources = lock.sources()?;
    Some(half_text(sources.half()?, sources))
}

fn half_text(half: Half, sources: &Sources) -> Text {
    let text = Text::default().strong("Half locked");
    match half {
        Half::RowMissing => text.then(": the S3 lockfile is there, the DynamoDB row is not."),
        Half::LockfileMissing => text.then(": the DynamoDB row is there, the S3 lockfile is not."),
        Half::Different => different(text, sources),
    }
}

fn different(text: Text, sources: &Sources) -> Text {
    let [row, lockfile] = [&sources.row, &sources.lockfile]
        .map(|stored| stored.as_ref().map(|stored| stored.info.as_ref()));
    match (row, lockfile) {
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
