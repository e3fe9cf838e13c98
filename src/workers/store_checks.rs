//! Keeps in memory what `locktender doctor` has found about stores of lockfiles.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::ports::Locks;

/// The pause between two readings. A finding changes only when somebody runs `locktender doctor`.
const INTERVAL: Duration = Duration::from_mins(10);

/// The pause after a failed reading. Until it succeeds, the stores count as not checked.
const AGAIN: Duration = Duration::from_secs(30);

/// Reads the findings at intervals.
pub struct StoreFindings(pub Arc<dyn Locks>);

impl StoreFindings {
    /// Reads them until `shutdown`, the first time at once.
    pub async fn run(&self, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            let pause = match self.0.learn().await {
                Ok(()) => INTERVAL,
                Err(fault) => {
                    warn!(kind = fault.kind.as_str(), "findings about stores not read: {fault}");
                    AGAIN
                }
            };
            shutdown.run_until_cancelled(sleep(pause)).await;
        }
    }
}
