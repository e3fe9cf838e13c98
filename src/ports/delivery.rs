//! Notices to people and their delivery.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::audit::Hash;
use crate::error::Fault;
use crate::message::Message;
use crate::people::{ChannelId, MessageId, Person, RequestId, UserId};
use crate::watch::{Hold, LockReport, NotRead, PastHold, Verdict};

/// The notices that are not delivered yet, oldest first. Each is written together with the change
/// that it reports, by the [`Ledger`](super::Ledger), by [`Holds::end`](super::Holds::end) and
/// [`tell_stale`](super::Holds::tell_stale), by
/// [`Trail::set_checkpoint`](super::Trail::set_checkpoint) and by [`Weeks::advance`](super::Weeks::advance).
#[async_trait]
pub trait Outbox: Send + Sync {
    /// The oldest notices, at most `limit`.
    async fn due(&self, limit: usize) -> Result<Vec<Due>, Fault>;

    /// Removes a notice that was delivered or replaced by another.
    async fn remove(&self, id: &NoticeId) -> Result<(), Fault>;

    /// Adds a notice under this id, or overwrites the one there.
    async fn add(&self, id: &NoticeId, notice: &Notice) -> Result<(), Fault>;

    /// Stores since when a notice is refused. Called once for each notice, before its second
    /// attempt.
    async fn set_refused_since(&self, id: &NoticeId, since: DateTime<Utc>) -> Result<(), Fault>;

    /// Moves a notice that cannot be delivered out of the outbox. It is kept for 30 days so that
    /// people can look at it.
    async fn set_aside(&self, id: &NoticeId, why: &str, now: DateTime<Utc>) -> Result<(), Fault>;
}

/// A notice in the outbox.
#[derive(Clone, Debug, PartialEq)]
pub struct Due {
    /// Its position.
    pub id: NoticeId,
    /// The notice. `None` if this version cannot read it.
    pub notice: Option<Notice>,
    /// Since when its delivery fails for another reason than that Discord is busy.
    pub refused_since: Option<DateTime<Utc>>,
}

/// The position of a notice in the outbox. Later ones are greater.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NoticeId(pub String);

impl NoticeId {
    /// The time of what the notice is about, which its position begins with.
    #[must_use]
    pub fn at(&self) -> Option<DateTime<Utc>> {
        self.0.split('#').next()?.parse().ok()
    }
}

/// A notice to people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Notice {
    /// The card of a request must be posted or updated.
    Card {
        /// The request.
        request: RequestId,
    },
    /// A request ended with the release of its lock.
    Released {
        /// The request.
        request: RequestId,
        /// Where it is posted, if not in the channel for releases.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channel: Option<ChannelId>,
    },
    /// A request ended, but its card does not say so.
    Ended {
        /// The request.
        request: RequestId,
        /// Where it is posted.
        channel: ChannelId,
    },
    /// A request failed after a part of its lock was released, or may have been.
    HalfReleased {
        /// The request.
        request: RequestId,
        /// Where it is posted, if not in the channel for releases.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channel: Option<ChannelId>,
    },
    /// A lock has cleared.
    Cleared {
        /// The finished hold.
        past: Box<PastHold>,
        /// The holder of the next lock, if another run took it at once.
        next: Option<String>,
        /// The watchers who asked in this channel, in that order.
        waiting: Vec<Person>,
        /// Where it is posted.
        channel: ChannelId,
    },
    /// A hold has become stale.
    Stale {
        /// The hold.
        hold: Box<Hold>,
        /// The verdict with its evidence.
        verdict: Verdict,
        /// The person behind its holder, if known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        holder: Option<UserId>,
        /// Where it is posted.
        channel: ChannelId,
    },
    /// The heads of all chains, so that anyone can compare the trail with them later.
    Checkpoint {
        /// When they were read.
        at: DateTime<Utc>,
        /// Number of chains.
        chains: usize,
        /// Number of entries in them.
        entries: u64,
        /// One hash over all heads.
        digest: Hash,
    },
    /// The figures of a week.
    Weekly {
        /// The figures, shortened.
        report: Box<LockReport>,
        /// What could not be read for them.
        #[serde(default)]
        not_read: Vec<NotRead>,
    },
    /// The trail is not sound.
    TrailBroken {
        /// When it was checked.
        at: DateTime<Utc>,
        /// The first bad entry, in words.
        what: String,
    },
}

/// Delivers the notices in the outbox.
#[async_trait]
pub trait Courier: Send + Sync {
    /// Starts the delivery of due notices. In the bot this only wakes a worker, so the caller does
    /// not wait for Discord.
    async fn deliver(&self);

    /// Delivers the due notices of one channel, in order. Returns when that is done or takes too
    /// long. It does not wait for other channels.
    async fn deliver_to(&self, channel: ChannelId);

    /// Updates the card of one request now, unless its channel must be left alone.
    async fn refresh(&self, request: RequestId);
}

/// Posts messages in channels, where everyone there can read them.
#[async_trait]
pub trait Channels: Send + Sync {
    /// Posts a message. A second post with the same `nonce` shortly afterwards creates no second
    /// message.
    async fn post(
        &self,
        channel: ChannelId,
        message: &Message,
        nonce: &str,
    ) -> Result<MessageId, Undelivered>;

    /// Changes a posted message.
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
    /// Discord is busy or unreachable. The channel is tried again, after `after` if Discord named a
    /// time.
    #[error("not delivered yet: {why}")]
    Later {
        /// How long to wait.
        after: Option<Duration>,
        /// What happened.
        why: String,
    },
    /// Discord accepts nothing from this bot, in any channel.
    #[error("nothing is delivered yet: {why}")]
    Everywhere {
        /// How long to wait, if Discord named a time.
        after: Option<Duration>,
        /// What happened.
        why: String,
    },
    /// The message no longer exists.
    #[error("the message was deleted")]
    MessageGone,
    /// The channel accepts nothing from this bot. People can change that.
    #[error("{why}")]
    Refused {
        /// What happened, and what to do about it.
        why: String,
    },
    /// The channel exists, but Discord rejected this message for a reason that this version does
    /// not know.
    #[error("{why}")]
    NotTaken {
        /// What happened, and what to do about it.
        why: String,
    },
    /// The channel does not exist.
    #[error("{why}")]
    ChannelGone {
        /// What happened, and what to do about it.
        why: String,
    },
    /// The message breaks a rule of Discord and will never be accepted.
    #[error("{why}")]
    Malformed {
        /// What happened, and what to do about it.
        why: String,
    },
}

impl Undelivered {
    /// A few words for metrics.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Later { .. } => "later",
            Self::Everywhere { .. } => "everywhere",
            Self::MessageGone => "message gone",
            Self::Refused { .. } => "refused",
            Self::NotTaken { .. } => "not taken",
            Self::ChannelGone { .. } => "channel gone",
            Self::Malformed { .. } => "malformed",
        }
    }
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
