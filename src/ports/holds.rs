//! The holds of locks, and who waits for them.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::Notice;
use crate::error::{Fault, WriteFault};
use crate::lock::{State, StatePath};
use crate::people::UserId;
use crate::watch::{Hold, LOOKED_AT, Line, Past, PastHold};

/// What is remembered of holds.
#[async_trait]
pub trait Holds: Send + Sync {
    /// Every hold that was under way at the last look and that this version can read.
    async fn current(&self) -> Result<BTreeMap<StatePath, Hold>, Fault>;

    /// The hold of a path that was under way at the last look.
    ///
    /// # Errors
    /// Of the kind [`FaultKind::NotUnderstood`](crate::error::FaultKind::NotUnderstood) where this
    /// version cannot read it.
    async fn remembered(&self, path: &StatePath) -> Result<Option<Hold>, Fault>;

    /// Remembers that a lock is held, and says whether nobody had done so before. A hold that is
    /// remembered and cannot be read is replaced, so that the lock is watched.
    async fn begin(&self, hold: &Hold) -> Result<bool, WriteFault>;

    /// Remembers what a look has found new about a hold: which halves of the lock are there, or what
    /// its record says. Says whether the hold was under way still.
    async fn update(&self, hold: &Hold) -> Result<bool, WriteFault>;

    /// Remembers that people are told at `at` that a hold is stale, with what they are told. Says
    /// whether it was under way still and nobody had been told.
    async fn tell_stale(
        &self,
        hold: &Hold,
        at: DateTime<Utc>,
        notice: &Notice,
    ) -> Result<bool, WriteFault>;

    /// Remembers at `at`, by the bot's clock, that a hold is over, and that `next` is held instead if
    /// it is; with what people have to be told, made of those who wait. They have waited long enough
    /// where nothing is held instead. Says whether the hold was under way until now, so that it ends
    /// once. A line that cannot be read keeps nobody else from being told.
    async fn end(
        &self,
        past: &PastHold,
        next: Option<&Hold>,
        at: DateTime<Utc>,
        notices: &(dyn for<'l> Fn(&'l Line) -> Vec<Notice> + Sync),
    ) -> Result<bool, WriteFault>;

    /// The last holds of a path that are over, the last first: those of the last `limit` that this
    /// version can read.
    async fn past(&self, path: &StatePath, limit: usize) -> Result<Vec<PastHold>, Fault>;

    /// What the past holds of a path say, of the last [`LOOKED_AT`]. A statistic: it may be some
    /// minutes old.
    async fn in_short(&self, path: &StatePath) -> Result<Arc<Past>, Fault> {
        Ok(Arc::new(Past::of(&self.past(path, LOOKED_AT).await?)))
    }

    /// How many holds of other paths the machine of this hold has ended since it began, counted up to
    /// [`OTHER_RUNS`](crate::watch::OTHER_RUNS). A statistic: it may be some minutes old.
    async fn other_runs(&self, hold: &Hold) -> Result<usize, Fault> {
        match hold.host() {
            Some(host) => self.ended_by(host, hold.since, &hold.state.path).await,
            None => Ok(0),
        }
    }

    /// How many holds of other paths a machine has ended since then, counted up to
    /// [`OTHER_RUNS`](crate::watch::OTHER_RUNS).
    async fn ended_by(
        &self,
        host: &str,
        since: DateTime<Utc>,
        but: &StatePath,
    ) -> Result<usize, Fault>;
}

/// Who waits for which lock.
#[async_trait]
pub trait Watches: Send + Sync {
    /// Those who wait for a path's lock.
    async fn line(&self, path: &StatePath) -> Result<Line, Fault>;

    /// Changes the line of a state, as often as it is changed meanwhile, and gives it as it is then;
    /// `None` where `change` says that it cannot be.
    async fn change_line(
        &self,
        state: &State,
        at: DateTime<Utc>,
        change: &(dyn for<'l> Fn(&'l Line) -> Option<Line> + Sync),
    ) -> Result<Option<Line>, WriteFault>;

    /// The lines that somebody is in, `limit` at most. Reads the lines of everybody, page by page.
    async fn watched_by(&self, user: UserId, limit: usize) -> Result<Vec<(State, Line)>, Fault>;
}
