//! Once a week, has the report of the last seven days posted.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::context::Context;
use crate::error::{Fault, WriteFault};
use crate::figures::{Reported, figures};
use crate::ports::{Notice, Weeks};
use crate::watch::{Period, WEEK, WeekName, WeeklyTime};

/// How often the worker checks whether a report is due.
const INTERVAL: Duration = Duration::from_mins(10);

/// Makes the weekly reports.
pub struct WeeklyReports {
    /// What the figures are read from, and the courier.
    pub context: Context,
    /// Which weeks have their report.
    pub weeks: Arc<dyn Weeks>,
    /// When a report is due.
    pub at: WeeklyTime,
}

impl WeeklyReports {
    /// Makes one report each week until `shutdown`.
    pub async fn run(&self, shutdown: CancellationToken) {
        let rounds = async {
            loop {
                if let Err(fault) = self.round().await {
                    warn!(kind = fault.kind.as_str(), "no weekly report: {fault}");
                }
                sleep(INTERVAL).await;
            }
        };
        shutdown.run_until_cancelled(rounds).await;
    }

    /// Makes the report that is due, unless it was made.
    ///
    /// A bot that was down makes it up to a day late. Where none was ever due, the first one is that of the next
    /// week: nobody asked for one of the time before.
    ///
    /// # Errors
    /// A fault if the figures cannot be read or the report cannot be stored.
    pub async fn round(&self) -> Result<(), Fault> {
        let now = self.context.reading.clock.now();
        let last = self.weeks.last().await?;
        let Some(last) = last else {
            let passed = WeekName::of(self.at.last_due(now));
            let begun = self.weeks.advance(None, &passed, now, None).await;
            return begun.map(drop).map_err(WriteFault::into_fault);
        };
        let Some(due) = self.at.due(now) else { return Ok(()) };
        let week = WeekName::of(due);
        if week <= last {
            return Ok(());
        }
        let period = Period { from: due - WEEK, to: due };
        let Context { reading, holds, trail, courier, .. } = &self.context;
        let Reported { report, unread } = figures(reading, &**holds, &**trail, period).await?;
        let notice = Notice::Weekly {
            report: Box::new(report.shortened()),
            not_read: unread.iter().map(Into::into).collect(),
        };
        let made = self.weeks.advance(Some(&last), &week, now, Some(&notice)).await;
        if made.map_err(WriteFault::into_fault)? {
            info!(week = week.as_str(), "weekly report");
            courier.deliver().await;
        }
        Ok(())
    }
}
