//! Whether a replica is ready, and why not.

use std::time::Duration;

/// Whether a replica is ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It answers people in Discord.
    Connected,
    /// Another replica answers them, and this one takes over when it has to.
    StandingBy,
    /// It has not come as far as looking for its tables or connecting.
    Starting,
    /// It has been told to end.
    ShuttingDown,
    /// It is not connected to Discord.
    NotConnected {
        /// For how long. `None` if it never was.
        since: Option<Duration>,
        /// Why the last connection ended.
        why: Option<String>,
    },
    /// The bot's own tables cannot be read.
    NoTables {
        /// Why, as a sentence.
        why: String,
    },
    /// Its lease has run out, and it could not renew it.
    LeaseLost {
        /// How long ago it ran out.
        since: Duration,
    },
}

impl Readiness {
    /// Whether the replica does what it is there for.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        matches!(self, Self::Connected | Self::StandingBy)
    }
}
