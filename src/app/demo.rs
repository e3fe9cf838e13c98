//! `locktender demo`.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::doctor::add_locks;
use super::output::{columns, stdout_style};
use super::parts::{Parts, memory, reading};
use super::workers::Workers;
use super::{AppError, Success};
use crate::aws::AwsLocks;
use crate::clock::SystemClock;
use crate::context::Context;
use crate::demo::{Demo, chat};
use crate::doctor::{Diagnosis, Doctor};
use crate::people::Holders;
use crate::workers::{LiveDirectory, Lookout, PromptCourier, Warden};

/// Pause between two lookout passes in the demo.
const DEMO_INTERVAL: Duration = Duration::from_secs(1);

/// `locktender demo`: a chat in the terminal over an embedded `DynamoDB`.
///
/// # Errors
/// If the data cannot be used, or the terminal goes away.
pub async fn demo(file: Option<&std::path::Path>) -> Result<Success, AppError> {
    let demo = Demo::start(file, &SystemClock).await?;
    let backends = vec![demo.backend.clone()];
    let memory = memory(&demo.session, &Demo::tables());
    let locks = Arc::new(AwsLocks::connect(&demo.session, backends.clone()));
    let names = Arc::new(LiveDirectory::new(locks.clone()).with_memory(memory));
    names.refresh().await?;
    let reading = reading(&backends, locks.clone(), names);
    let board = demo.board(stdout_style(), columns);
    let mut doctor = Doctor::new(Arc::new(SystemClock), Diagnosis::default());
    add_locks(&mut doctor, &locks);
    let parts = Parts {
        tables: Demo::tables(),
        backends: &backends,
        doctor,
        policies: Demo::policy().into(),
        holders: Holders::default(),
        channels: board.clone(),
        members: Demo::members(),
    };
    let (context, courier) = parts.join(&demo.session, reading);
    // There is no Discord to wait for. The effects of a line should appear directly below it.
    let courier = Arc::new(PromptCourier(courier));
    let context = Context { courier, ..context };
    let shutdown = CancellationToken::new();
    let mut workers = Workers::new(shutdown.clone());
    // There are no checkpoints: people do not keep what a chat in a terminal has shown.
    let warden = Arc::new(Warden::new(context.clone()));
    workers.start(&warden, |warden, shutdown| async move { warden.run(shutdown).await });
    let lookout =
        Arc::new(Lookout::new(context.clone(), context.reading.locks.clone(), DEMO_INTERVAL));
    lookout.pass().await?;
    workers.start(&lookout, |lookout, shutdown| async move { lookout.run(shutdown).await });
    // Announces the effects of a line before the next one is read.
    let look = async || {
        if let Err(fault) = lookout.pass().await {
            tracing::warn!(kind = fault.kind.as_str(), "the locks were not looked at: {fault}");
        }
    };
    let result = chat(context, board, look).await;
    shutdown.cancel();
    let ended = workers.end().await;
    result?;
    ended?;
    Ok(Success::Fine)
}
