//! `/lock list`: every held lock, oldest first, ten a page.

use crate::error::Fault;
use crate::finding::{Known, Reading, Report, has_id};
use crate::lock::{Catalog, HeldLock, KnownState, KnownStates, Meanings, State, StatePath, pasted};
use crate::message::Message;
use crate::ports::{Listing, Unread};
use crate::words::list as words;

/// Held locks, oldest first, and what could not be read.
#[derive(Debug)]
pub struct LockList {
    /// The locks.
    pub reports: Vec<Report>,
    /// The stores that could not be read. The locks of their backends are missing.
    pub unread: Vec<Unread>,
}

/// Reads every held lock whose state's name or path, holder or lock ID contains `filter`, or whose state it
/// means. Oldest first. A lock of unknown age comes before all others: it may be old.
///
/// # Errors
/// A fault where nothing can be read.
pub async fn list(reading: &Reading, filter: &str) -> Result<LockList, Fault> {
    let Listing { held, unread, .. } = reading.locks.list().await?;
    let at = reading.clock.now();
    let held = named(reading, held, unread.is_empty());
    let wanted = Wanted::new(&reading.catalog, filter);
    let mut reports: Vec<Report> = held
        .into_iter()
        .filter(|held| wanted.has(held))
        .map(|HeldLock { state, lock }| (reading.locks.guarantees(&state).lockfiles, state, lock))
        .map(|(store, state, lock)| {
            let looked_in = reading.locks.stores(&state);
            Report { state, lock, known: Known::Seen, store, looked_in, at }
        })
        .collect();
    reports.sort_by(|a, b| (a.lock.since(), &a.state.name).cmp(&(b.lock.since(), &b.state.name)));
    Ok(LockList { reports, unread })
}

/// The locks under the shortest names that tell them apart. Where no names are remembered, as on the command
/// line, each is compared with the others of the list.
fn named(reading: &Reading, held: Vec<HeldLock>, is_whole: bool) -> Vec<HeldLock> {
    if reading.directory.remembered().is_some() || !is_whole || reading.catalog.backends().len() < 2
    {
        return held.into_iter().map(|held| reading.shown_lock(held)).collect();
    }
    let states = held.iter().map(|held| KnownState { state: held.state.clone(), held: true });
    let known = KnownStates::new(states);
    let shown = |state: State| {
        let is_short = reading.catalog.is_short_for(&state);
        if is_short && known.is_unique(&state) { state.in_short() } else { state }
    };
    held.into_iter().map(|held| HeldLock { state: shown(held.state), ..held }).collect()
}

/// The locks that a filter matches.
struct Wanted {
    /// The filter in lower case, without blanks around it.
    part: String,
    /// The filter, where it is a whole lock ID.
    id: String,
    /// The paths of the states that it means, where it means whole states.
    meant: Vec<StatePath>,
}

impl Wanted {
    fn new(catalog: &Catalog, filter: &str) -> Self {
        let meanings = catalog.meanings(filter);
        Self {
            part: filter.trim().to_lowercase(),
            id: pasted(filter).to_owned(),
            meant: meanings.iter().flat_map(Meanings::paths).cloned().collect(),
        }
    }

    fn has(&self, held: &HeldLock) -> bool {
        let has_part = |text: &str| text.to_lowercase().contains(&self.part);
        let state = &held.state;
        let in_lock = || {
            let info = held.lock.info();
            info.is_some_and(|info| has_part(&info.who) || has_part(info.id.as_str()))
        };
        has_part(state.name.as_str())
            || has_part(state.path.as_str())
            || in_lock()
            || has_id(held, &self.id)
            || self.meant.contains(&state.path)
    }
}

pub(super) async fn run(reading: &Reading, filter: &str, page: usize) -> Result<Message, Fault> {
    let list = list(reading, filter).await?;
    let message = if list.reports.is_empty() {
        words::none_held(&reading.catalog, &list.unread, filter.trim())
    } else {
        words::page(&list.reports, &list.unread, filter.trim(), page)
    };
    Ok(message.read_at(reading.clock.now()))
}
