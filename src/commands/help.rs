//! `/lock help`: what the bot does.

use super::Context;
use crate::message::{Message, SHORT, Text, Tone};

pub(super) fn run(context: &Context) -> Message {
    let mut names = how_states_are_named();
    if let [first, _, ..] = context.catalog.backends() {
        names = names.then(", in a backend ").quote(&format!("{}:env/prod", first.name), SHORT);
    }
    names = names.then("; the state path of Terraform's own error message works too.");
    Message::new(Tone::Plain, Text::own("Locktender tends Terraform and OpenTofu state locks"))
        .line(names)
        .field(
            Text::own("/lock status state"),
            Text::own("Who holds a state's lock, what they are doing, and for how long."),
        )
        .field(
            Text::own("/lock list filter"),
            Text::own(
                "Every held lock, oldest first; with a filter, those whose state or holder has it.",
            ),
        )
        .field(Text::own("/lock help"), Text::own("This page."))
}

/// The beginning of a sentence that says what a state's name looks like.
pub(super) fn how_states_are_named() -> Text {
    Text::own("A state is named ")
        .quote("env/prod", SHORT)
        .then(", in a workspace ")
        .quote("env/prod@blue", SHORT)
}
