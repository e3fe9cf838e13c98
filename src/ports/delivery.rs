//! What people are told without having asked just now, and the way to them.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::audit::Hash;
use crate::error::Fault;
use crate::message::Message;
use crate::people::{ChannelId, MessageId, Person, RequestId};
use crate::watch::{Hold, PastHold, Verdict};

/// What people are still to be told, in the order in which it happened. Written with what it is
/// about: by [`Ledger::commit`](super::Ledger::commit), [`Holds::end`](super::Holds::end) and
/// [`tell_stale`](super::Holds::tell_stale), and [`Trail::set_checkpoint`](super::Trail::set_checkpoint).
#[async_trait]
pub trait Outbox: Send + Sync {
    /// The oldest notices, `limit` at most.
    async fn due(&self, limit: usize) -> Result<Vec<Due>, Fault>;

    /// Removes a notice that was delivered, or that another one has replaced.
    async fn strike(&self, id: &NoticeId) -> Result<(), Fault>;

    /// Adds a notice under this id, over one that has it already.
    async fn add(&self, id: &NoticeId, notice: &Notice) -> Result<(), Fault>;

    /// Remembers since when a notice is refused. It is called once for each, before the notice is
    /// tried for a second time.
    async fn set_refused_since(&self, id: &NoticeId, since: DateTime<Utc>) -> Result<(), Fault>;

    /// Takes a notice out of the outbox and keeps it for 30 days where nothing delivers it, so that
    /// people can look at it.
    async fn set_aside(&self, id: &NoticeId, why: &str, now: DateTime<Utc>) -> Result<(), Fault>;
}

/// A notice that is in the outbox.
#[derive(Clone, Debug, PartialEq)]
pub struct Due {
    /// Its place.
    pub id: NoticeId,
    /// What is to be told; `None` where this version does not understand it.
    pub notice: Option<Notice>,
    /// Since when it cannot be delivered, if that is for another reason than that Discord is busy.
    pub refused_since: Option<DateTime<Utc>>,
}

/// A notice's place in the outbox; later ones are greater.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
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
        /// Where it is said, if not where releases are announced.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channel: Option<ChannelId>,
    },
    /// A request has ended, and its card does not say so.
    Ended {
        /// Which.
        request: RequestId,
        /// Where it is said.
        channel: ChannelId,
    },
    /// A request has failed after a part of its lock was released, or may have been.
    HalfReleased {
        /// Which.
        request: RequestId,
        /// Where it is said, if not where releases are announced.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channel: Option<ChannelId>,
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
    /// Has what is due delivered soon. In the bot this only wakes a worker: whoever calls it does
    /// not wait for Discord.
    async fn deliver(&self);

    /// Delivers what is due in one channel, in its order, and returns when that is done or takes too
    /// long. No other channel is waited for.
    async fn deliver_to(&self, channel: ChannelId);

    /// Brings the card of one request up to date now, unless its channel has to be left alone.
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
    /// Discord is busy or out of reach: the channel is tried again, after this time where Discord
    /// has named one.
    #[error("not delivered yet: {why}")]
    Later {
        /// How long to wait.
        after: Option<Duration>,
        /// What happened.
        why: String,
    },
    /// Discord takes nothing from this bot, in any channel.
    #[error("nothing is delivered yet: {why}")]
    Everywhere {
        /// How long to wait, where Discord has said so.
        after: Option<Duration>,
        /// What happened.
        why: String,
    },
    /// The message to be changed is not there any more.
    #[error("the message was deleted")]
    MessageGone,
    /// The channel does not take anything from this bot, which people can change.
    #[error("{why}")]
    Refused {
        /// What happened, and what to do about it.
        why: String,
    },
    /// The channel is there, and this one message is not taken, for a reason that this version does
    /// not know.
    #[error("{why}")]
    NotTaken {
        /// What happened, and what to do about it.
        why: String,
    },
    /// There is no such channel.
    #[error("{why}")]
    ChannelGone {
        /// What happened, and what to do about it.
        why: String,
    },
    /// The message breaks a rule of Discord's, and always will.
    #[error("{why}")]
    Malformed {
        /// What happened, and what to do about it.
        why: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::EventId;

    #[test]
    fn a_notice_that_an_earlier_version_wrote_is_understood_and_written_as_before() {
        let request = RequestId::of(EventId::new(7));
        for (notice, written) in [
            (Notice::Card { request }, r#"{"kind":"card","request":"7"}"#),
            (Notice::Released { request, channel: None }, r#"{"kind":"released","request":"7"}"#),
        ] {
            assert_eq!(serde_json::to_string(&notice).unwrap(), written);
            assert_eq!(serde_json::from_str::<Notice>(written).unwrap(), notice);
        }
    }

    #[test]
    fn a_notice_that_is_told_elsewhere_says_where() {
        let request = RequestId::of(EventId::new(7));
        let channel = ChannelId::new(30);
        for notice in [
            Notice::Released { request, channel: Some(channel) },
            Notice::HalfReleased { request, channel: Some(channel) },
            Notice::Ended { request, channel },
        ] {
            let written = serde_json::to_string(&notice).unwrap();
            assert_eq!(serde_json::from_str::<Notice>(&written).unwrap(), notice);
        }
    }
}
