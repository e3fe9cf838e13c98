//! A small HTTP server that hostile clients cannot keep busy.
//!
//! It answers one request on each connection. A connection that is slow ends after some seconds. If there are too
//! many, the oldest ends, which is that of the slowest client: a probe is done within milliseconds.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_util::task::AbortOnDropHandle;
use tracing::{debug, warn};

/// Limit on connections.
const CONNECTIONS: usize = 32;

/// How long a client may take to send its request, and to take the answer as well.
const REQUEST: Duration = Duration::from_secs(3);
const WHOLE: Duration = Duration::from_secs(10);

/// Limits of a request's head. Nobody reads its body.
const HEAD_BYTES: usize = 8 * 1_024;
const HEADERS: usize = 50;

/// Pause after a connection could not be accepted, as when the process has no file descriptor left.
const PAUSE: Duration = Duration::from_millis(200);

/// An address that is ready to be served.
#[derive(Debug)]
pub struct Server(TcpListener);

impl Server {
    /// Takes the address.
    ///
    /// # Errors
    /// If it cannot be had.
    pub async fn bind(address: SocketAddr) -> std::io::Result<Self> {
        Ok(Self(TcpListener::bind(address).await?))
    }

    /// The address, with the port that was taken.
    ///
    /// # Errors
    /// If the system does not say.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.0.local_addr()
    }

    /// Answers until the returned future is dropped.
    pub(super) async fn run(self, routes: Router) {
        let mut open = VecDeque::new();
        loop {
            match self.0.accept().await {
                Ok((stream, _)) => {
                    open.retain(|connection: &AbortOnDropHandle<()>| !connection.is_finished());
                    if open.len() >= CONNECTIONS {
                        open.pop_front();
                    }
                    let connection = tokio::spawn(connection(stream, routes.clone()));
                    open.push_back(AbortOnDropHandle::new(connection));
                }
                Err(error) => {
                    warn!(%error, "a connection for health or metrics was not accepted");
                    sleep(PAUSE).await;
                }
            }
        }
    }
}

async fn connection(stream: TcpStream, routes: Router) {
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST)
        .keep_alive(false)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEADERS)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes));
    match timeout(WHOLE, served).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => debug!(%error, "a request for health or metrics was broken off"),
        Err(_) => debug!("a request for health or metrics took too long"),
    }
}
