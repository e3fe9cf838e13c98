//! Assesses a hold: how it compares with what is usual.

use chrono::{DateTime, Utc};

use crate::context::Context;
use crate::error::Fault;
use crate::watch::{Hold, Past, Verdict, stale_from, verdict};

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
#[must_use]
pub fn assess(
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
