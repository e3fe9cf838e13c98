//! The loops beside the commands: started together, started again after a panic, ended in order.

use std::sync::Arc;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::AppError;
use crate::context::Context;
use crate::workers::{Checkpoints, REST, Warden, restarting};

/// The loops beside the commands.
pub(super) struct Workers {
    /// Each says whether it ran to its end.
    tasks: JoinSet<bool>,
    shutdown: CancellationToken,
    /// Those that the others give work to until they have ended.
    last_tasks: JoinSet<bool>,
    last: CancellationToken,
}

impl Workers {
    pub(super) fn new(shutdown: CancellationToken) -> Self {
        let (last_tasks, last) = (JoinSet::new(), CancellationToken::new());
        Self { tasks: JoinSet::new(), shutdown, last_tasks, last }
    }

    /// Starts a worker, which is started again if it panics: what it met takes nothing from the others.
    pub(super) fn start<W, F>(&mut self, worker: &Arc<W>, run: fn(Arc<W>, CancellationToken) -> F)
    where
        W: Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        self.tasks.spawn(restarted(worker, run, self.shutdown.clone()));
    }

    /// Starts a worker that is told to end when all others have ended.
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

    /// Starts what sees to requests and to their trail without anybody's asking.
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

    /// Waits for what they have begun.
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

/// Runs a worker until it is told to end, and again after each panic.
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
