//! Whether a hold is longer than it should be, and how that is known.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::statistics::seconds;
use super::{Hold, Past, Summary};

/// How much longer than nearly all past ones a hold is when it is called stale.
const TIMES: i32 = 3;

/// And how much longer at least: where holds last seconds, three times as long says nothing.
const AT_LEAST: TimeDelta = TimeDelta::minutes(10);

/// How many other runs of a machine are counted. One says as much as a thousand.
pub const OTHER_RUNS: usize = 100;

/// What is to be thought of a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It is no longer than others were.
    Active,
    /// It is longer than nearly all others were.
    Long,
    /// It is so long that its run has probably died.
    Stale,
}

/// What is to be thought of a hold, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// What.
    pub kind: Kind,
    /// Why.
    pub evidence: Evidence,
}

/// What is known, for a person to check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// How long the hold has been going on.
    #[serde(with = "seconds")]
    pub age: TimeDelta,
    /// How long past holds with the same operation lasted here; `None` where there are too few to
    /// speak of what is usual.
    pub usual: Option<Summary>,
    /// The age past which a hold is stale where the past says nothing.
    #[serde(with = "seconds")]
    pub limit: TimeDelta,
    /// How many holds of other states the holder's machine has ended since this one began, up to
    /// [`OTHER_RUNS`].
    pub other_runs: usize,
}

/// The verdict on a hold. `past` is what past holds of the same state say, `other_runs` how many holds
/// of other states its machine has ended since it began, and `limit` the team's word for where the past
/// says nothing.
#[must_use]
pub fn verdict(
    hold: &Hold,
    past: &Past,
    other_runs: usize,
    limit: TimeDelta,
    now: DateTime<Utc>,
) -> Verdict {
    let age = hold.age(now);
    let usual = past.usual(hold);
    let is_long = usual.is_some_and(|usual| age > usual.p95);
    let kind = if now >= stale_from(hold, past, limit) {
        Kind::Stale
    } else if is_long && other_runs > 0 && age > AT_LEAST {
        // Past what is usual, while the machine has gone on to other work.
        Kind::Stale
    } else if is_long {
        Kind::Long
    } else {
        Kind::Active
    };
    Verdict { kind, evidence: Evidence { age, usual, limit, other_runs } }
}

/// From when on a hold is stale by its age alone.
#[must_use]
pub fn stale_from(hold: &Hold, past: &Past, limit: TimeDelta) -> DateTime<Utc> {
    let sum = |a: TimeDelta, b| a.checked_add(&b).unwrap_or(TimeDelta::MAX);
    let age = past.usual(hold).map_or(limit, |Summary { p95, .. }| {
        p95.checked_mul(TIMES).unwrap_or(TimeDelta::MAX).max(sum(p95, AT_LEAST))
    });
    // The limit is passed by what is longer than it, not by what is as long.
    let past_it = sum(age, TimeDelta::milliseconds(1));
    hold.since.checked_add_signed(past_it).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
