//! Decides who is notified in which channel when a lock clears.

use std::collections::BTreeMap;

use crate::people::{ChannelId, Person};
use crate::ports::Notice;
use crate::watch::{Ending, Hold, Line, PastHold};

/// The notices about the end of a hold. One goes to the announce channel, unless a request released
/// the lock, since the release has its own notice. Watchers are notified in the channel where they
/// asked. If the next holder took the lock at once, they keep waiting.
#[must_use]
pub fn clearing_notices(
    past: &PastHold,
    next: Option<&Hold>,
    line: &Line,
    announce: Option<ChannelId>,
) -> Vec<Notice> {
    let mut told: BTreeMap<ChannelId, Vec<Person>> = BTreeMap::new();
    if !matches!(past.ending, Ending::Unlocked { .. }) {
        told.extend(announce.map(|channel| (channel, Vec::new())));
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
