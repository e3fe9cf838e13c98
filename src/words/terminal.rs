//! Messages of the terminal chat.

use crate::message::{FORM_TITLE, Form, Message, Text, Tone};
use crate::text::{LONG, SHORT, visible};

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

/// Refuses a press of a button that does not exist. `alike` is a button that was probably meant.
pub(crate) fn no_button(label: &str, alike: Option<&str>) -> Message {
    if label.is_empty() {
        let sentence = "Which button? Type press and its label, such as `press Approve`.";
        return Message::sentence(Tone::Plain, Text::own(sentence));
    }
    let sentence = Text::own("There is no button ")
        .quote(label, SHORT)
        .then(" to press: the buttons are in brackets under a message.");
    let sentence = match alike {
        Some(alike) => sentence.then(" Did you mean ").quote(alike, SHORT).then("?"),
        None => sentence,
    };
    Message::sentence(Tone::Plain, sentence)
}

/// Refuses a line that is almost another one.
pub(crate) fn did_you_mean(line: &str) -> Message {
    let sentence = Text::own("That is no command. Did you mean `").quote(line, LONG).then("`?");
    Message::sentence(Tone::Plain, sentence)
}

/// Refuses a line that the chat does not understand.
pub(crate) fn not_understood() -> Message {
    let sentence = "That is no command: type `help`, or one such as `status env/prod`.";
    Message::sentence(Tone::Plain, Text::own(sentence))
}

/// The line above a message that one person sees.
pub(crate) fn only_seen_by(name: &str) -> String {
    let verb = if name.eq_ignore_ascii_case("you") { "see" } else { "sees" };
    format!("(only {} {verb} this)", visible(name))
}

/// The line above a message that replaces the one whose button was pressed.
pub(crate) const IN_PLACE: &str = "(in place of the message before)";

/// What a person sees first on a terminal: eight lines, short enough for a narrow one.
pub(crate) fn greeting(speaker: &str, other: &str) -> Vec<Text> {
    let line = |line: &str| Text::own("  ").strong(line.to_owned());
    vec![
        Text::own("You are ")
            .strong(speaker.to_owned())
            .then(" in a chat with the bot Locktender."),
        Text::own("Some Terraform states are locked. Try these three lines:"),
        Text::default(),
        line("status env/prod"),
        line("unlock env/prod reason: the runner died"),
        line(&format!("{other}: press Approve")),
        Text::default(),
        Text::own("Type ")
            .strong(format!("{other}:"))
            .then(format!(" to speak as {other}. Tab completes, Ctrl-D ends.")),
    ]
}

/// After Ctrl-C, which cancels a line.
pub(crate) fn how_to_quit() -> Text {
    Text::own("To quit, press Ctrl-D, or Ctrl-C once more.")
}

/// What `/lock help` does not say, since it is only so in this chat.
pub(crate) fn in_this_chat(other: &str) -> Text {
    Text::own("In this chat: ")
        .strong("press")
        .then(" and the name of a button, ")
        .strong(format!("{other}:"))
        .then(format!(" to speak as {other}, "))
        .strong("quit")
        .then(".")
}

/// The next step after the status of a held lock.
pub(crate) fn next_press() -> Text {
    Text::own("To press a button, type its name: ").strong("press Notify me")
}

/// The next step after a request: another person decides.
pub(crate) fn next_approve(other: &str) -> Text {
    Text::own("Now another person decides: ").strong(format!("{other}: press Approve"))
}

/// The next step after a release.
pub(crate) fn next_history(state: &str) -> Text {
    Text::own("See what was recorded: ").strong("history ").name(state, SHORT)
}
