//! The card of a request: the lock to release, what to check before, and the result.

use chrono::{DateTime, Utc};

use super::half::half_line;
use super::help::who_may_approve;
use super::lock::{held_for, lock_fields};
use super::parts::or_unknown;
use super::store::{store_line, tool_line};
use crate::command::Command;
use crate::lock::{LockState, in_words};
use crate::message::{Message, Text, Tone};
use crate::people::{Person, UserId};
use crate::ports::Filed;
use crate::text::{LONG, REASON, SHORT};
use crate::unlock::{Closing, Outcome, Policy, Status, UnlockRequest};

/// The card of a request in its present state. `holder` is the person behind the holder of its lock, if known.
#[must_use]
pub fn card(
    request: &UnlockRequest,
    policy: &Policy,
    holder: Option<UserId>,
    now: DateTime<Utc>,
) -> Message {
    match request.status() {
        Status::Pending => {
            let message = pending(request, policy, now);
            let mut message = match holder.filter(|holder| *holder != request.requester.id) {
                Some(holder) => asked(message, holder, " If it is, press Deny."),
                None => message,
            };
            if !request.calls_approvers {
                // Everybody was pinged for this state within the last hour.
                message.pings.clear();
            }
            if request.calls_approvers {
                Message { calls: policy.approver_roles.iter().copied().collect(), ..message }
            } else {
                // The approvers were pinged for this state within the last hour.
                message.field("Who may approve", who_may_approve(policy))
            }
        }
        Status::Executing => executing(request),
        Status::Closed(closing) => closed(request, closing),
    }
}

fn pending(request: &UnlockRequest, policy: &Policy, now: DateTime<Utc>) -> Message {
    let lock = request.pinned.lock();
    let title = Text::own("🔐 ")
        .name(&request.requester.name, SHORT / 2)
        .then(" asks to unlock ")
        .name(request.state.name.as_str(), SHORT);
    let mut message = Message::new(Tone::Held, title)
        .line(held_for(lock, now).then(" ").append(compared(request, now)))
        .line(to_check(lock));
    if let Some(line) = half_line(lock) {
        message = message.line(line);
    }
    if let Some(tool) = request.tool {
        message = message.line(tool_line(tool));
    }
    if let Some(line) = store_line(request.store) {
        message = message.line(line);
    }
    // What decides an approval comes first: on a phone each field is a row.
    let message = message.field("Reason", Text::default().quote(&request.reason, REASON));
    let message = requested_by(message, request)
        .short_field("Approvals", approvals(request, policy))
        .short_field("Expires", Text::default().at(request.expires_at));
    lock_fields(message, lock)
        .field("State path", Text::quoted(request.state.path.as_str()))
        .button("Approve", Command::Approve { request: request.id, typed: None }, true)
        .button("Deny", Command::Deny { request: request.id, reason: None }, true)
        .button("Withdraw", Command::Withdraw { request: request.id }, true)
}

/// Asks the person behind the holder of a lock, and pings them.
pub(super) fn asked(message: Message, holder: UserId, then: &'static str) -> Message {
    let text = Text::default().account(holder).strong(", is your run alive?").then(then);
    let mut message = message.line(text);
    message.pings.push(holder);
    message
}

/// Compares the age of the lock with the age from which it looks stale. That limit comes from past
/// holds or the team's setting when the request was opened.
fn compared(request: &UnlockRequest, now: DateTime<Utc>) -> Text {
    let lock = request.pinned.lock();
    let limit = request.stale_from.zip(lock.since()).map(|(from, since)| in_words(from - since));
    Text::own(match (limit, request.looks_stale(now)) {
        (Some(limit), true) => {
            format!("That is past the {limit} after which a lock here counts as stale.")
        }
        (Some(limit), false) => format!(
            "That is within the {limit} after which a lock here counts as stale: its run may \
                 well be alive."
        ),
        (None, _) => "So it cannot be told whether it is stale.".to_owned(),
    })
}

/// What the approver must check, because no tool can.
fn to_check(lock: &LockState) -> Text {
    let text = Text::default().strong("Before you approve,");
    let text = match lock.info() {
        Some(info) if !info.who.is_empty() => {
            text.then(" make sure that the run of ").quote(&info.who, SHORT).then(" is dead: look ")
        }
        _ => text.then(" make sure that no run is behind this lock: look "),
    };
    text.then(
        "at its CI job or its machine. A live run keeps writing after the unlock, and the next \
             run then corrupts the state.",
    )
}

/// `1 of 2: bob`.
fn approvals(request: &UnlockRequest, policy: &Policy) -> Text {
    let needed = policy.approvals.get();
    if request.approvals.is_empty() {
        return Text::own(format!("none yet, {needed} needed"));
    }
    Text::own(format!("{} of {needed}: ", request.approvals.len())).append(approvers(request))
}

/// The approvers. A request that was not written by the bot may have none.
pub(crate) fn approvers(request: &UnlockRequest) -> Text {
    let people = request.approvals.iter().map(|approval| Text::default().person(&approval.by));
    let mut people: Vec<Text> = people.collect();
    match people.pop() {
        None => Text::own("nobody"),
        Some(only) if people.is_empty() => only,
        Some(last) => Text::default().joined(", ", people).then(" and ").append(last),
    }
}

fn executing(request: &UnlockRequest) -> Message {
    let title = Text::own("🔐 ")
        .name(request.state.name.as_str(), SHORT)
        .then(" is approved and being released");
    let line = Text::own("Approved by ")
        .append(approvers(request))
        .then(". If this takes more than a minute, the log says why. The bot keeps trying.");
    facts(Message::new(Tone::Held, title).line(line), request)
}

fn closed(request: &UnlockRequest, closing: &Closing) -> Message {
    let (mark, tone) = match closing.outcome {
        Outcome::Unlocked | Outcome::AlreadyFree => ("🔓 ", Tone::Free),
        Outcome::Failed => ("⚠️ ", Tone::Broken),
        _ => ("🔒 ", Tone::Plain),
    };
    let title = Text::own(mark)
        .name(request.state.name.as_str(), SHORT)
        .then(format!(": {}", outcome_word(closing.outcome)));
    let mut message = Message::new(tone, title).line(how_it_ended(request, closing));
    if let Some(note) = &closing.note {
        let label = match closing.outcome {
            Outcome::Denied => "Why it was denied",
            Outcome::Withdrawn => "Why it was withdrawn",
            Outcome::Failed => "What failed, and what to do",
            _ => "Note",
        };
        message = message.field(label, Text::default().quote(note, REASON));
    }
    facts(message, request)
}

/// The word for the outcome on a closed card.
fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Unlocked => "unlocked",
        Outcome::Denied => "denied",
        Outcome::Withdrawn => "withdrawn",
        Outcome::Expired => "expired",
        Outcome::Superseded => "changed hands",
        Outcome::AlreadyFree => "already free",
        Outcome::Failed => "failed",
        // No card shows it, but answers about the request do.
        Outcome::Unpostable => "closed without a card",
    }
}

/// One sentence: what happened, by whose action and when.
pub(crate) fn how_it_ended(request: &UnlockRequest, closing: &Closing) -> Text {
    let by = closing.by.as_ref();
    let at = closing.at;
    match closing.outcome {
        Outcome::Unlocked => Text::own("Released ")
            .at(at)
            .then(", approved by ")
            .append(approvers(request))
            .then("."),
        Outcome::Denied => by_whom("Denied", by, at),
        Outcome::Withdrawn => by_whom("Withdrawn", by, at),
        Outcome::Expired => Text::own("It was not approved before ")
            .at(request.expires_at)
            .then(". The lock stays."),
        Outcome::Superseded => Text::own("Seen ")
            .at(at)
            .then(": another lock is there now. It is not the one of this request, so it stays."),
        Outcome::AlreadyFree => {
            Text::own("Seen ").at(at).then(": the lock was already gone. The bot deleted nothing.")
        }
        Outcome::Failed => Text::own("Approved by ")
            .append(approvers(request))
            .then(". The release failed ")
            .at(at)
            .then("."),
        Outcome::Unpostable => {
            Text::own("Its card could not be posted ").at(at).then(". The lock stays.")
        }
    }
}

fn by_whom(what: &'static str, by: Option<&Person>, at: DateTime<Utc>) -> Text {
    let text = Text::own(what).then(" by ");
    let text = match by {
        Some(person) => text.person(person),
        None => text.then("somebody"),
    };
    text.then(" ").at(at).then(". The lock stays.")
}

/// The answer to a person who acts on a request that has ended.
pub(crate) fn how_it_was_closed(closing: &Closing) -> Text {
    Text::own("This request has ended: ")
        .append(end(closing))
        .then(". Ask again with /lock unlock if a lock is in the way.")
}

/// `denied by bob, <time>`.
pub(crate) fn end(closing: &Closing) -> Text {
    let text = Text::own(outcome_word(closing.outcome));
    let text = match &closing.by {
        Some(person) => text.then(" by ").person(person),
        None => text,
    };
    text.then(", ").at(closing.at)
}

fn requested_by(message: Message, request: &UnlockRequest) -> Message {
    message.short_field("Requested by", Text::default().person(&request.requester))
}

/// The facts of a request that is not open any more, for readers of its card.
fn facts(message: Message, request: &UnlockRequest) -> Message {
    let lock = request.pinned.lock();
    let mut message = requested_by(message, request);
    message = message.field("Reason", Text::default().quote(&request.reason, REASON));
    if let Some(info) = lock.info() {
        message = message
            .short_field("Holder", Text::quoted(or_unknown(&info.who)))
            .field("Lock ID", Text::default().quote(info.id.as_str(), LONG));
    }
    message.field("State path", Text::quoted(request.state.path.as_str()))
}

/// Tells the requester where the card is, and how many must approve it.
pub(crate) fn posted(filed: &Filed, policy: &Policy) -> Message {
    let request = &filed.request;
    let name = request.state.name.as_str();
    if let Some(closing) = request.closing().filter(|end| end.outcome == Outcome::Unpostable) {
        return unpostable(name, closing);
    }
    let text = match filed.card {
        Some(card) => Text::own("Your request to unlock ")
            .name(name, SHORT)
            .then(" is in the channel: ")
            .message(request.place, card)
            .then(match policy.approvals.get() {
                1 => ". Another person must approve it before ".to_owned(),
                needed => format!(". {needed} other people must approve it before "),
            })
            .at(request.expires_at)
            .then("."),
        None => Text::own("Your request to unlock ").name(name, SHORT).then(
            " is recorded. Discord does not accept its card at the moment. The bot posts it as soon as \
                 Discord does.",
        ),
    };
    Message::sentence(Tone::Plain, text)
}

/// The answer to a requester whose card could not be posted: which permission to give, and where to
/// ask again.
fn unpostable(name: &str, closing: &Closing) -> Message {
    let why = closing.note.as_deref().unwrap_or_default();
    let text = Text::own("Your request to unlock ")
        .name(name, SHORT)
        .then(" is closed, because its card cannot be posted. ")
        .name(why, REASON)
        .then(". Then ask again, here or in another channel.");
    Message::sentence(Tone::Plain, text)
}

/// Confirms a denial that was not made on the card.
pub(crate) fn denied(request: &UnlockRequest) -> Message {
    let text = Text::own("You have denied the request of ")
        .person(&request.requester)
        .then(" to unlock ")
        .name(request.state.name.as_str(), SHORT)
        .then(". The lock stays.");
    Message::sentence(Tone::Plain, text)
}

/// Confirms a withdrawal that was not made on the card.
pub(crate) fn withdrawn(request: &UnlockRequest) -> Message {
    let text = Text::own("Your request to unlock ")
        .name(request.state.name.as_str(), SHORT)
        .then(" is withdrawn. The lock stays.");
    Message::sentence(Tone::Plain, text)
}
