//! Sets up the lock that is asked about with everything that a status can show: past holds, other
//! runs that its holder's machine has finished, and an open request with its card.
//!
//! The library and the bot itself write all of it, so the items are those of this version.

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

/// Texts in the answer: the lock ID, its past holds, the other runs, and the link to the card.
pub const EXPECTED: &[&str] = &[LOCK_ID, "100 holds", "3 other runs", MESSAGE];

/// Past holds of that lock, one an hour.
const PAST_HOLDS: i32 = 100;

/// Runs for other states that the holder's machine has finished since it took the lock.
const OTHER_RUNS: i32 = 3;

/// How long a bot may take for its first look.
const LIMIT: Duration = Duration::from_mins(1);

/// The stored facts about the lock in one of the tables.
pub struct Scene {
    context: Context,
}

impl Scene {
    /// Writes everything except the card, which a bot posts.
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

    /// Forgets one lock, so that the next bot finds it as a new one.
    pub async fn forget_a_lock(&self) {
        let holds = &self.context.holds;
        let mut current = holds.current().await.unwrap();
        if let Some(hold) = current.remove(&self.state(OTHER_STATE).path) {
            self.end(hold, SystemClock.now()).await;
        }
    }

    /// Waits until the bot has found that lock and posted the card.
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

    /// A lock that the first holder took at `since`. Its ID is made from the time, so each lock of
    /// a state has another one.
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
