//! Where the replicas keep their lease.

use async_trait::async_trait;

use crate::error::{Fault, WriteFault};
use crate::lease::{Lease, Replaces, Stored};

/// The one lease of all replicas that share the bot's table.
#[async_trait]
pub trait Leases: Send + Sync {
    /// The lease as it is stored now, strongly consistent.
    async fn read(&self) -> Result<Stored, Fault>;

    /// Writes the lease if it still replaces what is expected. Returns whether it did.
    ///
    /// # Errors
    /// As for [`Ledger::change`](super::Ledger::change). If the write was not answered, it may have been carried
    /// out: the lease then says whose it is.
    async fn write(&self, lease: &Lease, replaces: &Replaces) -> Result<bool, WriteFault>;
}
