//! Announcements.

use super::audit::IF_RESTORED;
use super::cleared::{Clearing, all_stale, cleared, stale};
use super::parts::{by_holder, counted};
use super::request::{approvers, end};
use super::weekly::weekly;
use crate::lock::{age, in_words};
use crate::message::{Message, Text, Tone};
use crate::people::UserId;
use crate::ports::Notice;
use crate::text::{LONG, REASON, SHORT};
use crate::unlock::{Closing, Left, Outcome, UnlockRequest};
use crate::watch::{Hold, Verdict};

/// The message for a notice that has a message of its own. `request` is the request of the notice.
/// `None` for a card, which is not an announcement, and if the request is gone.
#[must_use]
pub fn notice(notice: &Notice, request: Option<&UnlockRequest>) -> Option<Message> {
    match notice {
        Notice::Card { .. } => None,
        Notice::Released { .. } => request.and_then(released),
        Notice::Ended { .. } => request.and_then(ended),
        Notice::HalfReleased { .. } => request.and_then(half_released),
        Notice::Cleared { .. } => Clearing::of(notice).map(|clearing| cleared(&[clearing])),
        Notice::Stale { hold, verdict, holder, .. } => Some(stale(hold, verdict, *holder)),
        Notice::Checkpoint { at, chains, entries, digest } => Some(
            Message::sentence(
                Tone::Plain,
                Text::own(format!(
                    "The audit trail holds: {} in {}, every one as it was written. The checkpoint \
                     of all heads is ",
                    counted(*entries, "entry", "entries"),
                    counted(*chains as u64, "chain", "chains"),
                ))
                .quote(digest.as_str(), LONG)
                .then("."),
            )
            .read_at(*at),
        ),
        Notice::Weekly { report, not_read } => Some(weekly(report, not_read)),
        Notice::TrailBroken { at, what } => Some(
            Message::new(Tone::Broken, Text::own("⚠️ The audit trail does not hold"))
                .line(Text::default().name(what, 3 * LONG).then(
                    ". Run `locktender audit verify`, and find out who can write to the audit \
                     table.",
                ))
                .line(Text::own(IF_RESTORED))
                .read_at(*at),
        ),
    }
}

/// `env/prod is free. Held 4 h 12 min by jjoyner@ci-runner-04 (apply), released by bob at the
/// request of alice.`
fn released(request: &UnlockRequest) -> Option<Message> {
    let closing = request.closing()?;
    if closing.left == Some(Left::NextLock) {
        return Some(released_and_retaken(request, closing));
    }
    let text = Text::own("🔓 ").name(request.state.name.as_str(), SHORT).then(" is free. ");
    let text = by_whom(held(text, request, closing).then(", released by "), request).then(".");
    Some(Message::sentence(Tone::Free, text))
}

/// `The lock of env/prod is gone. Held 4 h 12 min by jjoyner@ci-runner-04 (apply), removed by bob at
/// the request of alice or by its holder. Another lock is there now, and stays.`
fn released_and_retaken(request: &UnlockRequest, closing: &Closing) -> Message {
    let text = Text::own("🔓 The lock of ").name(request.state.name.as_str(), SHORT);
    let text = held(text.then(" is gone. "), request, closing).then(", removed by ");
    let text =
        by_whom(text, request).then(" or by its holder. Another lock is there now, and stays.");
    Message::sentence(Tone::Plain, text)
}

/// How long a lock was held, and its holder.
fn held(text: Text, request: &UnlockRequest, closing: &Closing) -> Text {
    let lock = request.pinned.lock();
    let mut text = text.then("Held");
    if let Some(since) = lock.since() {
        text = text.then(format!(" {}", in_words(age(since, closing.at))));
    }
    by_holder(text, lock.info().map(|info| (info.who.as_str(), &info.operation)))
}

/// `bob at the request of alice`
fn by_whom(text: Text, request: &UnlockRequest) -> Text {
    text.append(approvers(request)).then(" at the request of ").person(&request.requester)
}

/// A release that failed halfway: what was released, what was not, and what to do.
fn half_released(request: &UnlockRequest) -> Option<Message> {
    let closing = request.closing()?;
    let (state, what) = match closing.left? {
        Left::Row => {
            (" is half unlocked", "The S3 lockfile is gone, the DynamoDB row is still there")
        }
        Left::Lockfile => {
            (" is half unlocked", "The DynamoDB row is gone, the S3 lockfile is still there")
        }
        Left::Unknown => (
            " may be half unlocked",
            "The release was given up. What is left of the lock could not be read",
        ),
        Left::NextLock => return None,
    };
    let title = Text::own("⚠️ ").name(request.state.name.as_str(), SHORT).then(state);
    let line = by_whom(Text::own(what).then(". Approved by "), request).then(".");
    let mut message = Message::new(Tone::Broken, title).line(line);
    if let Some(note) = &closing.note {
        message = message.field("What failed, and what to do", Text::default().quote(note, REASON));
    }
    Some(message.line(Text::own(
        "Look at it with /lock status. While a part of the lock is left, Terraform stays locked \
             out. Request the release of the rest with /lock unlock.",
    )))
}

/// `alice's request to unlock env/prod has ended: denied by bob, <time>. This bot cannot change its
/// card, which may still have buttons. They no longer do anything.`
fn ended(request: &UnlockRequest) -> Option<Message> {
    let closing = request.closing()?;
    let mut text = Text::own("🔒 ")
        .name(&request.requester.name, SHORT / 2)
        .then("'s request to unlock ")
        .name(request.state.name.as_str(), SHORT)
        .then(" has ended: ")
        .append(end(closing))
        .then(". ");
    text = match closing.outcome {
        Outcome::Unpostable => {
            text.then("Ask again with /lock unlock, in a channel where this bot may post.")
        }
        _ => text.then(
            "This bot cannot change its card, which may still have buttons. They no longer do \
                 anything.",
        ),
    };
    let message = Message::sentence(Tone::Plain, text);
    Some(match &closing.note {
        Some(note) => message.field("Note", Text::default().quote(note, REASON)),
        None => message,
    })
}

/// The message for one notice, or for several cleared locks or several stale ones. `None` for an
/// empty list and for several notices of another kind.
#[must_use]
pub fn notices_together(notices: &[&Notice]) -> Option<Message> {
    match notices {
        [] => None,
        [one] => notice(one, None),
        several => {
            let clearings: Vec<Clearing<'_>> =
                several.iter().filter_map(|notice| Clearing::of(notice)).collect();
            let stale: Vec<(&Hold, &Verdict, Option<UserId>)> = several
                .iter()
                .filter_map(|notice| match notice {
                    Notice::Stale { hold, verdict, holder, .. } => {
                        Some((&**hold, verdict, *holder))
                    }
                    _ => None,
                })
                .collect();
            match (&*clearings, &*stale) {
                ([], []) => None,
                ([], stale) => Some(all_stale(stale)),
                (clearings, _) => Some(cleared(clearings)),
            }
        }
    }
}
