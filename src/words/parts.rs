//! Sentence parts that several messages share.

use crate::lock::Operation;
use crate::message::Text;
use crate::text::SHORT;
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
    let operation = hold.operation();
    by_holder(Text::own(words), hold.who.as_deref().zip(operation.as_ref()))
}

/// ` by jjoyner@ci-runner-04 (apply)`, or that the holder is unknown.
pub(crate) fn by_holder(text: Text, holder: Option<(&str, &Operation)>) -> Text {
    match holder {
        Some((who, kind)) => text
            .then(" by ")
            .quote(or_unknown(who), SHORT)
            .then(" (")
            .append(operation(kind))
            .then(")"),
        None => text.then(" by an unknown holder"),
    }
}

/// `1 entry`, `2 entries`.
pub(crate) fn counted(number: u64, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}
