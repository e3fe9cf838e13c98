//! Caches statistics of past holds, so that an answer about a lock only has to read the lock.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::error::{Fault, WriteFault};
use crate::lock::StatePath;
use crate::ports::{Clock, Holds, Notice, PastHolds};
use crate::watch::{Hold, HoldId, Line, Past, PastHold};

/// How long a statistic is used. A short hold may have been seen only by another replica.
const BELIEVED: Duration = Duration::from_mins(10);

/// Limit on cached statistics of one kind, since anyone may ask for any path.
const MOST: usize = 10_000;

/// The holds, with a cache of the statistics of past ones.
///
/// The lookout fills the cache, since it assesses every hold. The end of a hold removes the
/// statistics that it changes.
pub struct RememberedHolds {
    holds: Arc<dyn Holds>,
    clock: Arc<dyn Clock>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    past: Shelf<StatePath, Arc<Past>>,
    /// The machine, and its number of other runs.
    other_runs: Shelf<HoldId, (Option<String>, usize)>,
    /// How many holds have ended. A value that was read before an end is not stored after it.
    ends: u64,
}

/// Values, each with the process uptime at which it was read.
struct Shelf<K, V>(HashMap<K, (Duration, V)>);

impl<K, V> Default for Shelf<K, V> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Eq + Hash, V: Clone> Shelf<K, V> {
    fn get(&self, key: &K, now: Duration) -> Option<V> {
        let (read_at, value) = self.0.get(key)?;
        (now.saturating_sub(*read_at) < BELIEVED).then(|| value.clone())
    }

    fn put(&mut self, key: K, value: V, now: Duration) {
        if self.0.len() >= MOST {
            self.0.retain(|_, (read_at, _)| now.saturating_sub(*read_at) < BELIEVED);
        }
        if self.0.len() >= MOST {
            self.0.clear();
        }
        self.0.insert(key, (now, value));
    }
}

impl RememberedHolds {
    /// Starts with an empty cache.
    #[must_use]
    pub fn new(holds: Arc<dyn Holds>, clock: Arc<dyn Clock>) -> Self {
        Self { holds, clock, kept: Mutex::default() }
    }

    // Every statement leaves it consistent, so a lock that was poisoned by a panic is still usable.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the cached value, or reads and caches it.
    async fn kept_or_read<K: Clone + Eq + Hash, V: Clone>(
        &self,
        shelf: fn(&mut Kept) -> &mut Shelf<K, V>,
        key: &K,
        read: impl Future<Output = Result<V, Fault>>,
    ) -> Result<V, Fault> {
        let now = self.clock.uptime();
        let ends = {
            let mut kept = self.kept();
            if let Some(value) = shelf(&mut kept).get(key, now) {
                return Ok(value);
            }
            kept.ends
        };
        let value = read.await?;
        let mut kept = self.kept();
        if kept.ends == ends {
            shelf(&mut kept).put(key.clone(), value.clone(), now);
        }
        Ok(value)
    }

    fn forget(&self, ended: &Hold) {
        let mut kept = self.kept();
        kept.ends += 1;
        kept.past.0.remove(&ended.state.path);
        let of_machine = |host: &Option<String>| host.as_deref() == ended.host();
        kept.other_runs.0.retain(|_, (_, (host, _))| !of_machine(host));
    }
}

#[async_trait]
impl Holds for RememberedHolds {
    async fn past_summary(&self, path: &StatePath) -> Result<Arc<Past>, Fault> {
        self.kept_or_read(|kept| &mut kept.past, path, self.holds.past_summary(path)).await
    }

    async fn other_runs(&self, hold: &Hold) -> Result<usize, Fault> {
        let read = async {
            let runs = self.holds.other_runs(hold).await?;
            Ok((hold.host().map(str::to_owned), runs))
        };
        let (_, runs) = self.kept_or_read(|kept| &mut kept.other_runs, &hold.id, read).await?;
        Ok(runs)
    }

    async fn end(
        &self,
        past: &PastHold,
        next: Option<&Hold>,
        at: DateTime<Utc>,
        notices: &(dyn for<'l> Fn(&'l Line) -> Vec<Notice> + Sync),
    ) -> Result<bool, WriteFault> {
        let ended = self.holds.end(past, next, at, notices).await;
        // The hold is over, even if another process ended it first or the answer was lost.
        self.forget(&past.hold);
        ended
    }

    async fn current(&self) -> Result<BTreeMap<StatePath, Hold>, Fault> {
        self.holds.current().await
    }

    async fn remembered(&self, path: &StatePath) -> Result<Option<Hold>, Fault> {
        self.holds.remembered(path).await
    }

    async fn begin(&self, hold: &Hold) -> Result<bool, WriteFault> {
        self.holds.begin(hold).await
    }

    async fn update(&self, hold: &Hold) -> Result<bool, WriteFault> {
        self.holds.update(hold).await
    }

    async fn tell_stale(
        &self,
        hold: &Hold,
        at: DateTime<Utc>,
        notice: &Notice,
    ) -> Result<bool, WriteFault> {
        self.holds.tell_stale(hold, at, notice).await
    }

    async fn past(&self, path: &StatePath, limit: usize) -> Result<PastHolds, Fault> {
        self.holds.past(path, limit).await
    }

    async fn past_since(&self, path: &StatePath, since: DateTime<Utc>) -> Result<PastHolds, Fault> {
        self.holds.past_since(path, since).await
    }

    async fn ended_by(
        &self,
        host: &str,
        since: DateTime<Utc>,
        but: &StatePath,
    ) -> Result<usize, Fault> {
        self.holds.ended_by(host, since, but).await
    }
}
