//! Keeps the names of the states that can be seen, so that finding one never waits for AWS.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::sync::OnceCell;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::error::Fault;
use crate::lock::KnownStates;
use crate::message::visible;
use crate::ports::{Directory, Locks};
use crate::telemetry::millis;

/// How often the names are read anew. A new state is found by its full name from the start; only
/// its completion waits. A pass reads the lock table once and lists the bucket once.
const INTERVAL: Duration = Duration::from_mins(5);

/// The pause after a pass that failed.
const RETRY: Duration = Duration::from_secs(30);

/// How long a person at a command line waits for a hint.
const HINT_PATIENCE: Duration = Duration::from_secs(1);

/// The names, read in the background and answered from memory.
pub struct LiveDirectory {
    locks: Arc<dyn Locks>,
    known: RwLock<Option<Arc<KnownStates>>>,
}

impl LiveDirectory {
    /// A directory that knows nothing until [`run`](Self::run) or [`refresh`](Self::refresh).
    #[must_use]
    pub fn new(locks: Arc<dyn Locks>) -> Self {
        Self { locks, known: RwLock::new(None) }
    }

    /// Reads the names anew until `shutdown`. A failed pass keeps what was known before.
    pub async fn run(&self, shutdown: CancellationToken) {
        let passes = async {
            loop {
                let pause = match self.refresh().await {
                    Ok(()) => INTERVAL,
                    Err(fault) => {
                        let cause = fault.cause().map(|cause| visible(&cause));
                        warn!(kind = fault.kind.as_str(), cause, "names not refreshed: {fault}");
                        RETRY
                    }
                };
                sleep(pause).await;
            }
        };
        shutdown.run_until_cancelled(passes).await;
    }

    /// Reads the names once.
    ///
    /// # Errors
    /// A fault where nothing could be read; what was known stays.
    pub async fn refresh(&self) -> Result<(), Fault> {
        let begun = Instant::now();
        let known = Arc::new(KnownStates::new(self.locks.seen().await?));
        debug!(states = known.len(), ms = millis(begun.elapsed()), "names refreshed");
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(known);
        Ok(())
    }
}

#[async_trait]
impl Directory for LiveDirectory {
    async fn known(&self) -> Option<Arc<KnownStates>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The names, read when first asked for: for a command line, which needs them only for a hint.
pub struct PatientDirectory {
    locks: Arc<dyn Locks>,
    known: OnceCell<Option<Arc<KnownStates>>>,
}

impl PatientDirectory {
    /// A directory that reads nothing until it is asked.
    #[must_use]
    pub fn new(locks: Arc<dyn Locks>) -> Self {
        Self { locks, known: OnceCell::new() }
    }
}

#[async_trait]
impl Directory for PatientDirectory {
    /// Waits 1 s at most; a hint that cannot be had is none.
    async fn known(&self) -> Option<Arc<KnownStates>> {
        let read = || async {
            let seen = timeout(HINT_PATIENCE, self.locks.seen()).await.ok()?.ok()?;
            Some(Arc::new(KnownStates::new(seen)))
        };
        self.known.get_or_init(read).await.clone()
    }
}
