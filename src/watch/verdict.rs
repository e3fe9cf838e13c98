//! The verdict on a hold: active, long or stale, with the evidence.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::statistics::seconds;
use super::{Hold, Past, Summary};

/// A hold is stale when it is this many times as long as nearly all past ones.
const TIMES: i32 = 3;

/// And longer by at least this. Where holds last seconds, three times as long means little.
const AT_LEAST: TimeDelta = TimeDelta::minutes(10);

/// Most other runs of a machine that are counted. More would not change the verdict.
pub const OTHER_RUNS: usize = 100;

/// The kind of verdict on a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It is not known to be longer than past holds.
    Active,
    /// It is longer than nearly all past holds.
    Long,
    /// It is so long that its run has probably died.
    Stale,
}

/// The verdict on a hold, with its evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The kind.
    pub kind: Kind,
    /// The evidence.
    pub evidence: Evidence,
}

/// The facts behind a verdict, for a person to check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// How long the hold has lasted.
    #[serde(with = "seconds")]
    pub age: TimeDelta,
    /// How long past holds with the same operation lasted here. `None` if there are too few.
    pub usual: Option<Summary>,
    /// The age above which a hold is stale where there are too few past holds.
    #[serde(with = "seconds")]
    pub limit: TimeDelta,
    /// How many holds of other states the holder's machine has finished since this hold began, up
    /// to [`OTHER_RUNS`].
    pub other_runs: usize,
}

/// The verdict on a hold. `past` summarises past holds of the same state. `other_runs` counts the
/// holds of other states that its machine has finished since it began. `limit` is the team's
/// configured limit, used where there are too few past holds.
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
        // Longer than usual, and the machine has finished other runs meanwhile.
        Kind::Stale
    } else if is_long {
        Kind::Long
    } else {
        Kind::Active
    };
    Verdict { kind, evidence: Evidence { age, usual, limit, other_runs } }
}

/// The time from which a hold is stale by its age alone.
#[must_use]
pub fn stale_from(hold: &Hold, past: &Past, limit: TimeDelta) -> DateTime<Utc> {
    let sum = |a: TimeDelta, b| a.checked_add(&b).unwrap_or(TimeDelta::MAX);
    let age = past.usual(hold).map_or(limit, |Summary { p95, .. }| {
        p95.checked_mul(TIMES).unwrap_or(TimeDelta::MAX).max(sum(p95, AT_LEAST))
    });
    // A hold exactly as long as the limit is not stale yet.
    let past_it = sum(age, TimeDelta::milliseconds(1));
    hold.since.checked_add_signed(past_it).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
