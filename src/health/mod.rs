//! Whether this replica is well, for load balancers, orchestrators and people on call, over HTTP.
//!
//! - `/healthz` says 200 as long as the program can answer at all. An orchestrator may restart it if it does not.
//! - `/readyz` says 200 if this replica serves people or stands by, and otherwise 503 with the reason.
//! - `/metrics` has the metrics for Prometheus.
//!
//! Nothing here needs a secret, and no answer has the name of a state, a person or a channel.

mod readiness;
mod server;
mod tables;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::time::{Instant, MissedTickBehavior, interval};

pub use self::readiness::Observed;
pub use self::server::Server;
use self::tables::SharedRead;
use crate::metrics::{self, Exporter};
use crate::ports::OwnTables;
use crate::standing::{Readiness, Standing};
use crate::words::health as words;

/// How often what was measured is compacted.
const TIDY: Duration = Duration::from_secs(5);

/// What is asked about this replica. All clones are the same.
#[derive(Clone)]
pub struct Health(Arc<Inner>);

struct Inner {
    observed: Observed,
    tables: SharedRead,
    exporter: Exporter,
}

impl Health {
    /// The health of a replica that has not looked at its tables yet.
    #[must_use]
    pub fn new(observed: Observed, exporter: Exporter) -> Self {
        Self(Arc::new(Inner { observed, tables: SharedRead::default(), exporter }))
    }

    /// From now on, the replica counts as ready only if these can be read.
    pub fn needs(&self, tables: Arc<dyn OwnTables>) {
        self.0.tables.of(tables);
    }

    /// Answers on this server until the returned future is dropped.
    pub async fn serve(self, server: Server) {
        let exporter = self.0.exporter.clone();
        let tidy = async {
            let mut ticks = interval(TIDY);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                exporter.tidy();
            }
        };
        let watch = self.0.observed.watch();
        tokio::join!(server.run(self.routes()), tidy, watch);
    }

    fn routes(&self) -> Router {
        Router::new()
            .route("/healthz", get(async || plain(StatusCode::OK, words::alive())))
            .route("/readyz", get(readyz))
            .route("/metrics", get(all_metrics))
            .with_state(self.clone())
    }

    async fn readiness(&self) -> Readiness {
        self.0.observed.readiness(self.0.tables.read().await, Instant::now())
    }

    fn standing(&self) -> &Standing {
        self.0.observed.standing()
    }
}

async fn readyz(State(health): State<Health>) -> Response {
    let readiness = health.readiness().await;
    let code = if readiness.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    plain(code, words::readiness(&readiness))
}

async fn all_metrics(State(health): State<Health>) -> Response {
    let is_ready = health.readiness().await.is_ready();
    let page = health.0.exporter.render(health.standing(), is_ready);
    ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], page).into_response()
}

fn plain(code: StatusCode, sentence: String) -> Response {
    let headers = [(CONTENT_TYPE, "text/plain; charset=utf-8"), (CACHE_CONTROL, "no-store")];
    (code, headers, sentence + "\n").into_response()
}
