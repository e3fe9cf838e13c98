//! The days of a report.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// Most days of a report. Past holds are not kept longer.
pub const LONGEST_PERIOD: u16 = 90;

/// A stretch of time, mostly of whole days in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// Its beginning.
    pub from: DateTime<Utc>,
    /// Its end.
    pub to: DateTime<Utc>,
}

impl Period {
    /// The last `days` days up to now. Today is one of them.
    #[must_use]
    pub fn last(days: u16, now: DateTime<Utc>) -> Self {
        let before = Days::new(u64::from(days.saturating_sub(1)));
        let first = now.date_naive().checked_sub_days(before).unwrap_or(NaiveDate::MIN);
        Self { from: first.and_time(NaiveTime::MIN).and_utc(), to: now }
    }

    /// Its days, the first one first. A period that ends at midnight has nothing of the day that begins then.
    pub fn days(&self) -> impl Iterator<Item = NaiveDate> + use<> {
        let last = (self.to - TimeDelta::nanoseconds(1)).max(self.from).date_naive();
        self.from.date_naive().iter_days().take_while(move |day| *day <= last)
    }

    /// Whether a moment is in it.
    #[must_use]
    pub fn has(&self, at: DateTime<Utc>) -> bool {
        self.from <= at && at <= self.to
    }

    /// How much of a stretch of time is in it.
    #[must_use]
    pub fn part(&self, since: DateTime<Utc>, until: DateTime<Utc>) -> TimeDelta {
        (until.min(self.to) - since.max(self.from)).max(TimeDelta::zero())
    }

    /// One of its days.
    pub(super) fn day(&self, day: NaiveDate) -> Self {
        let from = day.and_time(NaiveTime::MIN).and_utc();
        Self { from: from.max(self.from), to: (from + TimeDelta::days(1)).min(self.to) }
    }
}
