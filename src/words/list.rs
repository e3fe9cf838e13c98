//! Lists of held locks, one per line.

use super::parts::{operation, or_unknown};
use crate::command::Command;
use crate::finding::Report;
use crate::lock::{BackendName, Catalog, Flaw, Half, LockState, Unreadable, age, in_words};
use crate::message::{Message, Text, Tone};
use crate::ports::Unread;
use crate::text::LONG;

/// Locks on one page. With texts of at most [`CELL`] characters, ten locks stay within Discord's
/// 6,000 characters a message, even if every character must be escaped.
const PAGE: usize = 10;

/// Most stores of which a list says that they could not be read.
const MISSING: usize = 5;

/// The heading where no lock was found and not all were read.
const NOT_ALL_READ: &str = "No lock found, but not all could be read";

/// Longest name or holder on a line, in characters.
const CELL: usize = 60;

/// A page of locks, oldest first.
pub(crate) fn page(reports: &[Report], unread: &[Unread], filter: &str, page: usize) -> Message {
    let at = |page| Command::List { filter: filter.to_owned(), page };
    let pages = reports.len().div_ceil(PAGE);
    // Locks may clear while a person reads a page. If the page no longer exists, the last page is
    // shown.
    let page = page.min(pages - 1);
    let mut message = Message::new(Tone::Held, heading(reports.len(), unread));
    if !filter.is_empty() {
        message = message.line(
            Text::own("Only locks with ")
                .quote(filter, CELL)
                .then(" in their state, holder or lock ID."),
        );
    }
    message = missing(message, unread);
    for report in reports.iter().skip(page * PAGE).take(PAGE) {
        message =
            message.field(Text::default().name(report.state.name.as_str(), CELL), line(report));
    }
    if pages > 1 {
        message.footer = Some(Text::own(format!("Page {} of {pages}, oldest first", page + 1)));
        message = message.button("Previous", at(page.saturating_sub(1)), page > 0).button(
            "Next",
            at(page + 1),
            page + 1 < pages,
        );
    }
    message.button("Refresh", at(page), true)
}

fn heading(count: usize, unread: &[Unread]) -> Text {
    let at_least = if unread.is_empty() { "" } else { "At least " };
    match count {
        1 => Text::own(format!("🔒 {at_least}1 state is locked")),
        _ => Text::own(format!("🔒 {at_least}{count} states are locked")),
    }
}

/// Says which backends are not in the list.
fn missing(message: Message, unread: &[Unread]) -> Message {
    let say = |message: Message, unread: &Unread| message.line(missing_of(unread));
    let message = unread.iter().take(MISSING).fold(message, say);
    match unread.len().saturating_sub(MISSING) {
        0 => message,
        more => message.line(Text::own(format!("⚠️ {more} more could not be read."))),
    }
}

/// The sentence for a store that could not be read.
pub(crate) fn missing_of(unread: &Unread) -> Text {
    let names: Vec<&str> = unread.backends.iter().map(BackendName::as_str).collect();
    Text::own("⚠️ The locks of ")
        .name(&names.join(", "), LONG)
        .then(" are missing here. ")
        .name(&unread.fault.to_string(), LONG)
}

/// No lock is held, or no held lock matches the filter.
pub(crate) fn none_held(catalog: &Catalog, unread: &[Unread], filter: &str) -> Message {
    let message = if !unread.is_empty() {
        missing(Message::new(Tone::Broken, Text::own(NOT_ALL_READ)), unread)
    } else if filter.is_empty() {
        let buckets: Vec<&str> =
            catalog.backends().iter().map(|backend| backend.bucket.as_str()).collect();
        Message::new(Tone::Free, Text::own("🔓 No lock is held"))
            .line(Text::own("No state is locked in ").quote(&buckets.join(", "), CELL).then("."))
    } else {
        Message::new(Tone::Free, Text::own("🔓 No held lock matches")).line(
            Text::own("No held lock has ")
                .quote(filter, CELL)
                .then(" in its state, path, holder or lock ID."),
        )
    };
    message.button("Refresh", Command::List { filter: filter.to_owned(), page: 0 }, true)
}

/// One lock on one line: `4 h 12 min · apply · who`.
fn line(report: &Report) -> Text {
    let age = match report.lock.since() {
        Some(since) => in_words(age(since, report.at)),
        None => "unknown age".to_owned(),
    };
    let text = Text::default().strong(age).then(" · ");
    let text = match &report.lock {
        LockState::Held(lock) => text
            .append(operation(&lock.info.operation))
            .then(" · ")
            .quote(or_unknown(&lock.info.who), CELL),
        LockState::Unreadable(Unreadable { flaw: Flaw::Unread(why), .. }) => {
            text.then("unreadable record: ").name(why, CELL)
        }
        LockState::Unreadable(_) => text.then("unreadable record"),
        LockState::Free => text.then("free"),
    };
    match report.lock.half() {
        None => text,
        Some(Half::LockfileMissing) => text.then(" · half locked, without its lockfile"),
        Some(Half::RowMissing) => text.then(" · half locked, without its DynamoDB row"),
        Some(Half::Different) => text.then(" · half locked, row and lockfile differ"),
    }
}
