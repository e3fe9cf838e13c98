//! What `locktender list` says around its table, once and while it watches.

use chrono::{DateTime, TimeDelta, Utc};

use super::parts::counted;
use crate::lock::in_words;
use crate::text::{LONG, clip, visible};

/// What stands in place of a table without locks. `is_whole` if every backend was read.
pub(crate) fn none_listed(filter: &str, is_whole: bool) -> String {
    match filter.trim() {
        _ if !is_whole => "No lock was found.".to_owned(),
        "" => "No lock is held.".to_owned(),
        filter => format!("No held lock matches {:?}.", clip(filter, LONG)),
    }
}

/// Refuses to watch where nothing can be redrawn.
pub(crate) const NO_SCREEN: &str = "list --watch needs a terminal on standard output: for a pipe or a file, call list as \
    often as you need it";

/// The marks of a watched list.
pub(crate) const NEW: &str = "+";
pub(crate) const CLEARED: &str = "-";
pub(crate) const OLD: &str = "?";

/// In place of the age of a lock that has cleared since the last look.
pub(crate) const HAS_CLEARED: &str = "cleared";

/// What the marks mean.
pub(crate) const LEGEND: &str =
    "+ new since the last look   - cleared since then   ? not read, as it was before";

/// `3 locks are held, where the name, holder or ID has "prod".`
pub(crate) fn count(locks: usize, filter: &str, is_whole: bool) -> String {
    let number = counted(locks as u64, "lock", "locks");
    let held = match (locks, is_whole) {
        (0, true) => return none_listed(filter, true),
        (0, false) => "No lock is known to be held, and not all could be read".to_owned(),
        (1, true) => "1 lock is held".to_owned(),
        (_, true) => format!("{number} are held"),
        (1, false) => "1 lock was held when it was last read".to_owned(),
        (_, false) => format!("{number} were held when they were last read"),
    };
    match filter.trim() {
        "" => format!("{held}."),
        filter => format!("{held}, of those that match {:?}.", clip(filter, LONG)),
    }
}

/// `Looked at 12:00:05 UTC, every 5 s. Ctrl-C ends this.`
pub(crate) fn looked_every(at: DateTime<Utc>, every: TimeDelta) -> String {
    format!("Looked at {}, every {}. Ctrl-C ends this.", clock(at), in_words(every))
}

/// `Looked at 12:00:05 UTC.`
pub(crate) fn looked_at(at: DateTime<Utc>) -> String {
    format!("Looked at {}.", clock(at))
}

/// Says that a look takes long. Until it ends, what is shown may be wrong.
pub(crate) fn no_answer_for(time: TimeDelta) -> String {
    format!("⚠️ No answer for {}. This is how it was before.", in_words(time))
}

/// `⚠️ main was last read at 12:00:05 UTC, 2 min ago: the table cannot be reached`
pub(crate) fn not_read(
    backends: &[String],
    last: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
    why: &str,
) -> String {
    let names = clip(&visible(&backends.join(", ")), LONG);
    let why = clip(&visible(why), LONG);
    match last {
        Some(last) => {
            let ago = in_words((now - last).max(TimeDelta::zero()));
            format!(
                "⚠️ {names} cannot be read. The last look was at {}, {ago} ago. {why}",
                clock(last)
            )
        }
        None => format!("⚠️ {names} could not be read yet, so its locks are missing. {why}"),
    }
}

/// Says how many lines a screen has no room for.
pub(crate) fn no_room(lines: usize) -> String {
    format!("… and {}: this window is too small.", counted(lines as u64, "more line", "more lines"))
}

fn clock(at: DateTime<Utc>) -> String {
    at.format("%H:%M:%S UTC").to_string()
}
