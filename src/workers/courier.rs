//! Delivers the outbox: updates of cards, and announcements.
//!
//! Each channel has its own turns and its own order. A channel does not delay the others if Discord is slow
//! there, if it refuses the bot, or if it is gone (`lane.rs`). A refused notice is posted elsewhere, kept
//! for a day, or set aside (`undelivered.rs`).

mod card;
mod gather;
mod lane;
mod queue;
mod rest;
mod turns;
mod undelivered;

use std::collections::HashSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt;
use futures::future::join_all;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

pub use self::turns::Turns;
use crate::error::Fault;
use crate::metrics;
use crate::people::{ChannelId, Holders, RequestId};
use crate::ports::{Channels, Clock, Courier, Ledger, Outbox};
use crate::unlock::Policies;

/// How often the outbox is read without a wake-up. Notices that a crash or a Discord outage left
/// there wait no longer than this. A look is one query.
const INTERVAL: Duration = Duration::from_secs(2);

/// Longest pause between two looks while the outbox cannot be read, or is long and a channel rests.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// An outbox with more notices than this is long. Each look reads all of it, so while a channel rests a
/// long one is read less often.
const LONG: usize = 100;

/// Longest wait for a channel's turn.
const PATIENCE: Duration = Duration::from_secs(15);

/// How long a shutdown waits for the last deliveries.
const LAST: Duration = Duration::from_secs(3);

/// Delivers notices.
pub struct OutboxCourier {
    /// The requests that the cards show.
    pub ledger: Arc<dyn Ledger>,
    /// The due notices.
    pub outbox: Arc<dyn Outbox>,
    /// The channels of Discord.
    pub channels: Arc<dyn Channels>,
    /// The rules that the cards show, and where things are announced. Without a channel for that, a release is
    /// announced in the channel of its request, and a checkpoint not at all.
    pub policies: Policies,
    /// The people behind the holders of locks, whom a card asks.
    pub holders: Arc<Holders>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The turns of the channels.
    pub turns: Turns,
}

/// A courier whose `deliver` returns after everything deliverable is delivered, one channel after
/// the other. For a terminal, where people read line by line, and for tests.
pub struct PromptCourier(pub Arc<OutboxCourier>);

/// The result of a successful delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// The message was posted or edited.
    Posted,
    /// There was nothing to post.
    NothingToSay,
}

/// The result of a look into the outbox.
struct Look {
    /// The channels that can be tried, those with the oldest notices first.
    ready: Vec<ChannelId>,
    /// When the next channel can be tried.
    next: Option<Instant>,
    /// How many notices there are.
    notices: usize,
}

impl Look {
    /// When to look again without a wake-up.
    fn again(&self, now: Instant) -> Instant {
        let soon = now + INTERVAL;
        match self.next {
            Some(next) if self.notices > LONG => next.clamp(soon, now + LONGEST_PAUSE),
            Some(next) => next.min(soon),
            None => soon,
        }
    }
}

impl OutboxCourier {
    /// Delivers on each wake-up, and every few seconds, until `shutdown`. Then it spends up to 3 s on the
    /// remaining notices. The next start delivers the rest.
    pub async fn run(self: Arc<Self>, shutdown: CancellationToken) {
        let mut deliveries = JoinSet::new();
        // The channels with a running delivery, and those of them that got new notices meanwhile.
        let (mut busy, mut again) = (HashSet::new(), HashSet::new());
        let mut pause = INTERVAL;
        let mut next = Instant::now();
        loop {
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = self.turns.wake.notified() => {}
                () = sleep_until(next) => {}
                Some(done) = deliveries.join_next(), if !deliveries.is_empty() => {
                    let Ok(channel) = done else { continue };
                    busy.remove(&channel);
                    if !again.remove(&channel) {
                        if let Some(until) = self.turns.rests_until(channel, Instant::now()) {
                            next = next.min(until);
                        }
                        continue;
                    }
                }
            }
            let look = self.look().await;
            let now = Instant::now();
            match look {
                Ok(look) => {
                    pause = INTERVAL;
                    next = look.again(now);
                    for channel in look.ready {
                        if busy.insert(channel) {
                            deliveries.spawn(self.clone().drained(channel));
                        } else {
                            again.insert(channel);
                        }
                    }
                }
                Err(fault) => {
                    not_delivered(&fault);
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    next = now + pause;
                }
            }
        }
        let last = async {
            while deliveries.join_next().await.is_some() {}
            self.round().await
        };
        if !timeout(LAST, last).await.unwrap_or_default() {
            info!("not everything was delivered; the next start does it");
        }
    }

    /// Delivers all deliverable notices once, in all channels at the same time. Returns whether the whole
    /// outbox could be read and written.
    pub async fn round(&self) -> bool {
        match self.look().await {
            Ok(look) => {
                let all = join_all(look.ready.into_iter().map(|channel| self.drain(channel))).await;
                all.iter().filter_map(|drained| drained.as_ref().err()).for_each(not_delivered);
                all.iter().all(Result::is_ok)
            }
            Err(fault) => {
                not_delivered(&fault);
                false
            }
        }
    }

    /// Finds the channels that can be tried. Removes notices without a channel, and handles those
    /// that cannot be read.
    async fn look(&self) -> Result<Look, Fault> {
        let queue = self.queue().await?;
        for id in &queue.without_channel {
            self.outbox.remove(id).await?;
        }
        for due in &queue.puzzling {
            if let Err(fault) = self.puzzled(due).await {
                not_delivered(&fault);
            }
        }
        let now = Instant::now();
        let mut look = Look { ready: Vec::new(), next: None, notices: queue.puzzling.len() };
        for (channel, queue) in &queue.channels {
            look.notices += queue.len();
            match self.turns.rests_until(*channel, now) {
                None => look.ready.push(*channel),
                Some(until) => look.next = Some(look.next.map_or(until, |next| next.min(until))),
            }
        }
        let oldest = queue.oldest.and_then(|oldest| (self.clock.now() - oldest).to_std().ok());
        metrics::outbox(look.notices, oldest);
        Ok(look)
    }

    /// Delivers in one channel, and returns the channel. A panic in one delivery does not end the
    /// others.
    async fn drained(self: Arc<Self>, channel: ChannelId) -> ChannelId {
        match AssertUnwindSafe(self.drain(channel)).catch_unwind().await {
            Ok(Ok(())) => {}
            Ok(Err(fault)) => not_delivered(&fault),
            Err(_) => self.rest(channel).await,
        }
        channel
    }
}

fn not_delivered(fault: &Fault) {
    // The notices stay in the outbox, and the next look tries them again.
    warn!(kind = fault.kind.as_str(), "the outbox was not delivered: {fault}");
}

#[async_trait]
impl Courier for OutboxCourier {
    async fn deliver(&self) {
        self.turns.wake.notify_one();
    }

    async fn deliver_to(&self, channel: ChannelId) {
        let _waits = self.turns.wait_for(channel);
        match timeout(PATIENCE, self.drain(channel)).await {
            Ok(Ok(())) => {}
            Ok(Err(fault)) => not_delivered(&fault),
            // The worker finishes this delivery, and nothing is posted twice.
            Err(_) => self.turns.wake.notify_one(),
        }
    }

    async fn refresh(&self, request: RequestId) {
        if let Ok(Err(fault)) = timeout(PATIENCE, self.refresh_in_turn(request)).await {
            warn!(kind = fault.kind.as_str(), "card not refreshed: {fault}");
        }
    }
}

#[async_trait]
impl Courier for PromptCourier {
    async fn deliver(&self) {
        let ready = match self.0.look().await {
            Ok(look) => look.ready,
            Err(fault) => return not_delivered(&fault),
        };
        for channel in ready {
            if let Err(fault) = self.0.drain(channel).await {
                not_delivered(&fault);
            }
        }
    }

    async fn deliver_to(&self, channel: ChannelId) {
        self.0.deliver_to(channel).await;
    }

    async fn refresh(&self, request: RequestId) {
        self.0.refresh(request).await;
    }
}
