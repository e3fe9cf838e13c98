//! Health and metrics over HTTP.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::AppError;
use crate::health::{Health, Observed, Server};
use crate::metrics::Exporter;
use crate::settings::{Settings, SettingsError};
use crate::standing::Standing;

/// The served health. Dropping it ends the server.
pub(super) struct Served {
    pub(super) health: Health,
    _server: AbortOnDropHandle<()>,
}

/// Serves health and metrics if `LOCKTENDER_HTTP_ADDR` is set. `interval` is the pause between two looks at the
/// locks. The server answers until the result is dropped, which is at the very end of the process.
///
/// # Errors
/// If the address is not one, or cannot be had.
pub(super) async fn serve(
    settings: &Settings,
    standing: &Standing,
    shutdown: &CancellationToken,
    interval: Duration,
) -> Result<Option<Served>, AppError> {
    let Some(address) = settings.http_addr()? else {
        return Ok(None);
    };
    let cannot = |error: &dyn std::fmt::Display| SettingsError::Wrong {
        variable: "LOCKTENDER_HTTP_ADDR",
        problem: format!("is {address}, and health cannot be served there: {error}"),
    };
    let server = Server::bind(address).await.map_err(|error| cannot(&error))?;
    let address = server.address()?;
    let exporter = Exporter::install(interval).map_err(|error| cannot(&error))?;
    let observed = Observed::new(standing.clone(), shutdown.clone());
    let health = Health::new(observed, exporter);
    let serving = tokio::spawn(health.clone().serve(server));
    tracing::info!(%address, "health and metrics are served");
    Ok(Some(Served { health, _server: AbortOnDropHandle::new(serving) }))
}
