//! Collects the figures of some days from what is recorded already.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use futures::stream::{self, StreamExt, TryStreamExt};

use crate::error::Fault;
use crate::finding::Reading;
use crate::lock::StatePath;
use crate::ports::{Extent, Holds, Seen, Trail, Unread};
use crate::watch::{LockReport, Period, Tally};

/// How many states are read at the same time.
const AT_ONCE: usize = 8;

/// The figures, and the stores that could not be read.
#[derive(Debug)]
pub struct Reported {
    /// The figures.
    pub report: LockReport,
    /// The stores that could not be read. States of their backends may be missing.
    pub unread: Vec<Unread>,
}

/// Reads the figures of a period.
///
/// Past holds are stored by state, and nothing lists them all. So the states come from the lock stores, the
/// current holds and the audit trail (docs/adr/0041).
///
/// # Errors
/// A fault where the bot's own tables, or all lock stores, cannot be read.
pub async fn figures(
    reading: &Reading,
    holds: &dyn Holds,
    trail: &dyn Trail,
    period: Period,
) -> Result<Reported, Fault> {
    let mut tally = Tally::of(period);
    let mut each = |entry| {
        tally.entry(&entry);
        ControlFlow::Continue(())
    };
    let (entries, current, seen) =
        futures::join!(trail.each(Extent::All, &mut each), holds.current(), reading.locks.seen());
    entries?;
    let (current, Seen { states, unread }) = (current?, seen?);
    let is_served = |path: &StatePath| reading.catalog.state_at(path.clone()).is_some();
    let held: BTreeSet<&StatePath> =
        states.iter().filter(|known| known.held).map(|known| &known.state.path).collect();
    for hold in current.values() {
        if is_served(&hold.state.path) { tally.held(hold) } else { tally.unwatched() }
    }
    // What could not be read is not called given back.
    let gone = current.keys().filter(|path| unread.is_empty() && is_served(path));
    gone.filter(|path| !held.contains(path)).for_each(|_| tally.not_looked_at());
    let taken = held.iter().filter(|path| !current.contains_key(**path));
    taken.for_each(|_| tally.not_looked_at());
    let seen = states.iter().map(|known| &known.state.path);
    let paths: BTreeSet<StatePath> =
        seen.chain(current.keys()).chain(tally.recorded()).cloned().collect();
    let past_of = |path: StatePath| async move { holds.past_since(&path, period.from).await };
    let mut past = stream::iter(paths).map(past_of).buffer_unordered(AT_ONCE);
    while let Some(past) = past.try_next().await? {
        past.holds.iter().for_each(|past| tally.past(past));
        tally.not_understood(past.left_out);
    }
    let name = |path: &StatePath| reading.catalog.state_at(path.clone()).map(|state| state.name);
    Ok(Reported { report: tally.report(name), unread })
}
