//! The lock that is asked about, with all that a status can say of one: past holds to compare with,
//! other runs that its holder's machine has finished, and an open request with its card.
//!
//! All of it is written by the library and by the bot itself, so it is what this version writes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use locktender::clock::SystemClock;
use locktender::command::Command;
use locktender::context::Context;
use locktender::lock::{HeldLock, LockRecord, LockState, State, StoredLock, Stores};
use locktender::people::EventId;
use locktender::ports::Clock;
use locktender::watch::{Ending, Hold, PastHold};
use tokio::time::sleep;

use crate::double::MESSAGE;
use crate::library::{Nobody, ask, context};
use crate::store::{HELD, LOCK_ID, OTHER_STATE, STATE, Store, holder, record};

/// What the answer has in it: the lock, its past holds, the other runs, and the link to the card.
pub const EXPECTED: &[&str] = &[LOCK_ID, "100 holds", "3 other runs", MESSAGE];

/// Past holds of the lock that is asked about, one an hour.
const PAST_HOLDS: i32 = 100;

/// Runs that the holder's machine has finished for other states since it took the lock.
const OTHER_RUNS: i32 = 3;

/// How long a bot may take for its first look.
const LIMIT: Duration = Duration::from_mins(1);

/// What is known of the lock in one of the tables.
pub struct Scene {
    context: Context,
}

impl Scene {
    /// Writes all of it, but for the card, which a bot posts.
    pub async fn set(store: &Store, table: &str) -> Self {
        let scene = Self { context: context(store, table, Arc::new(Nobody)) };
        let now = SystemClock.now();
        for at in 1..=PAST_HOLDS {
            let since = now - HELD - TimeDelta::hours(1) * at;
            let until = since + TimeDelta::minutes(5) + TimeDelta::seconds(3) * at;
            let lock = scene.lock(STATE, since);
            scene.has_been_held(&lock, until).await;
        }
        for at in 1..=OTHER_RUNS {
            let since = now - TimeDelta::minutes(10) * at;
            let lock = scene.lock(&format!("team-0/other-{at}/prod"), since);
            scene.has_been_held(&lock, since + TimeDelta::minutes(5)).await;
        }
        let reason = Some("the runner died".to_owned());
        let unlock = Command::Unlock { state: STATE.to_owned(), reason };
        ask(&scene.context, 1, EventId::new(1), unlock).await;
        scene
    }

    /// Has one lock forgotten, so that the first look of the bot that is started next finds it anew.
    pub async fn forget_a_lock(&self) {
        let holds = &self.context.holds;
        let mut current = holds.current().await.unwrap();
        if let Some(hold) = current.remove(&self.state(OTHER_STATE).path) {
            self.end(hold, SystemClock.now()).await;
        }
    }

    /// Waits until the bot has found that lock, and until the card is posted.
    pub async fn is_seen(&self) {
        let begun = Instant::now();
        while !(self.is_remembered().await && self.has_card().await) {
            assert!(begun.elapsed() < LIMIT, "the bot does not see the locks, or posts no card");
            sleep(Duration::from_millis(100)).await;
        }
    }

    async fn is_remembered(&self) -> bool {
        let current = self.context.holds.current().await.unwrap();
        current.contains_key(&self.state(OTHER_STATE).path)
    }

    async fn has_card(&self) -> bool {
        let open = self.context.ledger.open_request(&self.state(STATE).path).await.unwrap();
        open.expect("the open request").card.is_some()
    }

    async fn has_been_held(&self, lock: &HeldLock, until: DateTime<Utc>) {
        let hold = Hold::of(lock, until).unwrap();
        assert!(self.context.holds.begin(&hold).await.unwrap(), "{hold:?} is remembered already");
        self.end(hold, until).await;
    }

    async fn end(&self, hold: Hold, at: DateTime<Utc>) {
        let past = PastHold { hold, ended_at: at, ending: Ending::Cleared };
        let ended = self.context.holds.end(&past, None, at, &|_| Vec::new()).await.unwrap();
        assert!(ended, "{past:?} is over already");
    }

    fn state(&self, name: &str) -> State {
        self.context.reading.catalog.resolve(name).unwrap()
    }

    /// A lock that the holder in question took then. The time makes its ID, so that no two of a state
    /// have the same.
    fn lock(&self, name: &str, since: DateTime<Utc>) -> HeldLock {
        let state = self.state(name);
        let number = since.timestamp().try_into().unwrap();
        let record = record(number, &holder(0), since, state.path.as_str());
        let row = StoredLock::new(LockRecord::new(record), None);
        let stores = Stores { row: true, lockfile: false };
        let lock = LockState::from_stores(stores, Some(row), None);
        HeldLock { state, lock }
    }
}
