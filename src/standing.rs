//! What this replica is doing: whether it holds the lease, and whether it is connected to Discord.
//!
//! The lease and the connection write it. Health, metrics and the shutdown read it or wait for a change.

mod readiness;

use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::Instant;

pub use self::readiness::Readiness;

/// What one replica is doing now. All clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    duty: Arc<watch::Sender<Duty>>,
    link: Arc<watch::Sender<Link>>,
}

/// A replica's part in the pair.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Duty {
    /// It has not read the lease yet.
    #[default]
    Starting,
    /// Another replica holds the lease, and this one waits for it.
    Standby,
    /// It holds the lease.
    Holder {
        /// When the lease runs out by this process's own clock, unless it is renewed. Later another replica may
        /// have taken it.
        until: Instant,
    },
}

/// The connection to Discord's gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Link {
    /// It is not wanted.
    #[default]
    Off,
    /// It is being made.
    Down {
        /// Why the last one ended. `None` before the first.
        why: Option<String>,
    },
    /// Discord delivers interactions.
    Connected,
}

impl Standing {
    /// The part of this replica now.
    #[must_use]
    pub fn duty(&self) -> Duty {
        *self.duty.borrow()
    }

    /// Sets the part of this replica.
    pub fn set_duty(&self, duty: Duty) {
        self.duty.send_replace(duty);
    }

    /// The connection to Discord now.
    #[must_use]
    pub fn link(&self) -> Link {
        self.link.borrow().clone()
    }

    /// The connection to Discord, to wait for its changes.
    #[must_use]
    pub fn links(&self) -> watch::Receiver<Link> {
        self.link.subscribe()
    }

    /// Sets the connection to Discord.
    pub fn set_link(&self, link: Link) {
        self.link.send_replace(link);
    }

    /// Whether Discord delivers interactions.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        *self.link.borrow() == Link::Connected
    }

    /// Waits until [`is_connected`](Self::is_connected) is no longer this.
    pub async fn changes_from(&self, is_connected: bool) {
        let mut links = self.link.subscribe();
        // The sender lives as long as `self`.
        let _ = links.wait_for(|link| (*link == Link::Connected) != is_connected).await;
    }

    /// Whether another replica may be connected as well: the lease of this one has run out by its own clock, and
    /// it could not renew it.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        matches!(self.duty(), Duty::Holder { until } if until <= Instant::now())
    }
}
