//! How long a lock has been held, in words.

use chrono::{DateTime, TimeDelta, Utc};

/// Time from `since` to `now`. Never negative, although `since` comes from another machine's clock.
#[must_use]
pub fn age(since: DateTime<Utc>, now: DateTime<Utc>) -> TimeDelta {
    (now - since).max(TimeDelta::zero())
}

/// A duration in its two largest units: `42 s`, `12 min`, `4 h 12 min`, `3 d 4 h`, `45 d`.
///
/// Rounds down, so an age is never shown before it is reached.
#[must_use]
pub fn in_words(duration: TimeDelta) -> String {
    let (days, hours, minutes, seconds) = (
        duration.num_days(),
        duration.num_hours() % 24,
        duration.num_minutes() % 60,
        duration.num_seconds() % 60,
    );
    match (days, hours, minutes, seconds) {
        (0, 0, 0, s) => format!("{s} s"),
        (0, 0, m, _) => format!("{m} min"),
        (0, h, 0, _) => format!("{h} h"),
        (0, h, m, _) => format!("{h} h {m} min"),
        (d, 0, ..) => format!("{d} d"),
        (d, ..) if d >= 10 => format!("{d} d"),
        (d, h, ..) => format!("{d} d {h} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_people_say_them() {
        let cases = [
            (0, "0 s"),
            (42, "42 s"),
            (60, "1 min"),
            (12 * 60 + 59, "12 min"),
            (3_600, "1 h"),
            (4 * 3_600 + 12 * 60 + 30, "4 h 12 min"),
            (86_400, "1 d"),
            (3 * 86_400 + 4 * 3_600 + 60, "3 d 4 h"),
            (45 * 86_400 + 3 * 3_600, "45 d"),
        ];
        for (seconds, words) in cases {
            assert_eq!(in_words(TimeDelta::seconds(seconds)), words, "{seconds} s");
        }
    }

    #[test]
    fn a_lock_from_the_future_is_of_age_zero() {
        let now = DateTime::UNIX_EPOCH;
        assert_eq!(age(now + TimeDelta::hours(1), now), TimeDelta::zero());
        assert_eq!(age(DateTime::<Utc>::MAX_UTC, DateTime::<Utc>::MIN_UTC), TimeDelta::zero());
    }
}
