//! Handles notices that Discord refuses: posts them in another channel, keeps them for a day, or gives them
//! up.

use chrono::TimeDelta;
use tracing::{error, warn};

use super::OutboxCourier;
use super::queue::Queued;
use crate::error::{Fault, FaultKind};
use crate::message::{Message, Text};
use crate::metrics;
use crate::people::ChannelId;
use crate::ports::{Due, Notice, NoticeId};
use crate::unlock::Outcome;
use crate::words::announced::notice;

/// How long a notice is kept if it is refused, or if this version cannot read it. That is enough time to
/// fix a permission, or for a newer version to deliver it.
const KEPT: TimeDelta = TimeDelta::days(1);

impl OutboxCourier {
    /// Handles a notice that its channel refuses for now. Posts it in another channel if there is one.
    /// Otherwise retries it for a day, then gives it up.
    pub(super) async fn refused(
        &self,
        channel: ChannelId,
        queued: &Queued,
        why: &str,
    ) -> Result<(), Fault> {
        if self.told_elsewhere(channel, queued).await? {
            return Ok(());
        }
        let now = self.clock.now();
        match queued.refused_since {
            None => self.outbox.set_refused_since(&queued.id, now).await,
            Some(since) if now - since >= KEPT => self.give_up(channel, queued, why).await,
            Some(_) => Ok(()),
        }
    }

    /// Handles a notice that can never be delivered in its channel.
    pub(super) async fn never(
        &self,
        channel: ChannelId,
        queued: &Queued,
        why: &str,
    ) -> Result<(), Fault> {
        if self.told_elsewhere(channel, queued).await? {
            return Ok(());
        }
        self.give_up(channel, queued, why).await
    }

    /// Handles a notice that this version cannot read. A newer version may run beside it and
    /// deliver it.
    pub(super) async fn puzzled(&self, due: &Due) -> Result<(), Fault> {
        let (id, now) = (due.id.0.as_str(), self.clock.now());
        match due.refused_since {
            None => {
                warn!(id, "a notice is not understood; it is kept for a day");
                self.outbox.set_refused_since(&due.id, now).await
            }
            Some(since) if now - since >= KEPT => {
                metrics::notice_given_up();
                error!(id, "a notice is not understood, and was set aside");
                self.outbox.set_aside(&due.id, "not understood", now).await
            }
            Some(_) => Ok(()),
        }
    }

    /// Adds a notice for another channel in place of one that its own channel refuses. A release goes to
    /// the channel of its request, and the end of a request to the announce channel. Returns whether the
    /// refused notice is done.
    async fn told_elsewhere(&self, channel: ChannelId, queued: &Queued) -> Result<bool, Fault> {
        if queued.refused_since.is_some() {
            // It was posted elsewhere at its first refusal.
            return Ok(false);
        }
        let id = NoticeId(format!("{}#elsewhere", queued.id.0));
        match queued.notice {
            Notice::Released { request, channel: None }
            | Notice::HalfReleased { request, channel: None } => {
                let place = readable(self.place(request).await)?;
                let Some(place) = place.filter(|place| *place != channel) else {
                    return Ok(false);
                };
                let channel = Some(place);
                let there = match queued.notice {
                    Notice::HalfReleased { .. } => Notice::HalfReleased { request, channel },
                    _ => Notice::Released { request, channel },
                };
                self.outbox.add(&id, &there).await?;
                self.outbox.remove(&queued.id).await?;
                self.turns.wake.notify_one();
                Ok(true)
            }
            Notice::Card { request } => {
                let filed = readable(self.ledger.request(request).await)?;
                let ended = filed.as_ref().and_then(|filed| filed.request.closing());
                // A release has a notice of its own.
                let is_silent = ended.is_some_and(|ended| ended.outcome != Outcome::Unlocked);
                if let Some(filed) = filed.filter(|_| is_silent) {
                    self.announce_end(&id, &filed).await?;
                }
                // The card must still be edited if the channel takes it later.
                Ok(false)
            }
            _ => Ok(false),
        }
    }

    async fn give_up(&self, channel: ChannelId, queued: &Queued, why: &str) -> Result<(), Fault> {
        let (id, channel) = (queued.id.0.as_str(), channel.get());
        if matches!(queued.notice, Notice::Card { .. }) {
            // The card only repeats what the request and the trail say.
            warn!(id, channel, why, "a card is not brought up to date any more");
            return self.outbox.remove(&queued.id).await;
        }
        let filed = readable(self.filed(&queued.notice).await)?;
        let message = notice(&queued.notice, filed.as_ref().map(|filed| &filed.request));
        let said = message.as_ref().map(said);
        metrics::notice_given_up();
        error!(id, channel, why, said, "a notice is given up, and was set aside");
        self.outbox.set_aside(&queued.id, why, self.clock.now()).await
    }
}

/// Treats a request that this version cannot read as missing.
fn readable<T>(read: Result<Option<T>, Fault>) -> Result<Option<T>, Fault> {
    match read {
        Err(fault) if fault.kind == FaultKind::NotUnderstood => Ok(None),
        read => read,
    }
}

/// What a message says, for the log.
fn said(message: &Message) -> String {
    let fields = message.fields.iter().flat_map(|field| [&field.label, &field.value]);
    let lines = std::iter::once(&message.title).chain(&message.body).chain(fields);
    lines.map(Text::plain).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}
