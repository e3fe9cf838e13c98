//! The fake's clock, and the ids derived from it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use twilight_model::id::Id;
use twilight_model::util::Timestamp;

/// A point in time, counted from the Unix epoch.
pub type Moment = Duration;

/// The start of Discord's snowflakes, 2015-01-01T00:00:00Z, in milliseconds since the Unix epoch.
const DISCORD_EPOCH_MILLIS: u128 = 1_420_070_400_000;

/// The only clock for Discord's deadlines (3 s, 15 min).
///
/// It starts at the real time and stops there until a test moves it. So no test sleeps for a deadline,
/// and no bot misses a deadline on a busy machine.
pub(super) struct Clock {
    now: Mutex<Moment>,
    ids: AtomicU64,
}

impl Default for Clock {
    fn default() -> Self {
        Self { now: Mutex::new(real_now()), ids: AtomicU64::default() }
    }
}

impl Clock {
    pub fn now(&self) -> Moment {
        *self.hands()
    }

    pub fn advance(&self, by: Duration) {
        *self.hands() += by;
    }

    /// Moves the clock forward to this moment. It never goes back.
    pub fn reach(&self, moment: Moment) {
        let mut now = self.hands();
        *now = moment.max(*now);
    }

    fn hands(&self) -> MutexGuard<'_, Moment> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new id of any kind. It is a real snowflake, greater than all earlier ones.
    pub fn id<T>(&self) -> Id<T> {
        let since = self.now().as_millis() - DISCORD_EPOCH_MILLIS;
        let millis = u64::try_from(since).expect("the clock is within this era");
        let counter = self.ids.fetch_add(1, Ordering::Relaxed) & 0x3f_ffff;
        Id::new(millis << 22 | counter)
    }
}

/// The moment in the format of Discord's JSON.
pub(super) fn iso_8601(moment: Moment) -> String {
    let micros = i64::try_from(moment.as_micros()).expect("the clock is within this era");
    let timestamp = Timestamp::from_micros(micros).expect("the clock is within this era");
    timestamp.iso_8601().to_string()
}

#[expect(clippy::disallowed_methods, reason = "the fake is a world of its own, with a clock")]
fn real_now() -> Moment {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("the machine's clock is after 1970")
}
