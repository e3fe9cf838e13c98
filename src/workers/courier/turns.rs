//! Whose turn it is: one delivery at a time in each channel, and none while it has to rest.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

use super::rest::Rest;
use crate::people::{ChannelId, RequestId};
use crate::ports::NoticeId;

/// The turns of all channels.
#[derive(Default)]
pub struct Turns {
    lanes: Mutex<HashMap<ChannelId, Arc<tokio::sync::Mutex<Lane>>>>,
    /// After Discord has taken nothing from this bot, in any channel.
    everywhere: Mutex<Rest>,
    /// The channels of the requests that something is due for: a request never changes its own.
    places: Mutex<HashMap<RequestId, ChannelId>>,
    /// The channels for whose deliveries an answer to a person waits.
    waited_for: Mutex<Vec<ChannelId>>,
    /// Wakes the worker.
    pub(super) wake: Notify,
}

/// An answer to a person waits for a channel's deliveries as long as this is kept.
pub(super) struct Wait<'t> {
    turns: &'t Turns,
    channel: ChannelId,
}

/// One channel. Whoever holds it delivers there.
#[derive(Default)]
pub(super) struct Lane {
    /// After Discord was busy.
    pub(super) busy: Rest,
    /// After the channel has refused what this bot writes.
    pub(super) refusing: Rest,
    /// After a message was not taken that says nothing about others.
    pub(super) odd: HashMap<NoticeId, Rest>,
    /// The notice at which Discord has failed last, and how often in a row.
    failing: Option<(NoticeId, u32)>,
}

/// Failures in a row at one notice after which the next one is tried too.
const FAILURES: u32 = 3;

impl Lane {
    /// Notes a failure of Discord at a notice. Says whether there were so many in a row that the
    /// notice itself may be the cause.
    pub(super) fn may_be_the_cause(&mut self, id: &NoticeId) -> bool {
        let before = self.failing.take().filter(|(failing, _)| failing == id);
        let failures = before.map_or(1, |(_, failures)| failures.saturating_add(1));
        self.failing = Some((id.clone(), failures));
        failures >= FAILURES
    }
}

impl Turns {
    /// The turn of one channel.
    pub(super) fn lane(&self, channel: ChannelId) -> Arc<tokio::sync::Mutex<Lane>> {
        held(&self.lanes).entry(channel).or_default().clone()
    }

    pub(super) fn everywhere(&self) -> MutexGuard<'_, Rest> {
        held(&self.everywhere)
    }

    /// Discord has taken something: the next pause is a short one again. A pause that somebody else
    /// was told meanwhile stays.
    pub(super) fn is_well_everywhere(&self, now: Instant) {
        let mut everywhere = self.everywhere();
        if everywhere.end(now).is_none() {
            everywhere.over();
        }
    }

    /// Until when nothing may be sent to a channel, whatever it is.
    pub(super) fn busy_until(&self, lane: &Lane, now: Instant) -> Option<Instant> {
        self.everywhere().end(now).max(lane.busy.end(now))
    }

    /// Until when a channel has nothing to try.
    pub(super) fn rests_until(&self, channel: ChannelId, now: Instant) -> Option<Instant> {
        match self.lane(channel).try_lock() {
            Ok(lane) => self.busy_until(&lane, now).max(lane.refusing.end(now)),
            // Whoever delivers there knows.
            Err(_) => self.everywhere().end(now),
        }
    }

    /// Notes that an answer waits for what becomes of a channel's notices.
    pub(super) fn wait_for(&self, channel: ChannelId) -> Wait<'_> {
        held(&self.waited_for).push(channel);
        Wait { turns: self, channel }
    }

    /// Whether somebody will be told in an answer what has become of a channel's notices.
    pub(super) fn is_waited_for(&self, channel: ChannelId) -> bool {
        held(&self.waited_for).contains(&channel)
    }

    pub(super) fn known_place(&self, request: RequestId) -> Option<ChannelId> {
        held(&self.places).get(&request).copied()
    }

    pub(super) fn know_place(&self, request: RequestId, channel: ChannelId) {
        held(&self.places).insert(request, channel);
    }

    /// Forgets the channels of all requests but these.
    pub(super) fn forget_places(&self, but: impl Iterator<Item = RequestId>) {
        let kept: HashSet<RequestId> = but.collect();
        held(&self.places).retain(|request, _| kept.contains(request));
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let mut waited_for = held(&self.turns.waited_for);
        if let Some(at) = waited_for.iter().position(|channel| *channel == self.channel) {
            waited_for.swap_remove(at);
        }
    }
}

/// None of these is held over an await or left half changed, so a panic leaves nothing to fear.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
