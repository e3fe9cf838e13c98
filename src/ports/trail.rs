//! The audit trail, as it is read.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::Notice;
use crate::audit::{Checkpoint, Entry, Heads};
use crate::error::{Fault, WriteFault};
use crate::lock::StatePath;

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

    /// Hands over every entry, or those of one path, each chain in its order. Reads page by page,
    /// so that it takes the same memory however long the trail is. Ends early when `each` says so.
    async fn each(
        &self,
        path: Option<&StatePath>,
        each: &mut (dyn FnMut(Entry) -> std::ops::ControlFlow<()> + Send),
    ) -> Result<(), Fault>;

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
