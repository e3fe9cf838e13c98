//! When the report of a week is due.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, Days, NaiveTime, TimeDelta, Utc, Weekday};

/// How long a week is.
pub const WEEK: TimeDelta = TimeDelta::days(7);

/// How long after its time a report is still made, by a bot that was down.
const LATE: TimeDelta = TimeDelta::days(1);

/// A weekday and a time of day, in UTC: `monday 09:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeeklyTime {
    day: Weekday,
    time: NaiveTime,
}

/// A text that is no weekday and time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no weekday and time")]
pub struct NotAWeeklyTime;

/// The week of a report, by ISO 8601: `2026-W48`. There is one report for each.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WeekName(String);

impl WeeklyTime {
    /// The last moment up to `now` at which a report was due.
    #[must_use]
    pub fn last_due(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let days_since = now.weekday().days_since(self.day);
        let day = now.date_naive().checked_sub_days(Days::new(u64::from(days_since)));
        let due = day.unwrap_or(now.date_naive()).and_time(self.time).and_utc();
        if due <= now { due } else { due - WEEK }
    }

    /// The moment of the report that is to be made at `now`. `None` if it is too late for it.
    #[must_use]
    pub fn due(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let due = self.last_due(now);
        (now - due <= LATE).then_some(due)
    }
}

impl WeekName {
    /// The week of a moment.
    #[must_use]
    pub fn of(at: DateTime<Utc>) -> Self {
        let week = at.iso_week();
        Self(format!("{:04}-W{:02}", week.year(), week.week()))
    }

    /// A week that was stored.
    #[must_use]
    pub fn stored(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The week as text. Of two weeks, the later one's is greater.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WeeklyTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.day, self.time.format("%H:%M"))
    }
}

impl FromStr for WeeklyTime {
    type Err = NotAWeeklyTime;

    fn from_str(text: &str) -> Result<Self, NotAWeeklyTime> {
        let (day, time) = text.trim().split_once(char::is_whitespace).ok_or(NotAWeeklyTime)?;
        let day = day.parse().map_err(|_| NotAWeeklyTime)?;
        let time = NaiveTime::parse_from_str(time.trim(), "%H:%M").map_err(|_| NotAWeeklyTime)?;
        Ok(Self { day, time })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_report_is_due_from_its_time_on_for_a_day() {
        let weekly: WeeklyTime = "monday 09:00".parse().unwrap();
        // 2026-11-23 is a Monday.
        for (now, last, is_due) in [
            ("2026-11-23T08:59:59Z", "2026-11-16T09:00:00Z", false),
            ("2026-11-23T09:00:00Z", "2026-11-23T09:00:00Z", true),
            ("2026-11-24T09:00:00Z", "2026-11-23T09:00:00Z", true),
            ("2026-11-24T09:00:01Z", "2026-11-23T09:00:00Z", false),
            ("2026-11-29T23:59:59Z", "2026-11-23T09:00:00Z", false),
            ("2027-01-04T09:00:00Z", "2027-01-04T09:00:00Z", true),
        ] {
            assert_eq!(weekly.last_due(at(now)), at(last), "{now}");
            assert_eq!(weekly.due(at(now)), is_due.then(|| at(last)), "{now}");
        }
    }

    #[test]
    fn weeks_follow_each_other_over_the_turn_of_a_year() {
        let weeks = [
            "2026-12-27T23:59:59Z",
            "2026-12-28T00:00:00Z",
            "2027-01-03T23:59:59Z",
            "2027-01-04T00:00:00Z",
        ];
        let names = weeks.map(|week| WeekName::of(at(week)));
        assert_eq!(
            names.each_ref().map(WeekName::as_str),
            ["2026-W52", "2026-W53", "2026-W53", "2027-W01"]
        );
        assert!(names.is_sorted());
    }

    #[test]
    fn a_weekday_has_its_short_and_its_long_name() {
        let same = ["monday 09:00", "Mon 9:00", "  MONDAY \t09:00 "];
        for text in same {
            assert_eq!(text.parse::<WeeklyTime>(), same[0].parse(), "{text}");
        }
        for text in [
            "",
            "monday",
            "09:00",
            "monday 25:00",
            "moonday 09:00",
            "monday 09:00 CET",
            "daily 09:00",
        ] {
            assert_eq!(text.parse::<WeeklyTime>(), Err(NotAWeeklyTime), "{text}");
        }
    }
}
