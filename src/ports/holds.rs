//! The holds of locks, and their watchers.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::Notice;
use crate::error::{Fault, WriteFault};
use crate::lock::{State, StatePath};
use crate::people::UserId;
use crate::watch::{Hold, LOOKED_AT, Line, Past, PastHold};

/// The stored holds.
#[async_trait]
pub trait Holds: Send + Sync {
    /// The holds that were current at the last look and that this version can read.
    async fn current(&self) -> Result<BTreeMap<StatePath, Hold>, Fault>;

    /// The hold of a path that was current at the last look.
    ///
    /// # Errors
    /// A fault of the kind [`FaultKind::NotUnderstood`](crate::error::FaultKind::NotUnderstood) if
    /// this version cannot read it.
    async fn remembered(&self, path: &StatePath) -> Result<Option<Hold>, Fault>;

    /// Stores that a lock is held. Returns true if no readable hold was stored before. An
    /// unreadable one is replaced, so that the lock is watched.
    async fn begin(&self, hold: &Hold) -> Result<bool, WriteFault>;

    /// Stores what a look found new about a hold: which halves exist, or what its record says.
    /// Returns false and writes nothing if the hold has ended, or if its stale notice was sent
    /// since it was read.
    async fn update(&self, hold: &Hold) -> Result<bool, WriteFault>;

    /// Stores that a hold was reported as stale at `at`, together with the notice. Returns false
    /// and writes nothing if the hold has ended or was already reported.
    async fn tell_stale(
        &self,
        hold: &Hold,
        at: DateTime<Utc>,
        notice: &Notice,
    ) -> Result<bool, WriteFault>;

    /// Stores at `at`, by the bot's clock, that a hold has ended, and that `next` is held instead
    /// if given. `notices` makes the notices from the line of watchers. Without `next` the lock is
    /// free, and watchers who do not keep watching leave the line. Returns false and writes nothing
    /// if the hold was not current, so it ends only once. An unreadable line does not stop the
    /// other notices.
    async fn end(
        &self,
        past: &PastHold,
        next: Option<&Hold>,
        at: DateTime<Utc>,
        notices: &(dyn for<'l> Fn(&'l Line) -> Vec<Notice> + Sync),
    ) -> Result<bool, WriteFault>;

    /// The last `limit` past holds of a path, the last one first.
    async fn past(&self, path: &StatePath, limit: usize) -> Result<PastHolds, Fault>;

    /// The past holds of a path that ended at `since` or later, the first one first.
    async fn past_since(&self, path: &StatePath, since: DateTime<Utc>) -> Result<PastHolds, Fault>;

    /// The summary of the last [`LOOKED_AT`] past holds of a path. A statistic: it may be some
    /// minutes old.
    async fn past_summary(&self, path: &StatePath) -> Result<Arc<Past>, Fault> {
        Ok(Arc::new(Past::of(&self.past(path, LOOKED_AT).await?.holds)))
    }

    /// Number of holds of other paths that this hold's machine has finished since the hold began,
    /// up to [`OTHER_RUNS`](crate::watch::OTHER_RUNS). A statistic: it may be some minutes old.
    async fn other_runs(&self, hold: &Hold) -> Result<usize, Fault> {
        match hold.host() {
            Some(host) => self.ended_by(host, hold.since, &hold.state.path).await,
            None => Ok(0),
        }
    }

    /// Number of holds of other paths than `but` that a machine has finished since `since`, up to
    /// [`OTHER_RUNS`](crate::watch::OTHER_RUNS).
    async fn ended_by(
        &self,
        host: &str,
        since: DateTime<Utc>,
        but: &StatePath,
    ) -> Result<usize, Fault>;
}

/// Past holds of a path.
#[derive(Debug, Default, PartialEq)]
pub struct PastHolds {
    /// Those that this version can read.
    pub holds: Vec<PastHold>,
    /// How many it cannot read.
    pub left_out: usize,
}

/// The watchers of locks.
#[async_trait]
pub trait Watches: Send + Sync {
    /// The watchers of a path's lock.
    async fn line(&self, path: &StatePath) -> Result<Line, Fault>;

    /// Changes the line of a state and returns the new line. `None` if `change` returns `None`.
    /// Retries if another process changed the line first.
    async fn change_line(
        &self,
        state: &State,
        at: DateTime<Utc>,
        change: &(dyn for<'l> Fn(&'l Line) -> Option<Line> + Sync),
    ) -> Result<Option<Line>, WriteFault>;

    /// The lines that a person is in, at most `limit`. Reads everyone's lines, page by page.
    async fn watched_by(&self, user: UserId, limit: usize) -> Result<Vec<(State, Line)>, Fault>;
}
