//! What is to be thought of a hold, in a line that a person can check.

use chrono::{DateTime, Utc};

use super::Context;
use crate::error::Fault;
use crate::lock::in_words;
use crate::message::{SHORT, Text};
use crate::watch::{Evidence, Hold, Kind, OTHER_RUNS, Past, Verdict, stale_from, verdict};

/// What is known of a hold beside the lock itself.
#[derive(Clone, Debug)]
pub struct Assessment {
    /// What is to be thought of it now.
    pub verdict: Verdict,
    /// From when on it is stale by its age alone.
    pub stale_from: DateTime<Utc>,
}

/// Looks into the past of a hold.
///
/// # Errors
/// A fault where the past cannot be read.
pub async fn assess_hold(
    context: &Context,
    hold: &Hold,
    now: DateTime<Utc>,
) -> Result<Assessment, Fault> {
    let (past, other_runs) = futures::try_join!(
        context.holds.in_short(&hold.state.path),
        context.holds.other_runs(hold)
    )?;
    Ok(assess(context, hold, &past, other_runs, now))
}

/// Assesses a hold by what was read.
pub(super) fn assess(
    context: &Context,
    hold: &Hold,
    past: &Past,
    other_runs: usize,
    now: DateTime<Utc>,
) -> Assessment {
    let limit = context.policy.stale_after;
    Assessment {
        verdict: verdict(hold, past, other_runs, limit, now),
        stale_from: stale_from(hold, past, limit),
    }
}

/// `stale: 4 h 12 min, past applies here took 6 min (95 % under 11 min, 43 holds); ci-runner-04 has
/// finished 3 other runs since`.
#[must_use]
pub(super) fn verdict_line(hold: &Hold, verdict: &Verdict) -> Text {
    let Evidence { age, usual, limit, other_runs } = &verdict.evidence;
    let word = match verdict.kind {
        Kind::Active => "active",
        Kind::Long => "long",
        Kind::Stale => "stale",
    };
    let mut text = Text::default().strong(word).then(format!(": {}", in_words(*age)));
    text = match (usual, hold.operation()) {
        (Some(usual), Some(operation)) => {
            text.then(", past ").append(super::status::operation(&operation)).then(format!(
                " holds here took {} (95 % up to {}, {} holds)",
                in_words(usual.median),
                in_words(usual.p95),
                usual.count
            ))
        }
        _ => text.then(format!(
            "; too few past holds here to compare with, so the limit of {} counts",
            in_words(*limit)
        )),
    };
    match (hold.host(), *other_runs) {
        (_, 0) | (None, _) => text.then("."),
        (Some(host), runs) => text
            .then("; ")
            .name(host, SHORT / 2)
            .then(" has finished ")
            .then(match runs {
                1 => "1 other run".to_owned(),
                OTHER_RUNS.. => format!("{OTHER_RUNS} or more other runs"),
                runs => format!("{runs} other runs"),
            })
            .then(" since."),
    }
}
