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
    outage: Mutex<Outage>,
}

/// A time without a connection, after there was one.
#[derive(Debug, Default)]
struct Outage {
    was_connected: bool,
    since: Option<Instant>,
}

impl Outage {
    /// While one attempt to connect after another fails, the first loss counts.
    fn observe(&mut self, link: &Link, now: Instant) {
        match link {
            Link::Connected => *self = Self { was_connected: true, since: None },
            Link::Off => *self = Self::default(),
            Link::Down { .. } if self.was_connected => {
                self.since.get_or_insert(now);
            }
            Link::Down { .. } => {}
        }
    }
}

impl Observed {
    /// Observes what the replica says about itself, and the token that tells it to end.
    #[must_use]
    pub fn new(standing: Standing, shutdown: CancellationToken) -> Self {
        Self { standing, shutdown, outage: Mutex::default() }
    }

    pub(super) fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Notes since when there is no connection, for as long as it runs.
    pub(super) async fn watch(&self) {
        let mut links = self.standing.links();
        loop {
            let link = links.borrow_and_update().clone();
            self.outage
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .observe(&link, Instant::now());
            if links.changed().await.is_err() {
                return;
            }
        }
    }

    /// Whether the replica is ready at `now`, given what reading its tables said. `None` if it has not read them
    /// yet.
    pub(super) fn readiness(&self, tables: Option<Result<(), String>>, now: Instant) -> Readiness {
        if self.shutdown.is_cancelled() {
            return Readiness::ShuttingDown;
        }
        match tables {
            None => return Readiness::Starting,
            Some(Err(why)) => return Readiness::NoTables { why },
            Some(Ok(())) => {}
        }
        match (self.standing.duty(), self.standing.link()) {
            (Duty::Holder { until }, _) if until <= now => {
                Readiness::LeaseLost { since: now - until }
            }
            (Duty::Standby, _) => Readiness::StandingBy,
            (_, Link::Connected) => Readiness::Connected,
            (_, Link::Down { why }) => {
                let since = self.outage.lock().unwrap_or_else(PoisonError::into_inner).since;
                let since = since.map(|since| now.saturating_duration_since(since));
                Readiness::NotConnected { since, why }
            }
            (Duty::Holder { .. } | Duty::Starting, Link::Off) => Readiness::Starting,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn after(begun: Instant, seconds: u64) -> Instant {
        begun + Duration::from_secs(seconds)
    }

    #[test]
    fn a_replica_is_ready_if_it_serves_or_stands_by() {
        let observed = Observed::new(Standing::default(), CancellationToken::new());
        let standing = observed.standing().clone();
        let begun = Instant::now();
        let at = |seconds| observed.readiness(Some(Ok(())), after(begun, seconds));
        assert_eq!(at(0), Readiness::Starting);
        standing.set_duty(Duty::Standby);
        assert_eq!(at(0), Readiness::StandingBy);
        standing.set_duty(Duty::Holder { until: after(begun, 10) });
        assert_eq!(at(1), Readiness::Starting);
        standing.set_link(Link::Down { why: None });
        assert_eq!(at(2), Readiness::NotConnected { since: None, why: None });
        standing.set_link(Link::Connected);
        assert_eq!(at(9), Readiness::Connected);
        assert_eq!(at(13), Readiness::LeaseLost { since: Duration::from_secs(3) });
        let why = "gone".to_owned();
        let no_tables = observed.readiness(Some(Err(why.clone())), begun);
        assert_eq!(no_tables, Readiness::NoTables { why });
        assert_eq!(observed.readiness(None, begun), Readiness::Starting);
        observed.shutdown.cancel();
        assert_eq!(at(0), Readiness::ShuttingDown);
    }

    #[test]
    fn an_outage_lasts_from_the_first_loss_to_the_next_connection() {
        let begun = Instant::now();
        let down = Link::Down { why: None };
        let mut outage = Outage::default();
        let mut since = |link: &Link, seconds| {
            outage.observe(link, after(begun, seconds));
            outage.since.map(|since| (since - begun).as_secs())
        };
        assert_eq!(since(&down, 1), None, "it never was connected");
        assert_eq!(since(&Link::Connected, 2), None);
        assert_eq!(since(&down, 3), Some(3));
        assert_eq!(since(&down, 9), Some(3));
        assert_eq!(since(&Link::Connected, 10), None);
        assert_eq!(since(&down, 11), Some(11));
        assert_eq!(since(&Link::Off, 12), None);
        assert_eq!(since(&down, 13), None, "another turn has begun");
    }
}
