//! What is to be thought of a hold, in a line that a person can check.

use chrono::{DateTime, Utc};

use super::Context;
use crate::error::Fault;
use crate::lock::in_words;
use crate::message::{SHORT, Text};
use crate::watch::{Evidence, Hold, Kind, OTHER_RUNS, PastHold, Verdict, stale_from, verdict};

/// How many past holds are looked at: what was usual long ago is not usual now.
pub(super) const LOOKED_AT: usize = 100;

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
    let past = context.holds.past(&hold.state.path, LOOKED_AT).await?;
    assess_with(context, hold, &past, now).await
}

/// Assesses a hold whose past was read.
pub(super) async fn assess_with(
    context: &Context,
    hold: &Hold,
    past: &[PastHold],
    now: DateTime<Utc>,
) -> Result<Assessment, Fault> {
    let other_runs = match hold.host() {
        Some(host) => context.holds.ended_by(host, hold.since, &hold.state.path).await?,
        None => 0,
    };
    let limit = context.policy.stale_after;
    Ok(Assessment {
        verdict: verdict(hold, past, other_runs, limit, now),
        stale_from: stale_from(hold, past, limit),
    })
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
