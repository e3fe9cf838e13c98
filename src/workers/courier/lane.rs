//! Delivers the due notices of one channel in order.

use std::time::Duration;

use tokio::time::Instant;
use tracing::{debug, info, warn};

use super::card::has_no_card_yet;
use super::gather::{gather, nonce};
use super::queue::Queued;
use super::turns::Lane;
use super::{OutboxCourier, Told};
use crate::error::{Fault, FaultKind};
use crate::metrics;
use crate::people::{ChannelId, RequestId};
use crate::ports::{Filed, Notice, NoticeId, Undelivered};
use crate::words::announced::{notice, notices_together};

/// Longest pause if Discord is busy and does not say for how long.
const LONGEST_BUSY: Duration = Duration::from_secs(30);

/// Longest pause after a refusal that people have to fix.
const LONGEST_REFUSED: Duration = Duration::from_mins(5);

impl OutboxCourier {
    /// Waits for the channel's turn, then delivers what is due there.
    pub(super) async fn drain(&self, channel: ChannelId) -> Result<(), Fault> {
        let lane = self.turns.lane(channel);
        let mut lane = lane.lock().await;
        let drained = self.drain_in_turn(channel, &mut lane).await;
        if drained.is_err() {
            lane.busy.begin(Instant::now(), None, LONGEST_BUSY);
        }
        drained
    }

    /// Pauses a channel after a panic in its delivery.
    pub(super) async fn rest(&self, channel: ChannelId) {
        let lane = self.turns.lane(channel);
        lane.lock().await.busy.begin(Instant::now(), None, LONGEST_BUSY);
    }

    async fn drain_in_turn(&self, channel: ChannelId, lane: &mut Lane) -> Result<(), Fault> {
        if self.turns.busy_until(lane, Instant::now()).is_some() {
            return Ok(());
        }
        // Read in this turn, so that it does not contain notices which the last turn delivered.
        let mut queue = self.queue().await?.of(channel);
        lane.odd.retain(|id, _| queue.iter().any(|queued| queued.id == *id));
        // Why the channel refused, if it has refused in this turn.
        let mut refused: Option<String> = None;
        let mut passed_over = false;
        // A batch at which Discord keeps failing. The next batch shows whether the batch or Discord
        // is the cause.
        let mut suspect: Option<Vec<Queued>> = None;
        while let Some(first) = queue.pop_front() {
            let now = Instant::now();
            let odd = lane.odd.get(&first.id);
            if odd.is_some_and(|rest| rest.end(now).is_some()) {
                continue;
            }
            // A card always shows the current request, so only the last of several card notices is
            // needed.
            let is_card = matches!(first.notice, Notice::Card { .. });
            if is_card && queue.iter().any(|later| later.notice == first.notice) {
                self.outbox.remove(&first.id).await?;
                continue;
            }
            let filed = understood(self.filed(&first.notice).await)?;
            let is_new = is_card && matches!(&filed, Ok(Some(filed)) if has_no_card_yet(filed));
            // A new card is always tried, so that its requester learns at once whether the channel accepts
            // it.
            if lane.refusing.end(now).is_some() && !is_new {
                passed_over = true;
                if let Some(why) = &refused {
                    self.refused(channel, &first, why).await?;
                }
                continue;
            }
            let batch = if odd.is_some() { vec![first] } else { gather(first, &mut queue) };
            let delivered = self.tell_if_understood(channel, &batch, filed).await?;
            self.note(channel, lane, &delivered);
            match delivered {
                Ok(_) | Err(Undelivered::MessageGone) => {
                    self.remove_all(&batch).await?;
                    if delivered == Ok(Told::Posted)
                        && let Some(batch) = suspect.take()
                    {
                        self.try_once_more(channel, lane, &batch).await?;
                    }
                    if passed_over && lane.refusing.end(now).is_none() {
                        // The channel accepts messages again, so the next turn starts with those that were
                        // passed over.
                        self.turns.wake.notify_one();
                        return Ok(());
                    }
                }
                Err(Undelivered::Later { after: None, .. })
                    if suspect.is_none()
                        && !queue.is_empty()
                        && lane.may_be_the_cause(&batch[0].id) =>
                {
                    suspect = Some(batch);
                }
                Err(Undelivered::Later { .. } | Undelivered::Everywhere { .. }) => return Ok(()),
                Err(Undelivered::Refused { why }) => {
                    for queued in &batch {
                        self.refused(channel, queued, &why).await?;
                    }
                    passed_over = true;
                    refused = Some(why);
                }
                Err(undelivered) => self.not_taken(channel, lane, &batch, &undelivered).await?,
            }
        }
        Ok(())
    }

    /// Tries a suspect batch again after Discord has accepted another one. If it fails now, the batch is
    /// the cause. The earlier failures may have had another cause: Discord was in trouble, or accepted the
    /// batch and its answer was lost.
    async fn try_once_more(
        &self,
        channel: ChannelId,
        lane: &mut Lane,
        batch: &[Queued],
    ) -> Result<(), Fault> {
        let filed = understood(self.filed(&batch[0].notice).await)?;
        match self.tell_if_understood(channel, batch, filed).await? {
            Ok(_) | Err(Undelivered::MessageGone) => self.remove_all(batch).await,
            Err(Undelivered::Later { after: None, why }) => {
                self.not_taken(channel, lane, batch, &Undelivered::NotTaken { why }).await
            }
            // The notices are still due, so the channel's next turn handles them.
            Err(_) => Ok(()),
        }
    }

    async fn remove_all(&self, batch: &[Queued]) -> Result<(), Fault> {
        for queued in batch {
            self.outbox.remove(&queued.id).await?;
        }
        Ok(())
    }

    /// Handles notices that Discord rejects for a reason that does not concern the channel's other
    /// notices.
    async fn not_taken(
        &self,
        channel: ChannelId,
        lane: &mut Lane,
        batch: &[Queued],
        undelivered: &Undelivered,
    ) -> Result<(), Fault> {
        let why = undelivered.to_string();
        for queued in batch {
            if matches!(undelivered, Undelivered::NotTaken { .. }) {
                let rest = lane.odd.entry(queued.id.clone()).or_default();
                rest.begin(Instant::now(), None, LONGEST_REFUSED);
                self.refused(channel, queued, &why).await?;
            } else {
                self.never(channel, queued, &why).await?;
            }
        }
        Ok(())
    }

    /// Delivers a batch, if the request that it is about can be read.
    async fn tell_if_understood(
        &self,
        channel: ChannelId,
        batch: &[Queued],
        filed: Result<Option<Filed>, Undelivered>,
    ) -> Result<Result<Told, Undelivered>, Fault> {
        match filed {
            Ok(filed) => Ok(understood(self.tell(channel, batch, filed.as_ref()).await)?.flatten()),
            Err(puzzled) => Ok(Err(puzzled)),
        }
    }

    /// Delivers one or several notices as one message.
    async fn tell(
        &self,
        channel: ChannelId,
        batch: &[Queued],
        filed: Option<&Filed>,
    ) -> Result<Result<Told, Undelivered>, Fault> {
        let message = match (batch, filed) {
            ([Queued { notice: Notice::Card { .. }, id, .. }], Some(filed)) => {
                return self.bring_up_to_date(filed, id).await;
            }
            ([one], filed) => notice(&one.notice, filed.map(|filed| &filed.request)),
            (several, _) => {
                let notices: Vec<&Notice> = several.iter().map(|queued| &queued.notice).collect();
                notices_together(&notices)
            }
        };
        let Some(message) = message else {
            return Ok(Ok(Told::NothingToSay));
        };
        // The nonce covers all notices of the message: a retry with more notices is another
        // message.
        let nonce = nonce(batch.iter().map(|queued| &queued.id));
        let posted = self.channels.post(channel, &message, &nonce).await;
        Ok(posted.map(|_| Told::Posted))
    }

    /// Waits for the channel's turn, then updates the card of one request.
    pub(super) async fn refresh_in_turn(&self, request: RequestId) -> Result<(), Fault> {
        let Some(channel) = self.place(request).await? else {
            return Ok(());
        };
        let lane = self.turns.lane(channel);
        let mut lane = lane.lock().await;
        let Some(filed) = self.ledger.request(request).await? else {
            return Ok(());
        };
        let now = Instant::now();
        let is_refusing = lane.refusing.end(now).is_some() && !has_no_card_yet(&filed);
        if is_refusing || self.turns.busy_until(&lane, now).is_some() {
            debug!(channel = channel.get(), "a card was not refreshed: its channel rests");
            return Ok(());
        }
        let refresh_id = NoticeId(format!("refresh#{request}#{}", self.clock.now()));
        let refreshed = self.bring_up_to_date(&filed, &refresh_id).await?;
        self.note(channel, &mut lane, &refreshed);
        Ok(())
    }

    /// Updates the pauses according to Discord's answer.
    fn note(&self, channel: ChannelId, lane: &mut Lane, delivered: &Result<Told, Undelivered>) {
        let (now, channel) = (Instant::now(), channel.get());
        metrics::delivery(match delivered {
            Ok(Told::Posted) => "posted",
            Ok(Told::NothingToSay) => "nothing to say",
            Err(undelivered) => undelivered.as_str(),
        });
        match delivered {
            Ok(Told::Posted) => {
                lane.busy.over();
                lane.refusing.over();
                self.turns.is_well_everywhere(now);
            }
            // Discord was not called, or its answer concerns only one message.
            Ok(Told::NothingToSay) | Err(Undelivered::MessageGone) => {}
            Err(Undelivered::Later { after, why }) => {
                let pause = lane.busy.begin(now, *after, LONGEST_BUSY);
                info!(channel, why, pause_ms = in_ms(pause), "a notice waits");
            }
            Err(Undelivered::Everywhere { after, why }) => {
                let pause = self.turns.everywhere().begin(now, *after, LONGEST_REFUSED);
                warn!(channel, why, pause_ms = in_ms(pause), "every notice waits");
            }
            Err(Undelivered::Refused { why }) => {
                let pause = lane.refusing.begin(now, None, LONGEST_REFUSED);
                warn!(
                    channel,
                    why,
                    pause_ms = in_ms(pause),
                    "the channel refuses the bot's messages"
                );
            }
            Err(undelivered) => {
                warn!(channel, %undelivered, "a notice cannot be delivered");
            }
        }
    }
}

fn in_ms(pause: Duration) -> u64 {
    u64::try_from(pause.as_millis()).unwrap_or(u64::MAX)
}

/// Limits the fault of an item that this version cannot read to one notice. The item may be a request of a
/// newer version.
fn understood<T>(read: Result<T, Fault>) -> Result<Result<T, Undelivered>, Fault> {
    match read {
        Ok(read) => Ok(Ok(read)),
        Err(fault) if fault.kind == FaultKind::NotUnderstood => {
            Ok(Err(Undelivered::NotTaken { why: fault.to_string() }))
        }
        Err(fault) => Err(fault),
    }
}
