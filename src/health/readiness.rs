//! What is observed of this replica, and whether it is ready by that.

use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::standing::{Duty, Link, Readiness, Standing};

/// What was observed of a replica.
#[derive(Debug)]
pub struct Observed {
    standing: Standing,
    shutdown: CancellationToken,
    down_since: Mutex<Option<Instant>>,
}

impl Observed {
    /// Observes what the replica says about itself, and the token that tells it to end.
    #[must_use]
    pub fn new(standing: Standing, shutdown: CancellationToken) -> Self {
        Self { standing, shutdown, down_since: Mutex::default() }
    }

    pub(super) fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Notes since when there is no connection, for as long as it runs.
    pub(super) async fn watch(&self) {
        let mut links = self.standing.links();
        let mut was_connected = false;
        loop {
            let link = links.borrow_and_update().clone();
            match &link {
                Link::Connected => was_connected = true,
                Link::Off => was_connected = false,
                Link::Down { .. } => {}
            }
            self.note(was_connected && link != Link::Connected);
            if links.changed().await.is_err() {
                return;
            }
        }
    }

    /// While one attempt to connect after another fails, the first loss counts.
    fn note(&self, is_lost: bool) {
        let mut since = self.down_since.lock().unwrap_or_else(PoisonError::into_inner);
        if is_lost {
            since.get_or_insert_with(Instant::now);
        } else {
            *since = None;
        }
    }

    /// Whether the replica is ready, given what reading its tables said. `None` if it has not read them yet.
    pub(super) fn readiness(&self, tables: Option<Result<(), String>>) -> Readiness {
        if self.shutdown.is_cancelled() {
            return Readiness::ShuttingDown;
        }
        match tables {
            None => return Readiness::Starting,
            Some(Err(why)) => return Readiness::NoTables { why },
            Some(Ok(())) => {}
        }
        let now = Instant::now();
        match (self.standing.duty(), self.standing.link()) {
            (Duty::Holder { until }, _) if until < now => {
                Readiness::LeaseLost { since: now - until }
            }
            (Duty::Standby, _) => Readiness::StandingBy,
            (_, Link::Connected) => Readiness::Connected,
            (_, Link::Down { why }) => {
                let since = *self.down_since.lock().unwrap_or_else(PoisonError::into_inner);
                Readiness::NotConnected { since: since.map(|since| now - since), why }
            }
            (Duty::Holder { .. } | Duty::Starting, Link::Off) => Readiness::Starting,
        }
    }
}
