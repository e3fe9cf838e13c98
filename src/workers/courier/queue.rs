//! Due notices, by channel.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};

use super::OutboxCourier;
use crate::error::{Fault, FaultKind};
use crate::people::{ChannelId, RequestId};
use crate::ports::{Due, Filed, Notice, NoticeId};

/// Limit on the notices that are read. An outbox grows only while a channel refuses messages, for a day at
/// most. A busy team has fewer notices than this in a day.
const MOST: usize = 10_000;

/// A notice that this version understands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Queued {
    /// Its key in the outbox.
    pub(super) id: NoticeId,
    /// The notice.
    pub(super) notice: Notice,
    /// When its channel first refused it.
    pub(super) refused_since: Option<DateTime<Utc>>,
}

/// All due notices.
#[derive(Default)]
pub(super) struct Queue {
    /// Each channel with its notices, oldest first. The channel with the oldest notice comes first.
    pub(super) channels: Vec<(ChannelId, VecDeque<Queued>)>,
    /// Notices that this version cannot read, or whose request it cannot read.
    pub(super) puzzling: Vec<Due>,
    /// Notices that have no channel.
    pub(super) without_channel: Vec<NoticeId>,
    /// The time of the oldest notice, as far as its number says it.
    pub(super) oldest: Option<DateTime<Utc>>,
}

/// Where a notice goes.
enum Address {
    Channel(ChannelId),
    NoChannel,
    NotUnderstood,
}

impl Queue {
    /// The notices of one channel.
    pub(super) fn of(self, channel: ChannelId) -> VecDeque<Queued> {
        let mut channels = self.channels.into_iter();
        channels.find(|(of, _)| *of == channel).map(|(_, queue)| queue).unwrap_or_default()
    }

    fn push(&mut self, channel: ChannelId, queued: Queued) {
        match self.channels.iter_mut().find(|(of, _)| *of == channel) {
            Some((_, queue)) => queue.push_back(queued),
            None => self.channels.push((channel, VecDeque::from([queued]))),
        }
    }
}

impl OutboxCourier {
    /// Reads the outbox. A notice that cannot be delivered does not hide the others.
    pub(super) async fn queue(&self) -> Result<Queue, Fault> {
        let mut queue = Queue::default();
        let due = self.outbox.due(MOST).await?;
        self.turns.forget_places(due.iter().filter_map(|due| due.notice.as_ref().and_then(about)));
        queue.oldest = due.iter().filter_map(|due| due.id.at()).min();
        for due in due {
            let Some(notice) = due.notice.clone() else {
                queue.puzzling.push(due);
                continue;
            };
            match self.address(&notice).await? {
                Address::Channel(channel) => {
                    let Due { id, refused_since, .. } = due;
                    queue.push(channel, Queued { id, notice, refused_since });
                }
                Address::NoChannel => queue.without_channel.push(due.id),
                Address::NotUnderstood => queue.puzzling.push(due),
            }
        }
        Ok(queue)
    }

    async fn address(&self, notice: &Notice) -> Result<Address, Fault> {
        let known = match notice {
            Notice::Cleared { channel, .. }
            | Notice::Stale { channel, .. }
            | Notice::Ended { channel, .. } => Some(*channel),
            Notice::Released { channel, request } | Notice::HalfReleased { channel, request } => {
                match channel {
                    Some(channel) => Some(*channel),
                    None => match self.announces(*request).await {
                        Err(fault) if fault.kind == FaultKind::NotUnderstood => {
                            return Ok(Address::NotUnderstood);
                        }
                        announce => announce?,
                    },
                }
            }
            Notice::Checkpoint { .. } | Notice::TrailBroken { .. } | Notice::Weekly { .. } => {
                self.policies.general().announce
            }
            Notice::Card { .. } => None,
        };
        match (known, about(notice)) {
            (Some(channel), _) => Ok(Address::Channel(channel)),
            (None, None) => Ok(Address::NoChannel),
            (None, Some(request)) => match self.place(request).await {
                Ok(Some(channel)) => Ok(Address::Channel(channel)),
                Ok(None) => Ok(Address::NoChannel),
                Err(fault) if fault.kind == FaultKind::NotUnderstood => Ok(Address::NotUnderstood),
                Err(fault) => Err(fault),
            },
        }
    }

    /// Where the release of a request is announced. Reads the request only if that depends on its state.
    async fn announces(&self, request: RequestId) -> Result<Option<ChannelId>, Fault> {
        let general = self.policies.general().announce;
        if self.policies.by_state().iter().all(|of| of.policy.announce == general) {
            return Ok(general);
        }
        let filed = self.ledger.request(request).await?;
        Ok(filed.and_then(|filed| self.policies.of(&filed.request.state).announce))
    }

    /// The channel of a request. `None` if the request no longer exists.
    pub(super) async fn place(&self, request: RequestId) -> Result<Option<ChannelId>, Fault> {
        if let Some(channel) = self.turns.known_place(request) {
            return Ok(Some(channel));
        }
        let filed = self.ledger.request(request).await?;
        let channel = filed.map(|filed| filed.request.place.channel);
        if let Some(channel) = channel {
            self.turns.know_place(request, channel);
        }
        Ok(channel)
    }

    /// The current version of the request that a notice is about.
    pub(super) async fn filed(&self, notice: &Notice) -> Result<Option<Filed>, Fault> {
        match about(notice) {
            Some(request) => self.ledger.request(request).await,
            None => Ok(None),
        }
    }
}

fn about(notice: &Notice) -> Option<RequestId> {
    match notice {
        Notice::Card { request }
        | Notice::Released { request, .. }
        | Notice::HalfReleased { request, .. }
        | Notice::Ended { request, .. } => Some(*request),
        Notice::Cleared { .. }
        | Notice::Stale { .. }
        | Notice::Checkpoint { .. }
        | Notice::Weekly { .. }
        | Notice::TrailBroken { .. } => None,
    }
}
