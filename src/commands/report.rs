//! `locktender report`: the figures of the last days, from what is recorded already.

use crate::error::Fault;
pub use crate::figures::Reported;
use crate::figures::figures;
use crate::finding::Reading;
use crate::ports::{Holds, Trail};
use crate::watch::Period;

/// Reads the figures of the last `days` days.
///
/// # Errors
/// A fault where the bot's own tables, or all lock stores, cannot be read.
pub async fn report(
    reading: &Reading,
    holds: &dyn Holds,
    trail: &dyn Trail,
    days: u16,
) -> Result<Reported, Fault> {
    figures(reading, holds, trail, Period::last(days, reading.clock.now())).await
}
