//! What `locktender audit` says.

use super::parts::counted;
use crate::audit::Verified;
use crate::lock::StatePath;
use crate::text::visible;

/// `Nothing is recorded yet.`
#[must_use]
pub(crate) fn nothing_recorded(path: Option<&StatePath>) -> String {
    match path {
        Some(path) => format!("Nothing is recorded of {}.", visible(path.as_str())),
        None => "Nothing is recorded yet.".to_owned(),
    }
}

/// `The trail holds: 6 entries in 2 chains, every one as it was written.`, and the digest to compare.
#[must_use]
pub(crate) fn holds(verified: &Verified) -> String {
    format!(
        "The trail holds: {} in {}, every one as it was written.\nDigest of all heads: {}",
        counted(verified.entries, "entry", "entries"),
        counted(verified.heads.len() as u64, "chain", "chains"),
        verified.digest()
    )
}

/// A bad trail after a restore is no attack.
pub(super) const IF_RESTORED: &str =
    "If a table was restored from a backup, docs/BACKUP.md says how to go on.";

/// `The trail does not hold: ` and the first bad entry, with the next step.
#[must_use]
pub(crate) fn does_not_hold(why: &str) -> String {
    format!(
        "The trail does not hold: {}.\n{IF_RESTORED} If none was, docs/RUNBOOK.md does.",
        visible(why)
    )
}
