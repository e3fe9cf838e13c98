//! What is said in one message, and what makes a second try of it the same message.

use std::collections::VecDeque;
use std::mem::discriminant;

use super::queue::Queued;
use crate::audit::Hash;
use crate::ports::{Notice, NoticeId};
use crate::words::cleared::Clearing;

/// Most clearings in one message, and most people that they name together: as many as fit into it,
/// and as one line of them can have.
const TOGETHER: usize = 10;
const NAMED_TOGETHER: usize = 50;

/// Length of a nonce, from Discord's reference of "Create Message": at most 25 characters.
const NONCE: usize = 25;

/// Takes from a channel's queue what is said together with `first`: the notices of its kind that come
/// right after it, so that many at once are few messages. Nothing of another kind is overtaken.
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

/// What makes a second try of the same notices the same message.
pub(super) fn nonce<'n>(ids: impl IntoIterator<Item = &'n NoticeId>) -> String {
    let ids: Vec<&str> = ids.into_iter().map(|id| id.0.as_str()).collect();
    Hash::of(ids.join("\n")).as_str()[..NONCE].to_owned()
}
