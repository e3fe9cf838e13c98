//! `/lock list`: every held lock, oldest first, ten a page.

use super::finding::has_id;
use super::status::{operation, or_unknown};
use super::{Known, Reading, Report};
use crate::command::Command;
use crate::error::Fault;
use crate::lock::{
    Catalog, Flaw, Half, HeldLock, LockState, Meanings, Unreadable, age, in_words, pasted,
};
use crate::message::{Message, Text, Tone};

/// Locks on one page. With texts of at most [`CELL`] characters, ten stay within the 6,000 that
/// Discord allows a message, even where every character of them has to be escaped.
const PAGE: usize = 10;

/// How much of a name or a holder is shown on a line.
const CELL: usize = 60;

/// Reads every held lock whose state's name or path, holder or lock ID has `filter` in it, or whose
/// state is meant by it; oldest first. A lock of unknown age comes before all others, since nobody
/// can say that it is young.
///
/// # Errors
/// A fault where any of the stores cannot be read: a part of the locks is never shown as all.
pub async fn list(reading: &Reading, filter: &str) -> Result<Vec<Report>, Fault> {
    let held = reading.locks.list().await?;
    let at = reading.clock.now();
    let wanted = Wanted::new(&reading.catalog, filter);
    let mut reports: Vec<Report> = held
        .into_iter()
        .filter(|held| wanted.has(held))
        .map(|HeldLock { state, lock }| Report { state, lock, known: Known::Seen, at })
        .collect();
    reports.sort_by(|a, b| (a.lock.since(), &a.state.name).cmp(&(b.lock.since(), &b.state.name)));
    Ok(reports)
}

/// What a filter lets through.
struct Wanted {
    /// The filter in lower case, without blanks around it.
    part: String,
    /// The filter as it was pasted: a whole lock ID.
    id: String,
    /// The states that it means, where it is more than a part of a name.
    meanings: Option<Meanings>,
}

impl Wanted {
    fn new(catalog: &Catalog, filter: &str) -> Self {
        Self {
            part: filter.trim().to_lowercase(),
            id: pasted(filter).to_owned(),
            meanings: catalog.meanings(filter).ok(),
        }
    }

    fn has(&self, held: &HeldLock) -> bool {
        let has_part = |text: &str| text.to_lowercase().contains(&self.part);
        let state = &held.state;
        let in_lock = || {
            let info = held.lock.info();
            info.is_some_and(|info| has_part(&info.who) || has_part(info.id.as_str()))
        };
        let is_meant = || {
            let mut meant = self.meanings.iter().flat_map(Meanings::states);
            meant.any(|meant| meant.path == state.path)
        };
        has_part(state.name.as_str())
            || has_part(state.path.as_str())
            || in_lock()
            || has_id(held, &self.id)
            || is_meant()
    }
}

pub(super) async fn run(reading: &Reading, filter: &str, page: usize) -> Result<Message, Fault> {
    let reports = list(reading, filter).await?;
    let message = if reports.is_empty() {
        none_held(&reading.catalog, filter.trim())
    } else {
        page_message(&reports, filter.trim(), page)
    };
    Ok(message.read_at(reading.clock.now()))
}

fn page_message(reports: &[Report], filter: &str, page: usize) -> Message {
    let at = |page| Command::List { filter: filter.to_owned(), page };
    let pages = reports.len().div_ceil(PAGE);
    // Locks clear while a page is read: a page that is no longer there is the last one.
    let page = page.min(pages - 1);
    let mut message = Message::new(Tone::Held, heading(reports.len()));
    if !filter.is_empty() {
        message = message.line(
            Text::own("Where the state, the holder or the lock ID has ")
                .quote(filter, CELL)
                .then("."),
        );
    }
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

fn heading(count: usize) -> Text {
    match count {
        1 => Text::own("🔒 1 state is locked"),
        _ => Text::own(format!("🔒 {count} states are locked")),
    }
}

fn none_held(catalog: &Catalog, filter: &str) -> Message {
    let message = if filter.is_empty() {
        let buckets: Vec<&str> =
            catalog.backends().iter().map(|backend| backend.bucket.as_str()).collect();
        Message::new(Tone::Free, Text::own("🔓 No lock is held"))
            .line(Text::own("No state is locked in ").quote(&buckets.join(", "), CELL).then("."))
    } else {
        Message::new(Tone::Free, Text::own("🔓 No held lock matches")).line(
            Text::own("Nothing that is locked has ")
                .quote(filter, CELL)
                .then(" in its name, its path, its holder or its lock ID."),
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
