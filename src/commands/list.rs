//! `/lock list`: every held lock, oldest first, ten a page.

use crate::error::Fault;
use crate::finding::{Known, Reading, Report, has_id};
use crate::lock::{Catalog, HeldLock, Meanings, pasted};
use crate::message::Message;
use crate::words::list as words;

/// Reads every held lock whose state's name or path, holder or lock ID contains `filter`, or whose state it
/// means. Oldest first. A lock of unknown age comes before all others: it may be old.
///
/// # Errors
/// A fault where a store cannot be read: an incomplete list is never shown as complete.
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

/// The locks that a filter matches.
struct Wanted {
    /// The filter in lower case, without blanks around it.
    part: String,
    /// The filter, where it is a whole lock ID.
    id: String,
    /// The states that it means, where it means whole states.
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
        words::none_held(&reading.catalog, filter.trim())
    } else {
        words::page(&reports, filter.trim(), page)
    };
    Ok(message.read_at(reading.clock.now()))
}
