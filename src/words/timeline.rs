//! The words of the picture of a state's holds, and the description of it for people who cannot see it.

use chrono::{DateTime, Utc};

use super::parts::counted;
use crate::lock::in_words;
use crate::text::{LONG, clip, clip_middle, visible};
use crate::watch::{Stretch, StretchEnd, Timeline, WhyUnknown};

/// The names of the marks.
pub(crate) const HELD: &str = "held";
pub(crate) const STALE: &str = "looked stale";
pub(crate) const FORCED: &str = "forced unlock";
pub(crate) const CHANGED_HANDS: &str = "changed hands";
pub(crate) const LASTS: &str = "held now";
pub(crate) const UNKNOWN: &str = "not known";

/// What an empty place means.
pub(crate) const BLANK: &str =
    "Blank: no hold is recorded. The lock was free, or the bot did not look.";

/// How many characters of a name fit above the picture.
const NAME: usize = 34;

/// The state's name, which is untrusted.
#[must_use]
pub(crate) fn title(of: &Timeline) -> String {
    clip_middle(&visible(of.state.as_str()), NAME)
}

/// `Holds from Oct 30 to Nov 28, by day and hour (UTC)`
#[must_use]
pub(crate) fn period(of: &Timeline) -> String {
    let (from, to) = (day(of.period.from), day(of.period.to));
    format!("Holds from {from} to {to}, by day and hour (UTC)")
}

/// `24 holds, 2 forced unlocks, 1 changed hands, held now for 3 h`
#[must_use]
pub(crate) fn summary(of: &Timeline) -> String {
    let mut parts = vec![counted(of.stretches.len() as u64, "hold", "holds")];
    match of.count(StretchEnd::Forced) {
        0 => {}
        forced => parts.push(counted(forced as u64, FORCED, "forced unlocks")),
    }
    match of.count(StretchEnd::ChangedHands) {
        0 => {}
        changed => parts.push(format!("{changed} {CHANGED_HANDS}")),
    }
    if let Some(lasting) = of.stretches.iter().find(|it| it.end == StretchEnd::Lasts) {
        parts.push(format!("{LASTS} for {}", length(lasting)));
    }
    parts.join(", ")
}

/// How long a hold lasted.
#[must_use]
pub(crate) fn length(of: &Stretch) -> String {
    in_words(of.length())
}

/// `Nov 28`
#[must_use]
pub(crate) fn day(at: DateTime<Utc>) -> String {
    at.format("%b %-d").to_string()
}

/// What the picture lacks, one sentence each.
#[must_use]
pub(crate) fn gaps(of: &Timeline) -> Vec<String> {
    let mut said = Vec::new();
    if let Some(unknown) = of.unknown {
        let until = day(unknown.until);
        said.push(match unknown.why {
            WhyUnknown::NotRecorded => {
                format!("Nothing is recorded before {until}. The bot may not have been there.")
            }
            WhyUnknown::NotRead => format!("There are more holds before {until} than fit here."),
        });
    }
    match of.not_understood {
        0 => {}
        1 => said.push("1 stored hold is of another version, and missing here.".to_owned()),
        more => said.push(format!("{more} stored holds are of another version, and missing here.")),
    }
    if !of.is_present_known {
        said.push("Whether the lock is held now could not be read.".to_owned());
    }
    said
}

/// The picture in words.
#[must_use]
pub(crate) fn description(of: &Timeline) -> String {
    let name = clip(&visible(of.state.as_str()), LONG);
    let mut text = format!("{name}. {}: {}.", period(of), summary(of));
    let longest = of.standing_out();
    if !longest.is_empty() {
        let said: Vec<String> = longest.iter().map(stands_out).collect();
        text.push_str(&format!(" The longest: {}.", said.join("; ")));
    }
    for gap in gaps(of) {
        text.push_str(&format!(" {gap}"));
    }
    text
}

/// `1 d 2 h from Nov 12 03:10, looked stale, forced unlock`
fn stands_out(of: &Stretch) -> String {
    let mut said = format!("{} from {}", length(of), of.since.format("%b %-d %H:%M"));
    if of.looked_stale {
        said.push_str(&format!(", {STALE}"));
    }
    match of.end {
        StretchEnd::Cleared => {}
        StretchEnd::Forced => said.push_str(&format!(", {FORCED}")),
        StretchEnd::ChangedHands => said.push_str(&format!(", {CHANGED_HANDS}")),
        StretchEnd::Lasts => said.push_str(&format!(", {LASTS}")),
    }
    said
}
