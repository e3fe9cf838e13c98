//! Sentence parts that several messages share.

use crate::lock::Operation;
use crate::message::{SHORT, Text};
use crate::watch::Hold;

/// The holder's operation: our label, or the word of another tool.
pub(crate) fn operation(operation: &Operation) -> Text {
    match operation.label() {
        Some(label) => Text::own(label),
        None => Text::default().quote(or_unknown(operation.as_written()), SHORT / 2),
    }
}

/// A text of a record, or `unknown` if it is empty.
pub(crate) fn or_unknown(text: &str) -> &str {
    if text.is_empty() { "unknown" } else { text }
}

/// `Held 4 h 12 min by jjoyner@ci-runner-04 (apply)`, starting with `words`.
pub(crate) fn held_by(words: String, hold: &Hold) -> Text {
    let text = Text::own(words);
    match (&hold.who, hold.operation()) {
        (Some(who), Some(kind)) => text
            .then(" by ")
            .quote(or_unknown(who), SHORT)
            .then(" (")
            .append(operation(&kind))
            .then(")"),
        _ => text.then(" by nobody knows whom"),
    }
}
