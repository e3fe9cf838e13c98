//! What holds for any id of a button, and for any text from outside in a message.

mod limits;
mod live;

use serde_json::to_value;

use self::limits::{fits, fits_a_dialog};
use self::live::live_markup;
use super::markup::Drawn;
use super::parse::{CUSTOM_ID_LIMIT, command, custom_id, filled};
use super::render::{Rendered, modal};
use crate::command::Command;
use crate::fuzzing::texts;
use crate::message::{Field, Message, Span, Text};
use crate::people::Person;
use crate::text::{REASON, length};
use crate::words::fuzz::shown;

/// An id means what this version writes as that id, or nothing. The first line is the id, the rest is what was filled
/// into its form.
pub fn button(bytes: &[u8]) {
    let [id, text] = texts(bytes);
    let filled = filled(&id, &text);
    let Some(read) = command(&id) else {
        return assert_eq!(filled, None, "a form without a command does something");
    };
    let (place, _) = id.split_once(':').unwrap_or_default();
    assert!(id.chars().count() <= CUSTOM_ID_LIMIT);
    let again = place.parse().ok().map(|place| custom_id(place, &read)).unwrap_or_default();
    assert!(again == id || length(&id) > CUSTOM_ID_LIMIT, "{id} is written as {again}");
    assert!(length(&again) <= CUSTOM_ID_LIMIT);
    // Nothing that a form must confirm is in an id, so a forged one cannot skip the form.
    match &read {
        Command::Approve { typed, .. } => assert_eq!(*typed, None),
        Command::Unlock { reason, .. }
        | Command::Deny { reason, .. }
        | Command::DenyByState { reason, .. } => {
            assert_eq!(*reason, None);
        }
        _ => {}
    }
    match filled {
        None => assert!(!read.may_ask_back()),
        Some(Command::Approve { request, typed }) => {
            assert_eq!(read, Command::Approve { request, typed: None });
            assert_eq!(typed.as_deref(), Some(&*text), "a confirmation is not what was typed");
        }
        Some(Command::Unlock { reason, .. } | Command::Deny { reason, .. }) => {
            assert!(reason.is_some_and(|reason| reason.chars().count() <= REASON));
        }
        Some(_) => assert!(read.may_ask_back()),
    }
}

/// Every message fits into Discord's limits, pings nobody by its text, and has no markup that is not the bot's own.
pub fn message(bytes: &[u8]) {
    let shown = shown(bytes);
    for message in &shown.messages {
        if let Ok(body) = to_value(Rendered::new(message).post("n1")) {
            fits(&body);
        }
        assert_eq!(
            drawn(message),
            drawn(&harmless(message)),
            "a text from outside is markup in {message:#?}"
        );
    }
    for form in &shown.forms {
        if let Ok(body) = to_value(modal(form)) {
            fits_a_dialog(&body);
        }
    }
}

/// The live markup of each text of a message.
fn drawn(message: &Message) -> Vec<Vec<String>> {
    let drawn = Drawn::new(message);
    let fields = drawn.fields.iter().flat_map(|(label, value, _)| [label, value]);
    let texts = [&drawn.title, &drawn.description, &drawn.footer].into_iter().chain(fields);
    texts.map(|text| live_markup(text)).collect()
}

/// The same message, in which all texts from outside are harmless.
fn harmless(message: &Message) -> Message {
    let mut message = message.clone();
    let field = |Field { label, value, short }| {
        let (label, value) = (tamed(&label), tamed(&value));
        Field { label, value, short }
    };
    message.title = tamed(&message.title);
    message.body = message.body.iter().map(tamed).collect();
    message.fields = message.fields.into_iter().map(field).collect();
    message.footer = message.footer.as_ref().map(tamed);
    message
}

fn tamed(text: &Text) -> Text {
    text.spans().iter().fold(Text::default(), |tamed, span| match span {
        Span::Own(words) => tamed.then(words.clone()),
        Span::Strong(words) => tamed.strong(words.clone()),
        Span::Named(_) => tamed.name("x", 1),
        Span::Quoted(_) => tamed.quote("x", 1),
        Span::At(moment) => tamed.at(*moment),
        Span::Message(place, id) => tamed.message(*place, *id),
        Span::Role(role) => tamed.role(*role),
        Span::Channel(channel) => tamed.channel(*channel),
        Span::Account(user) => tamed.account(*user),
        Span::Person(person) => tamed.person(&Person { id: person.id, name: "x".to_owned() }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzzing::each_seed;

    #[test]
    fn the_seeds_of_buttons_hold() {
        each_seed("button", button);
    }

    #[test]
    fn the_seeds_of_messages_hold() {
        each_seed("message", message);
    }
}
