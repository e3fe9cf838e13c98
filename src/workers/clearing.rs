//! Decides who is notified in which channel when a lock clears.

use std::collections::BTreeMap;

use crate::people::{ChannelId, Person};
use crate::ports::Notice;
use crate::unlock::Policy;
use crate::watch::{Ending, Hold, Line, PastHold};

/// The notices about the end of a hold. One goes to the announce channel, unless a request released
/// the lock, since the release has its own notice. A short hold that no person waited for and that
/// was not called stale is not announced, by the `policy` of its state. Watchers are notified in the channel where they
/// asked. If the next holder took the lock at once, they keep waiting.
#[must_use]
pub fn clearing_notices(
    past: &PastHold,
    next: Option<&Hold>,
    line: &Line,
    policy: &Policy,
) -> Vec<Notice> {
    let mut told: BTreeMap<ChannelId, Vec<Person>> = BTreeMap::new();
    let is_short =
        past.length() < policy.announce_min_hold && !past.hold.told_stale && line.is_empty();
    if !is_short && !matches!(past.ending, Ending::Unlocked { .. }) {
        told.extend(policy.announce.map(|channel| (channel, Vec::new())));
    }
    if next.is_none() {
        for watcher in line.watchers() {
            told.entry(watcher.channel).or_default().push(watcher.person.clone());
        }
    }
    let next = next.map(|next| next.who.clone().unwrap_or_default());
    let notice = |(channel, waiting)| Notice::Cleared {
        past: Box::new(past.clone()),
        next: next.clone(),
        waiting,
        channel,
    };
    told.into_iter().map(notice).collect()
}
