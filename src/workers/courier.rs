//! Delivers what the outbox holds: cards brought up to date, and announcements, in their order.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::audit::Hash;
use crate::commands::{Clearing, card, notice, notices_together};
use crate::error::{Fault, FaultKind};
use crate::people::ChannelId;
use crate::ports::{
    Channels, Clock, Courier, Filed, Ledger, Notice, NoticeId, Outbox, Undelivered,
};
use crate::unlock::{Policy, RequestId};

/// How often the outbox is looked into when nobody asks for it: what a crash or an outage of
/// Discord has left there waits no longer. A look is one query.
const INTERVAL: Duration = Duration::from_secs(2);

/// Longest pause between two looks while the outbox cannot be read.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How long a channel is left alone after a failure that does not say how long.
const PAUSE: Duration = Duration::from_secs(2);

/// Notices taken at once.
const BATCH: usize = 50;

/// Most clearings in one message, and most people that they name together: as many as fit into it,
/// and as one line of them can have.
const TOGETHER: usize = 10;
const NAMED_TOGETHER: usize = 50;

/// Length of a nonce, from Discord's reference of "Create Message": at most 25 characters.
const NONCE: usize = 25;

/// The one who delivers. Runs of it exclude each other, so that what is said stays in order.
pub struct OutboxCourier {
    /// The requests that the cards are of.
    pub ledger: Arc<dyn Ledger>,
    /// What is due.
    pub outbox: Arc<dyn Outbox>,
    /// Where it goes.
    pub channels: Arc<dyn Channels>,
    /// The rules that the cards name.
    pub policy: Policy,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where releases and checkpoints are announced; without it a release is announced in the
    /// channel of its request, and a checkpoint nowhere.
    pub announce: Option<ChannelId>,
    /// The channels that are not to be written to yet, and until when.
    pub resting: Mutex<HashMap<ChannelId, Instant>>,
}

/// Whether the next notices of the same channel can be delivered.
#[derive(PartialEq, Eq)]
enum Delivery {
    /// It was delivered, or never can be.
    Over,
    /// It has to wait, and with it what comes after it.
    Waits,
}

impl OutboxCourier {
    /// Delivers from time to time until `shutdown`.
    pub async fn run(&self, shutdown: CancellationToken) {
        let rounds = async {
            let mut pause = INTERVAL;
            loop {
                let read = self.round().await;
                pause = if read { INTERVAL } else { (pause * 2).min(LONGEST_PAUSE) };
                sleep(pause).await;
            }
        };
        shutdown.run_until_cancelled(rounds).await;
    }

    /// Delivers what can be. A notice that meets a fault stays for the next round, and what comes
    /// after it is delivered all the same, unless nothing can be read or written at all.
    async fn deliver_due(&self, resting: &mut HashMap<ChannelId, Instant>) -> Result<(), Fault> {
        let mut due = VecDeque::from(self.outbox.due(BATCH).await?);
        resting.retain(|_, until| *until > Instant::now());
        while let Some((id, notice)) = due.pop_front() {
            if let Some(channel) = gathers(&notice) {
                let together = gather(channel, (id, notice), &mut due);
                if self.say_together(channel, &together, resting).await == Delivery::Over {
                    for (id, _) in &together {
                        self.outbox.strike(id).await?;
                    }
                }
                continue;
            }
            // A card is made of the request as it is now: of several changes, the last one counts.
            let again = matches!(notice, Notice::Card { .. })
                && due.iter().any(|(_, later)| *later == notice);
            let delivery = if again {
                Ok(Delivery::Over)
            } else {
                self.deliver_one(&id, &notice, resting).await
            };
            match delivery {
                Ok(Delivery::Over) => self.outbox.strike(&id).await?,
                Ok(Delivery::Waits) => {}
                Err(fault) if fault.kind == FaultKind::Unexpected => {
                    warn!(id = id.0, kind = fault.kind.as_str(), "a notice waits: {fault}");
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(())
    }

    /// Says in one message which locks have cleared, or which have become stale.
    async fn say_together(
        &self,
        channel: ChannelId,
        together: &[(NoticeId, Notice)],
        resting: &mut HashMap<ChannelId, Instant>,
    ) -> Delivery {
        if resting.contains_key(&channel) {
            return Delivery::Waits;
        }
        let notices: Vec<&Notice> = together.iter().map(|(_, notice)| notice).collect();
        let Some(message) = notices_together(&notices) else {
            return Delivery::Over;
        };
        // Of all of them: a second try that says more than the first one is another message.
        let ids = together.iter().map(|(id, _)| id);
        let posted = self.channels.post(channel, &message, &nonce(ids)).await;
        outcome(channel, posted.map(|_| ()), resting)
    }

    async fn deliver_one(
        &self,
        id: &NoticeId,
        what: &Notice,
        resting: &mut HashMap<ChannelId, Instant>,
    ) -> Result<Delivery, Fault> {
        let filed = match what {
            Notice::Card { request }
            | Notice::Released { request }
            | Notice::HalfReleased { request } => self.ledger.request(*request).await?,
            Notice::Cleared { .. }
            | Notice::Stale { .. }
            | Notice::Checkpoint { .. }
            | Notice::TrailBroken { .. } => None,
        };
        let place = filed.as_ref().map(|filed| filed.request.place.channel);
        let channel = match what {
            Notice::Card { .. } => place,
            Notice::Cleared { channel, .. } | Notice::Stale { channel, .. } => Some(*channel),
            _ => self.announce.or(place),
        };
        let Some(channel) = channel else {
            // Nobody is there to be told.
            return Ok(Delivery::Over);
        };
        if resting.contains_key(&channel) {
            return Ok(Delivery::Waits);
        }
        let delivered = match (what, &filed) {
            (Notice::Card { .. }, Some(filed)) => self.bring_up_to_date(filed, id).await?,
            (_, filed) => match notice(what, filed.as_ref().map(|filed| &filed.request)) {
                Some(message) => {
                    self.channels.post(channel, &message, &nonce([id])).await.map(|_| ())
                }
                None => Ok(()),
            },
        };
        Ok(outcome(channel, delivered, resting))
    }

    /// Posts the card of a request, or changes it to say how things stand. A card that somebody has
    /// deleted is posted anew while it can still be pressed.
    async fn bring_up_to_date(
        &self,
        filed: &Filed,
        id: &NoticeId,
    ) -> Result<Result<(), Undelivered>, Fault> {
        let request = &filed.request;
        let channel = request.place.channel;
        let mut message = card(request, &self.policy, self.clock.now());
        if let Some(posted) = filed.card {
            match self.channels.edit(channel, posted, &message).await {
                // The approvers have been called once, which is enough.
                Err(Undelivered::MessageGone) if request.is_open() => message.calls.clear(),
                result => return Ok(result),
            }
        }
        // An earlier try may have posted it with its answer lost, whichever notice that was for.
        let first = NoticeId(format!("card#{}", request.id));
        let (is_first, id) = if filed.card.is_none() { (true, &first) } else { (false, id) };
        match self.channels.post(channel, &message, &nonce([id])).await {
            Ok(posted) => {
                self.ledger.set_card(request.id, Some(posted)).await?;
                if is_first && request.version > 0 {
                    // What that try posted says how things stood then.
                    return Ok(self.channels.edit(channel, posted, &message).await);
                }
                Ok(Ok(()))
            }
            Err(undelivered) => Ok(Err(undelivered)),
        }
    }

    /// Delivers what is due, and says whether all of the outbox could be read and written.
    async fn round(&self) -> bool {
        let mut resting = self.resting.lock().await;
        let delivered = self.deliver_due(&mut resting).await;
        if let Err(fault) = &delivered {
            // What is in the outbox stays there, and the next round comes.
            warn!(kind = fault.kind.as_str(), "the outbox was not delivered: {fault}");
        }
        delivered.is_ok()
    }
}

#[async_trait]
impl Courier for OutboxCourier {
    async fn deliver(&self) {
        self.round().await;
    }

    async fn refresh(&self, request: RequestId) {
        let _turn = self.resting.lock().await;
        let refreshed = async {
            let Some(filed) = self.ledger.request(request).await? else {
                return Ok(Ok(()));
            };
            let anew = NoticeId(format!("refresh#{request}#{}", self.clock.now()));
            self.bring_up_to_date(&filed, &anew).await
        };
        match refreshed.await {
            Ok(Ok(())) => {}
            Ok(Err(undelivered)) => debug!(%undelivered, "a card was not refreshed"),
            Err::<_, Fault>(fault) => {
                warn!(kind = fault.kind.as_str(), "card not refreshed: {fault}");
            }
        }
    }
}

/// What became of a notice; a channel that has to be left alone for a while is noted.
fn outcome(
    channel: ChannelId,
    delivered: Result<(), Undelivered>,
    resting: &mut HashMap<ChannelId, Instant>,
) -> Delivery {
    match delivered {
        Ok(()) => Delivery::Over,
        Err(Undelivered::Later { after, why }) => {
            debug!(channel = channel.get(), why, "a notice waits");
            resting.insert(channel, Instant::now() + after.unwrap_or(PAUSE));
            Delivery::Waits
        }
        Err(undelivered) => {
            warn!(channel = channel.get(), %undelivered, "a notice cannot be delivered");
            Delivery::Over
        }
    }
}

/// The channel of a notice that is said together with others of its kind.
fn gathers(notice: &Notice) -> Option<ChannelId> {
    match notice {
        Notice::Cleared { channel, .. } | Notice::Stale { channel, .. } => Some(*channel),
        _ => None,
    }
}

/// Takes the notices of one kind and channel that come one after the other, so that many at once are
/// few messages. Nothing of another kind that is due is overtaken.
fn gather(
    channel: ChannelId,
    first: (NoticeId, Notice),
    due: &mut VecDeque<(NoticeId, Notice)>,
) -> Vec<(NoticeId, Notice)> {
    let named = |notice: &Notice| Clearing::of(notice).map_or(0, |clearing| clearing.waiting.len());
    let kind = std::mem::discriminant(&first.1);
    let mut people = named(&first.1);
    let mut together = vec![first];
    let mut at = 0;
    while let Some((_, next)) = due.get(at)
        && std::mem::discriminant(next) == kind
    {
        let more = named(next);
        if gathers(next) == Some(channel)
            && together.len() < TOGETHER
            && people + more <= NAMED_TOGETHER
        {
            people += more;
            together.extend(due.remove(at));
        } else {
            at += 1;
        }
    }
    together
}

/// What makes a second try of the same notices the same message.
fn nonce<'n>(ids: impl IntoIterator<Item = &'n NoticeId>) -> String {
    let ids: Vec<&str> = ids.into_iter().map(|id| id.0.as_str()).collect();
    Hash::of(ids.join("\n")).as_str()[..NONCE].to_owned()
}
