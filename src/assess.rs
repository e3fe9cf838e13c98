//! Assesses a hold: compares it with what is usual.

use chrono::{DateTime, Utc};

use crate::context::Context;
use crate::error::Fault;
use crate::watch::{Hold, Past, Verdict, stale_from, verdict};

/// The assessment of a hold.
#[derive(Clone, Debug)]
pub struct Assessment {
    /// The verdict at this time.
    pub verdict: Verdict,
    /// When it becomes stale by its age alone.
    pub stale_from: DateTime<Utc>,
}

/// Reads the past holds and assesses a hold.
///
/// # Errors
/// A fault if the past cannot be read.
pub async fn assess_hold(
    context: &Context,
    hold: &Hold,
    now: DateTime<Utc>,
) -> Result<Assessment, Fault> {
    let (past, other_runs) = futures::try_join!(
        context.holds.past_summary(&hold.state.path),
        context.holds.other_runs(hold)
    )?;
    Ok(assess(context, hold, &past, other_runs, now))
}

/// Assesses a hold from data already read.
#[must_use]
pub fn assess(
    context: &Context,
    hold: &Hold,
    past: &Past,
    other_runs: usize,
    now: DateTime<Utc>,
) -> Assessment {
    let limit = context.policies.of(&hold.state).stale_after;
    Assessment {
        verdict: verdict(hold, past, other_runs, limit, now),
        stale_from: stale_from(hold, past, limit),
    }
}
