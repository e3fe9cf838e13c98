//! Restarts workers that panic.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::error;

/// Pause before a restart. The cause of the panic may still be there.
pub const REST: Duration = Duration::from_secs(10);

/// Runs a worker until it ends, and restarts it after `rest` if it panics. Returns `false` only if
/// `shutdown` comes during a rest.
pub async fn restarting<F: Future<Output = ()>>(
    worker: impl Fn(CancellationToken) -> F,
    shutdown: CancellationToken,
    rest: Duration,
) -> bool {
    loop {
        let run = async { worker(shutdown.clone()).await };
        if AssertUnwindSafe(run).catch_unwind().await.is_ok() {
            return true;
        }
        error!(rest_s = rest.as_secs(), "a worker panicked and is started again");
        if shutdown.run_until_cancelled(sleep(rest)).await.is_none() {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_worker_that_panics_is_started_again_until_it_ends() {
        let runs = AtomicUsize::new(0);
        let worker = |_| async {
            assert!(runs.fetch_add(1, Ordering::Relaxed) >= 2, "met something odd");
        };
        assert!(restarting(worker, CancellationToken::new(), Duration::ZERO).await);
        assert_eq!(runs.into_inner(), 3);
    }

    #[tokio::test]
    async fn a_shutdown_does_not_wait_for_a_worker_to_rest() {
        let shutdown = CancellationToken::new();
        let worker = |shutdown: CancellationToken| async move {
            shutdown.cancel();
            panic!("met something odd");
        };
        let rest = Duration::from_hours(1);
        assert!(!restarting(worker, shutdown, rest).await);
    }
}
