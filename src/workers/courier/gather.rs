//! Groups notices into one message, and makes the nonce that identifies its retries.

use std::collections::VecDeque;
use std::mem::discriminant;

use super::queue::Queued;
use crate::audit::Hash;
use crate::ports::{Notice, NoticeId};
use crate::words::cleared::Clearing;

/// Limits of one message: its notices, and the people that they name together. Ten notices fit into a
/// message. A line has no more than 50 watchers.
const TOGETHER: usize = 10;
const NAMED_TOGETHER: usize = 50;

/// Length of a nonce. Discord's reference of "Create Message" allows at most 25 characters.
const NONCE: usize = 25;

/// Takes from a channel's queue the notices that go into one message with `first`: those of the
/// same kind that follow directly after it. So many notices become few messages, and no notice
/// overtakes one of another kind.
pub(super) fn gather(first: Queued, queue: &mut VecDeque<Queued>) -> Vec<Queued> {
    let kind = discriminant(&first.notice);
    let gathers = matches!(first.notice, Notice::Cleared { .. } | Notice::Stale { .. });
    let mut people = named(&first.notice);
    let mut together = vec![first];
    while gathers
        && together.len() < TOGETHER
        && let Some(next) = queue.front()
        && discriminant(&next.notice) == kind
        && people + named(&next.notice) <= NAMED_TOGETHER
    {
        people += named(&next.notice);
        together.extend(queue.pop_front());
    }
    together
}

fn named(notice: &Notice) -> usize {
    Clearing::of(notice).map_or(0, |clearing| clearing.waiting.len())
}

/// The nonce by which Discord recognises a retry of the same notices.
pub(super) fn nonce<'n>(ids: impl IntoIterator<Item = &'n NoticeId>) -> String {
    let ids: Vec<&str> = ids.into_iter().map(|id| id.0.as_str()).collect();
    Hash::of(ids.join("\n")).as_str()[..NONCE].to_owned()
}
