//! Starts the background workers, restarts them after a panic, and ends them in order.

use std::sync::Arc;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::AppError;
use crate::context::Context;
use crate::ports::Weeks;
use crate::watch::WeeklyTime;
use crate::workers::{Checkpoints, REST, Warden, WeeklyReports, restarting};

/// The background workers.
pub(super) struct Workers {
    /// Each returns whether its last run ended without a panic.
    tasks: JoinSet<bool>,
    shutdown: CancellationToken,
    /// Workers that get work from the others until those have ended.
    last_tasks: JoinSet<bool>,
    last: CancellationToken,
}

impl Workers {
    pub(super) fn new(shutdown: CancellationToken) -> Self {
        let (last_tasks, last) = (JoinSet::new(), CancellationToken::new());
        Self { tasks: JoinSet::new(), shutdown, last_tasks, last }
    }

    /// Starts a worker and restarts it if it panics, so that a panic does not affect the others.
    pub(super) fn start<W, F>(&mut self, worker: &Arc<W>, run: fn(Arc<W>, CancellationToken) -> F)
    where
        W: Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        self.tasks.spawn(restarted(worker, run, self.shutdown.clone()));
    }

    /// Starts a worker that shuts down after all others have ended.
    pub(super) fn start_last<W, F>(
        &mut self,
        worker: &Arc<W>,
        run: fn(Arc<W>, CancellationToken) -> F,
    ) where
        W: Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        self.last_tasks.spawn(restarted(worker, run, self.last.clone()));
    }

    /// Starts the workers that look after requests and the audit trail.
    pub(super) fn watch_requests(&mut self, context: &Context) {
        let warden = Arc::new(Warden::new(context.clone()));
        let checkpoints = Arc::new(Checkpoints {
            trail: context.trail.clone(),
            courier: context.courier.clone(),
            clock: context.reading.clock.clone(),
        });
        self.start(&warden, |warden, shutdown| async move { warden.run(shutdown).await });
        self.start(
            &checkpoints,
            |checkpoints, shutdown| async move { checkpoints.run(shutdown).await },
        );
    }

    /// Starts the worker that has the weekly report posted.
    pub(super) fn report_weekly(
        &mut self,
        context: &Context,
        at: WeeklyTime,
        weeks: Arc<dyn Weeks>,
    ) {
        let weekly = Arc::new(WeeklyReports { context: context.clone(), weeks, at });
        self.start(&weekly, |weekly, shutdown| async move { weekly.run(shutdown).await });
    }

    /// Waits until all workers have finished what they began.
    pub(super) async fn end(mut self) -> Result<(), AppError> {
        let mut all = true;
        for tasks in [&mut self.tasks, &mut self.last_tasks] {
            while let Some(ended) = tasks.join_next().await {
                all &= ended.unwrap_or(false);
            }
            self.last.cancel();
        }
        if all { Ok(()) } else { Err(AppError::Worker) }
    }
}

/// Runs a worker until `end`, and restarts it after each panic.
fn restarted<W, F>(
    worker: &Arc<W>,
    run: fn(Arc<W>, CancellationToken) -> F,
    end: CancellationToken,
) -> impl Future<Output = bool> + use<W, F>
where
    W: Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let worker = worker.clone();
    restarting(move |end| run(worker.clone(), end), end, REST)
}
