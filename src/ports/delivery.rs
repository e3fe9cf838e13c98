//! What people are told without having asked just now, and the way to them.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::audit::Hash;
use crate::error::Fault;
use crate::message::Message;
use crate::people::{ChannelId, MessageId, Person};
use crate::unlock::RequestId;
use crate::watch::{Hold, PastHold, Verdict};

/// What people are still to be told, in the order in which it happened. Written with what it is
/// about: by [`Ledger::commit`](super::Ledger::commit), [`Holds::end`](super::Holds::end) and
/// [`change`](super::Holds::change), and [`Trail::set_checkpoint`](super::Trail::set_checkpoint).
#[async_trait]
pub trait Outbox: Send + Sync {
    /// The oldest notices, `limit` at most.
    async fn due(&self, limit: usize) -> Result<Vec<(NoticeId, Notice)>, Fault>;

    /// Strikes a notice out, delivered or not deliverable.
    async fn strike(&self, id: &NoticeId) -> Result<(), Fault>;
}

/// A notice's place in the outbox; later ones are greater.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NoticeId(pub String);

/// Something that people are told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Notice {
    /// The card of a request has to be posted or brought up to date.
    Card {
        /// Which.
        request: RequestId,
    },
    /// A request has ended with its lock released.
    Released {
        /// Which.
        request: RequestId,
    },
    /// A request has failed after a part of its lock was released, or may have been.
    HalfReleased {
        /// Which.
        request: RequestId,
    },
    /// A lock has cleared.
    Cleared {
        /// What it was.
        past: Box<PastHold>,
        /// Who holds the next one, where somebody has taken it at once.
        next: Option<String>,
        /// Those who have asked to be told in this channel, in the order in which they asked.
        waiting: Vec<Person>,
        /// Where it is said.
        channel: ChannelId,
    },
    /// A hold has become stale.
    Stale {
        /// Which.
        hold: Box<Hold>,
        /// Why.
        verdict: Verdict,
        /// Where it is said.
        channel: ChannelId,
    },
    /// The heads of all chains, for whoever wants to hold the trail against them later.
    Checkpoint {
        /// When they were read.
        at: DateTime<Utc>,
        /// How many chains there are.
        chains: usize,
        /// How many entries they have.
        entries: u64,
        /// One hash over all of them.
        digest: Hash,
    },
    /// The trail does not hold.
    TrailBroken {
        /// When it was checked.
        at: DateTime<Utc>,
        /// The first bad entry, in words.
        what: String,
    },
}

/// Sees to it that what is in the outbox is delivered.
#[async_trait]
pub trait Courier: Send + Sync {
    /// Delivers what is due, as far as it can be delivered now. What cannot stays for later.
    async fn deliver(&self);

    /// Brings the card of one request up to date now.
    async fn refresh(&self, request: RequestId);
}

/// Where messages are posted, to be read by everyone there.
#[async_trait]
pub trait Channels: Send + Sync {
    /// Posts a message. Of two posts with one `nonce` shortly after each other the second is none.
    async fn post(
        &self,
        channel: ChannelId,
        message: &Message,
        nonce: &str,
    ) -> Result<MessageId, Undelivered>;

    /// Changes a message that was posted.
    async fn edit(
        &self,
        channel: ChannelId,
        id: MessageId,
        message: &Message,
    ) -> Result<(), Undelivered>;
}

/// Why a message was not delivered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undelivered {
    /// It can be tried again, after this time where that is known.
    #[error("not delivered yet: {why}")]
    Later {
        /// How long to wait.
        after: Option<Duration>,
        /// What happened.
        why: String,
    },
    /// The message to be changed is not there any more.
    #[error("the message was deleted")]
    MessageGone,
    /// The channel is gone, or the bot may not write there.
    #[error("{why}")]
    Never {
        /// What happened.
        why: String,
    },
}
