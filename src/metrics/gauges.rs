//! The gauges: what was read last, and when.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ::metrics::Key;

/// How long a value counts as known if it is not read again. Every worker reads more often than this, unless it
/// fails: at intervals of seconds, and at most 30 s apart while it is told to wait.
pub(super) const FRESH: Duration = Duration::from_mins(2);

/// Whether anything is collected. Without it, a command pays for no metric.
static ON: AtomicBool = AtomicBool::new(false);

/// All gauges of this process.
static GAUGES: LazyLock<Gauges> = LazyLock::new(Gauges::default);

/// How long a gauge says what was last set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lasts {
    /// As long as the process runs: it cannot change by itself.
    Forever,
    /// Until it is older than allowed. Then it is not known.
    UntilStale,
}

/// The last value of each gauge.
#[derive(Debug, Default)]
pub(super) struct Gauges(Mutex<HashMap<Key, (f64, Instant, Lasts)>>);

impl Gauges {
    fn set(&self, key: Key, value: f64, now: Instant, lasts: Lasts) {
        let mut gauges = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        gauges.insert(key, (value, now, lasts));
    }

    /// Every gauge as it is known at `now`. `NaN` if it was known and is no longer.
    fn at(&self, now: Instant, fresh: Duration) -> Vec<(Key, f64)> {
        let gauges = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = gauges.iter().map(|(key, (value, read, lasts))| {
            let is_known =
                *lasts == Lasts::Forever || now.saturating_duration_since(*read) <= fresh;
            (key.clone(), if is_known { *value } else { f64::NAN })
        });
        known.collect()
    }
}

/// Begins to collect.
pub(super) fn begin() {
    ON.store(true, Ordering::Relaxed);
}

/// Whether anything is collected.
pub(crate) fn is_on() -> bool {
    ON.load(Ordering::Relaxed)
}

/// Sets a gauge.
pub(super) fn set(key: Key, value: f64, lasts: Lasts) {
    if !is_on() {
        return;
    }
    GAUGES.set(key, value, Instant::now(), lasts);
}

/// Every gauge that was set. `fresh` is how long a value counts as known.
pub(super) fn known(fresh: Duration) -> Vec<(Key, f64)> {
    GAUGES.at(Instant::now(), fresh)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_read_for_a_while_is_not_known_any_more() {
        let gauges = Gauges::default();
        let read = Instant::now();
        gauges.set(Key::from_name("held"), 3.0, read, Lasts::UntilStale);
        gauges.set(Key::from_name("last_look"), 7.0, read, Lasts::Forever);
        let at = |after: Duration| {
            let mut known = gauges.at(read + after, FRESH);
            known.sort_by(|(a, _), (b, _)| a.cmp(b));
            known.into_iter().map(|(_, value)| value).collect::<Vec<_>>()
        };
        assert_eq!(at(Duration::ZERO), [3.0, 7.0]);
        assert_eq!(at(FRESH), [3.0, 7.0]);
        let later = at(FRESH + Duration::from_secs(1));
        assert!(later[0].is_nan(), "{later:?}");
        assert!((later[1] - 7.0).abs() < f64::EPSILON, "{later:?}");
        gauges.set(Key::from_name("held"), 0.0, read + FRESH * 2, Lasts::UntilStale);
        assert_eq!(at(FRESH * 2), [0.0, 7.0]);
    }
}
