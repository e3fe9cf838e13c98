//! Controls the deliveries: one at a time in each channel, and none during a pause.

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
    /// The pause after Discord has refused this bot in all channels.
    everywhere: Mutex<Rest>,
    /// The channels of the requests with due notices. A request never changes its channel.
    places: Mutex<HashMap<RequestId, ChannelId>>,
    /// The channel of each answer to a person that waits for deliveries.
    waited_for: Mutex<Vec<ChannelId>>,
    /// Wakes the worker.
    pub(super) wake: Notify,
}

/// While this exists, an answer to a person waits for a channel's deliveries.
pub(super) struct Wait<'t> {
    turns: &'t Turns,
    channel: ChannelId,
}

/// The state of one channel. Only the task that has locked it delivers there.
#[derive(Default)]
pub(super) struct Lane {
    /// The pause after Discord was busy.
    pub(super) busy: Rest,
    /// The pause after the channel has refused this bot's messages.
    pub(super) refusing: Rest,
    /// The pauses of notices that Discord rejected for reasons of their own.
    pub(super) odd: HashMap<NoticeId, Rest>,
    /// The notice at which Discord last failed, and how often in a row.
    failing: Option<(NoticeId, u32)>,
}

/// After this many failures in a row at one notice, the next notice is tried too.
const FAILURES: u32 = 3;

impl Lane {
    /// Counts a failure of Discord at a notice. Returns whether there were so many in a row that
    /// the notice itself may be the cause.
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

    /// Shortens the next pause, since Discord has accepted a message. A pause that began meanwhile stays.
    pub(super) fn is_well_everywhere(&self, now: Instant) {
        let mut everywhere = self.everywhere();
        if everywhere.end(now).is_none() {
            everywhere.over();
        }
    }

    /// Until when nothing may be sent to a channel.
    pub(super) fn busy_until(&self, lane: &Lane, now: Instant) -> Option<Instant> {
        self.everywhere().end(now).max(lane.busy.end(now))
    }

    /// Until when a channel cannot be tried.
    pub(super) fn rests_until(&self, channel: ChannelId, now: Instant) -> Option<Instant> {
        match self.lane(channel).try_lock() {
            Ok(lane) => self.busy_until(&lane, now).max(lane.refusing.end(now)),
            // The task that delivers there knows its pauses.
            Err(_) => self.everywhere().end(now),
        }
    }

    /// Notes that an answer waits for a channel's deliveries.
    pub(super) fn wait_for(&self, channel: ChannelId) -> Wait<'_> {
        held(&self.waited_for).push(channel);
        Wait { turns: self, channel }
    }

    /// Whether an answer to a person will report a channel's deliveries.
    pub(super) fn is_waited_for(&self, channel: ChannelId) -> bool {
        held(&self.waited_for).contains(&channel)
    }

    pub(super) fn known_place(&self, request: RequestId) -> Option<ChannelId> {
        held(&self.places).get(&request).copied()
    }

    pub(super) fn know_place(&self, request: RequestId, channel: ChannelId) {
        held(&self.places).insert(request, channel);
    }

    /// Forgets the channels of all other requests.
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

/// No guard is held over an await, and no change is left half done, so a poisoned lock is still
/// usable.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
