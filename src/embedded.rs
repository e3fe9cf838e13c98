//! A `DynamoDB` in this process, for the demo and for tests: nothing to install, no account.

use std::net::SocketAddr;
use std::path::Path;

use dynoxide::Database;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// A `DynamoDB` on a loopback port. It stops when this is dropped.
#[derive(Debug)]
pub struct Embedded {
    address: SocketAddr,
    /// The server runs until this sender is dropped.
    _stop: oneshot::Sender<()>,
}

/// Why the embedded `DynamoDB` did not start.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// The file is not a database, or cannot be opened for writing.
    #[error("cannot open the demo's data: {0}")]
    Database(String),
    /// The file's path is not UTF-8.
    #[error("the path of the demo's data must be UTF-8")]
    Path,
    /// No port is free on the loopback interface.
    #[error("cannot listen on 127.0.0.1")]
    Listen(#[from] std::io::Error),
}

impl Embedded {
    /// Starts it on a free port, with the data of a file or, without a file, in memory.
    ///
    /// # Errors
    /// If the file cannot be used, or no port is free.
    pub async fn start(file: Option<&Path>) -> Result<Self, EmbeddedError> {
        let database = match file {
            Some(path) => Database::new(path.to_str().ok_or(EmbeddedError::Path)?),
            None => Database::memory(),
        }
        .map_err(|error| EmbeddedError::Database(error.to_string()))?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(async move {
            // Dropping the sender is the signal, so the result does not matter.
            let dropped = async { drop(stopped.await) };
            if let Err(error) =
                dynoxide::server::serve_with_shutdown(listener, database, dropped).await
            {
                tracing::error!(%error, "the embedded DynamoDB has ended");
            }
        });
        Ok(Self { address, _stop: stop })
    }

    /// Its address, `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }
}
