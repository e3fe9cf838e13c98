//! Messages of the terminal chat.

use crate::message::{FORM_TITLE, Form, Message, Text, Tone};
use crate::text::{LONG, SHORT};

/// Refuses an answer when no form is open.
pub(crate) fn asked_nothing() -> Message {
    let sentence = "There is no question to answer: press a button or use /lock unlock first.";
    Message::sentence(Tone::Plain, Text::own(sentence))
}

/// A form as a message that says how to fill it in.
pub(crate) fn question(form: &Form, name: &str) -> Message {
    let example = Text::own("such as ").quote(&form.example, LONG);
    let mut message = Message::new(Tone::Plain, Text::default().name(&form.title, FORM_TITLE))
        .field(form.label, example);
    let line = format!("{name}: answer");
    let way = Text::own("To answer, type ").quote(&format!("{line} …"), SHORT);
    message.footer = Some(if form.required {
        way
    } else {
        way.then(", or ").quote(&line, SHORT).then(" alone to leave it empty.")
    });
    message
}

/// Refuses a press of a button that does not exist.
pub(crate) fn no_button(label: &str) -> Message {
    if label.is_empty() {
        return manners();
    }
    let sentence = Text::own("There is no button ")
        .quote(label, SHORT)
        .then(" to press: the buttons are in brackets under a message.");
    Message::sentence(Tone::Plain, sentence)
}

/// The lines that the chat understands.
pub(crate) fn manners() -> Message {
    Message::sentence(
        Tone::Plain,
        Text::own(
            "That is no command: type `alice: /lock status env/prod`, `/lock list`, \
             `/lock unlock env/prod reason: …`, `/lock history env/prod`, `/lock help`, \
             `bob: press Approve`, `bob: answer …` to a question, or `quit`.",
        ),
    )
}
