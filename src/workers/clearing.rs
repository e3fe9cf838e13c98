//! Who is told where that a lock has cleared.

use std::collections::BTreeMap;

use crate::people::{ChannelId, Person};
use crate::ports::Notice;
use crate::watch::{Ending, Hold, Line, PastHold};

/// Who is told where that a hold is over: the announce channel, unless a request has released the
/// lock and that was announced already; and those who wait, each in the channel where they asked.
/// While somebody else holds the lock at once, they wait on.
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
