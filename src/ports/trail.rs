//! Reading the audit trail, and its checkpoint.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::Notice;
use crate::audit::{Checkpoint, Entry, Heads};
use crate::error::{Fault, WriteFault};
use crate::lock::StatePath;

/// Which entries to read.
#[derive(Clone, Copy, Debug)]
pub enum Extent<'p> {
    /// All entries, one chain after the other.
    All,
    /// The chain of one state path.
    Chain(&'p StatePath),
    /// One of several parts that can be read at the same time. Each chain is in exactly one of
    /// them.
    Segment {
        /// The segment, from 0.
        number: u8,
        /// The number of segments.
        of: u8,
    },
}

/// The audit trail, for reading.
#[async_trait]
pub trait Trail: Send + Sync {
    /// The newest entries of a path's chain before number `before`, newest first, at most `limit`.
    async fn newest(
        &self,
        path: &StatePath,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Entry>, Fault>;

    /// Passes each entry to `each`, each chain in order. Reads page by page, so memory does not
    /// grow with the trail. Stops when `each` breaks.
    async fn each(
        &self,
        extent: Extent<'_>,
        each: &mut (dyn FnMut(Entry) -> std::ops::ControlFlow<()> + Send),
    ) -> Result<(), Fault>;

    /// The number of segments that reads the whole trail fastest.
    fn segments(&self) -> u8;

    /// The last checkpoint.
    async fn checkpoint(&self) -> Result<Option<Checkpoint>, Fault>;

    /// Stores a checkpoint with its announcement. A trail that is not sound has no heads to store.
    /// Returns false if there is one of this UTC day, so that a replica that was slower announces
    /// no second one.
    async fn set_checkpoint(
        &self,
        at: DateTime<Utc>,
        heads: Option<&Heads>,
        announcement: &Notice,
    ) -> Result<bool, WriteFault>;
}
