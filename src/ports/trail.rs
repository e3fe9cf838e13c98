//! The audit trail, as it is read.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::Notice;
use crate::audit::{Checkpoint, Entry, Heads};
use crate::error::{Fault, WriteFault};
use crate::lock::StatePath;

/// Which entries are read.
#[derive(Clone, Copy, Debug)]
pub enum Extent<'p> {
    /// All of them, one chain after the other.
    All,
    /// The chain of one state path.
    Chain(&'p StatePath),
    /// One of several parts that can be read at once. Each chain is wholly in one of them.
    Segment {
        /// Which one, from 0.
        number: u8,
        /// How many there are.
        of: u8,
    },
}

/// The audit trail, for reading.
#[async_trait]
pub trait Trail: Send + Sync {
    /// The newest entries of a path's chain before number `before`, newest first, `limit` at most.
    async fn newest(
        &self,
        path: &StatePath,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Entry>, Fault>;

    /// Hands over every entry of an extent, each chain in its order. Reads page by page, so that it
    /// takes the same memory however long the trail is. Ends early when `each` says so.
    async fn each(
        &self,
        extent: Extent<'_>,
        each: &mut (dyn FnMut(Entry) -> std::ops::ControlFlow<()> + Send),
    ) -> Result<(), Fault>;

    /// In how many segments the whole trail is read soonest.
    fn segments(&self) -> u8;

    /// The last checkpoint.
    async fn checkpoint(&self) -> Result<Option<Checkpoint>, Fault>;

    /// Keeps a checkpoint and has it announced; once a UTC day, whoever comes first. A trail that
    /// does not hold has no heads to keep. Returns whether this was first.
    async fn set_checkpoint(
        &self,
        at: DateTime<Utc>,
        heads: Option<&Heads>,
        announcement: &Notice,
    ) -> Result<bool, WriteFault>;
}
