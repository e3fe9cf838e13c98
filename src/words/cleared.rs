//! Messages for locks that have cleared or become stale.

use super::parts::{held_by, or_unknown};
use super::request::asked;
use super::verdict::verdict_line;
use crate::command::Command;
use crate::lock::in_words;
use crate::message::{Message, Text, Tone};
use crate::people::{Person, UserId};
use crate::ports::Notice;
use crate::text::SHORT;
use crate::watch::{Ending, Hold, PastHold, Verdict};

/// A cleared lock, as one line of a message.
#[derive(Clone, Copy, Debug)]
pub struct Clearing<'n> {
    /// The finished hold.
    pub past: &'n PastHold,
    /// The holder of the next lock, if there is one already.
    pub next: Option<&'n str>,
    /// The watchers, in order.
    pub waiting: &'n [Person],
}

impl<'n> Clearing<'n> {
    /// The content of a notice about a cleared lock. `None` for any other notice.
    #[must_use]
    pub fn of(notice: &'n Notice) -> Option<Self> {
        match notice {
            Notice::Cleared { past, next, waiting, .. } => {
                Some(Self { past, next: next.as_deref(), waiting })
            }
            _ => None,
        }
    }
}

/// One message about locks that cleared at about the same time.
pub(crate) fn cleared(clearings: &[Clearing<'_>]) -> Message {
    let mut message = Message::new(Tone::Free, Text::default());
    for clearing in clearings {
        message = message.line(clearing_line(clearing));
        for person in clearing.waiting {
            if !message.pings.contains(&person.id) {
                message.pings.push(person.id);
            }
        }
    }
    message
}

/// `env/prod is free. Held 4 h 12 min by jjoyner@ci-runner-04 (apply). Next: alice, then bob.`
fn clearing_line(Clearing { past, next, waiting }: &Clearing<'_>) -> Text {
    let hold = &past.hold;
    let name = hold.state.name.as_str();
    let held = || held_by(format!("Held {}", in_words(past.length())), hold).then(".");
    let mut text = match (next, &past.ending) {
        // The release was already announced with the approver and the length of the hold.
        (None, Ending::Unlocked { .. }) => {
            Text::own("🔓 ").name(name, SHORT).then(" is free, released by request.")
        }
        (None, _) => Text::own("🔓 ").name(name, SHORT).then(" is free. ").append(held()),
        (Some(_), _) => Text::own("🔁 ").name(name, SHORT).then(" changed hands. ").append(held()),
    };
    if let Some(next) = next {
        text = text.then(" Now held by ").quote(or_unknown(next), SHORT).then(".");
    }
    if !waiting.is_empty() {
        let people = waiting.iter().map(|person| Text::default().person(person));
        text = text.then(" Next: ").joined(", then ", people).then(".");
    }
    text
}

/// Several holds that became stale at about the same time, as at the first look.
pub(crate) fn all_stale(holds: &[(&Hold, &Verdict, Option<UserId>)]) -> Message {
    let title = Text::own(format!("⏳ {} locks look stale", holds.len()));
    let mut message = Message::new(Tone::Held, title);
    for (hold, verdict, holder) in holds {
        let held = held_by(format!(": held {} so far", in_words(verdict.evidence.age)), hold);
        let name = Text::default().name(hold.state.name.as_str(), SHORT);
        let text = name.append(held).then(".");
        message = message.line(match holder {
            Some(holder) => text.then(" ").account(*holder).then(", is your run alive?"),
            None => text,
        });
        message.pings.extend(holder.filter(|holder| !message.pings.contains(holder)));
    }
    message.line(Text::own(
        "Look at one with /lock status, and request its release with /lock unlock.",
    ))
}

/// A hold that became stale, with a button to request its release.
pub(crate) fn stale(hold: &Hold, verdict: &Verdict, holder: Option<UserId>) -> Message {
    let name = hold.state.name.as_str();
    let title = Text::own("⏳ ").name(name, SHORT).then(" looks stale");
    let line = held_by(format!("Held {} so far", in_words(verdict.evidence.age)), hold).then(".");
    let message = Message::new(Tone::Held, title).line(line).line(verdict_line(hold, verdict));
    let message = match holder {
        Some(holder) => asked(message, holder, ""),
        None => message,
    };
    message.button(
        "Request unlock",
        Command::Unlock { state: hold.state.short_name(), reason: None },
        true,
    )
}
