//! Which weeks have their report.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::Notice;
use crate::error::{Fault, WriteFault};
use crate::watch::WeekName;

/// The weekly reports that were made.
#[async_trait]
pub trait Weeks: Send + Sync {
    /// The week of the last report. `None` where none was ever due.
    async fn last(&self) -> Result<Option<WeekName>, Fault>;

    /// Stores that `week` has its report, together with the notice of it, if there is one. Returns false and writes
    /// nothing if `before` is not the stored week any more, because another replica was first.
    async fn advance(
        &self,
        before: Option<&WeekName>,
        week: &WeekName,
        at: DateTime<Utc>,
        notice: Option<&Notice>,
    ) -> Result<bool, WriteFault>;
}
