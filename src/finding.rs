//! Finds the state that a text means, and whether that state exists.
//!
//! A lock shows that its state exists. A state without a lock is called free only if something of
//! it has been seen, or if its full path was typed (docs/adr/0018).

mod choice;
mod names;
mod report;

use std::sync::Arc;

use futures::future::join_all;

use self::choice::{named_in_full, one_of_each_path, without_repeats};
pub(crate) use self::report::has_id;
use self::report::not_read;
pub use self::report::{Known, Report};
use crate::error::{Error, Fault, Refusal};
use crate::lock::{
    Catalog, HeldLock, LockState, Meanings, NameError, State, StateName, is_handle, is_lock_id,
    pasted,
};
use crate::ports::{Clock, Directory, Listing, Locks};

/// What is needed to read locks.
#[derive(Clone)]
pub struct Reading {
    /// The names of the states.
    pub catalog: Catalog,
    /// Their locks.
    pub locks: Arc<dyn Locks>,
    /// The states that have been seen.
    pub directory: Arc<dyn Directory>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// The result of looking at one state.
enum Sight {
    /// The state exists, and this is its lock.
    Seen(Box<LockState>),
    /// It has no lock, and nothing of it was ever seen.
    Unseen,
    /// It has no lock, and it could not be read whether anything of it was seen.
    Unread(Fault),
}

impl Reading {
    /// Reads the lock of the state that a text means. The text can be a name, a path, a lock ID or
    /// another form.
    ///
    /// # Errors
    /// A refusal if the text means no state, a fault if the lock cannot be read.
    pub async fn look(&self, typed: &str) -> Result<Report, Error> {
        let text = pasted(typed);
        if is_handle(text) {
            let state = self.by_handle(text).await?;
            let lock = self.locks.inspect(&state).await?;
            return Ok(self.report(state, lock, Known::Seen));
        }
        if !is_lock_id(text) {
            return self.look_at_meanings(typed).await;
        }
        if let Some(state) = self.locked_by(text).await? {
            let lock = self.locks.inspect(&state).await?;
            let held = HeldLock { state, lock };
            if has_id(&held, text) {
                return Ok(self.report(held.state, held.lock, Known::Seen));
            }
        } else if let Ok(report) = self.look_at_meanings(typed).await
            && report.known == Known::Seen
        {
            return Ok(report);
        }
        Err(Refusal::NoLockWithId { id: text.to_owned() }.into())
    }

    /// The state that a text means, for commands that do not read its lock.
    ///
    /// # Errors
    /// A refusal if the text means no state, a fault if the locks cannot be listed.
    pub async fn resolve(&self, typed: &str) -> Result<State, Error> {
        let text = pasted(typed);
        if is_handle(text) {
            return self.by_handle(text).await.map(|state| self.shown(state));
        }
        if is_lock_id(text)
            && let Some(state) = self.locked_by(text).await?
        {
            return Ok(self.shown(state));
        }
        let meanings = self.meanings(typed).await?;
        for rank in meanings.ranks(self.exists()) {
            let seen = join_all(rank.iter().map(|state| self.directory.has_seen(state))).await;
            if seen.iter().any(Result::is_err) {
                break;
            }
            let seen = rank.iter().zip(seen).filter(|(_, seen)| matches!(seen, Ok(true)));
            let seen = seen.map(|(state, _)| self.shown(state.clone())).collect();
            let seen = one_of_each_path(seen, |state| state, |_| false);
            if let Some(state) = only(typed, seen, |state: &State| &state.name)? {
                return Ok(state);
            }
        }
        if is_lock_id(text) {
            return Err(Refusal::NoLockWithId { id: text.to_owned() }.into());
        }
        match meanings.refusal {
            None => {
                let likeliest = meanings.likeliest().ok_or_else(Fault::bug)?;
                Ok(self.shown(likeliest))
            }
            Some(refusal) => Err(self.bad_name(typed, refusal).await),
        }
    }

    /// Looks at the states that a text can mean, likeliest first, until one exists.
    async fn look_at_meanings(&self, typed: &str) -> Result<Report, Error> {
        let text = pasted(typed);
        let meanings = self.meanings(typed).await?;
        let mut unread = None;
        for (at, rank) in meanings.ranks(self.exists()).enumerate() {
            let sights = join_all(rank.iter().map(|state| self.sight(state))).await;
            let all_read = sights.iter().all(|it| matches!(it, Ok(Sight::Seen(_) | Sight::Unseen)));
            let mut seen = Vec::new();
            for (state, sight) in rank.iter().zip(sights) {
                match sight {
                    Ok(Sight::Seen(lock)) => {
                        seen.push(self.report(state.clone(), *lock, Known::Seen));
                    }
                    Ok(Sight::Unseen) => {}
                    // Another backend that may have the lock was read.
                    Err(fault) if seen.iter().any(|it: &Report| it.state.path == state.path) => {
                        unread = unread.or(Some(fault));
                    }
                    // A failed read must not hide the lock of a state that exists or was certainly
                    // meant.
                    Err(fault)
                        if (at == 0 && meanings.refusal.is_none())
                            || meanings.in_full.as_ref() == Some(&state.path)
                            || self.is_in_directory(state).await =>
                    {
                        return Err(fault.into());
                    }
                    Ok(Sight::Unread(fault)) | Err(fault) => unread = unread.or(Some(fault)),
                }
            }
            let seen = named_in_full(text, without_repeats(seen));
            let seen = one_of_each_path(seen, |report| &report.state, Report::is_locked);
            if let Some(report) = only(typed, seen, |report: &Report| &report.state.name)? {
                // Where no names are remembered, as on the command line, every backend was just asked.
                let is_alone = rank.len() > 1 && all_read;
                let state = if is_alone { report.state.in_short() } else { report.state };
                return Ok(Report { state, ..report });
            }
        }
        let likeliest = meanings.likeliest().ok_or_else(Fault::bug)?;
        match (meanings.refusal, unread) {
            // It may be in the backend that could not be read.
            (Some(NameError::WhichBackend { .. }), Some(fault)) => return Err(fault.into()),
            (Some(refusal), _) => return Err(self.bad_name(typed, refusal).await),
            (None, not_read) => unread = not_read,
        }
        let nearest = self.nearest(typed).await;
        let typed_in_full = meanings.in_full.and_then(|path| self.catalog.state_at(path));
        let (state, known) = match (typed_in_full, unread) {
            (Some(state), _) => (state, Known::InFull { nearest }),
            (None, None) => (likeliest, Known::Unseen { nearest }),
            (None, Some(fault)) => (likeliest, not_read(&fault)),
        };
        Ok(self.report(state, LockState::Free, known))
    }

    /// Reads the lock of one state. If there is none, also whether anything of the state was seen.
    async fn sight(&self, state: &State) -> Result<Sight, Fault> {
        let lock = self.locks.inspect(state).await?;
        if lock != LockState::Free {
            return Ok(Sight::Seen(Box::new(lock)));
        }
        Ok(match self.directory.has_seen(state).await {
            Ok(true) => Sight::Seen(Box::new(lock)),
            Ok(false) => Sight::Unseen,
            Err(fault) => Sight::Unread(fault),
        })
    }

    fn report(&self, state: State, lock: LockState, known: Known) -> Report {
        let store = self.locks.guarantees(&state).lockfiles;
        let looked_in = self.locks.stores(&state);
        Report { state: self.shown(state), lock, known, store, looked_in, at: self.clock.now() }
    }

    async fn meanings(&self, typed: &str) -> Result<Meanings<'_>, Error> {
        match self.catalog.meanings(typed) {
            Ok(meanings) => Ok(meanings),
            Err(error) => Err(self.bad_name(typed, error).await),
        }
    }

    /// The refusal for a state that was never seen and was not typed in full. `None` also if that
    /// could not be read, because then nothing is claimed.
    pub(crate) async fn unseen(&self, typed: &str, state: &State) -> Option<Refusal> {
        let in_full = self.catalog.meanings(typed).is_ok_and(|all| all.in_full.is_some());
        if in_full || self.directory.has_seen(state).await.unwrap_or(true) {
            return None;
        }
        Some(Refusal::Unseen { state: state.clone(), nearest: self.nearest(typed).await })
    }

    /// The state of a shortened name. A state that is not in the directory yet may be among the
    /// locks.
    async fn by_handle(&self, handle: &str) -> Result<State, Error> {
        let known = self.directory.known().await;
        if let Some(state) = known.as_ref().and_then(|known| known.by_handle(handle)) {
            return Ok(state.clone());
        }
        let listing = self.locks.list().await?;
        let mut states = listing.held.into_iter().map(|held| held.state);
        if let Some(state) = states.find(|state| state.path.handle() == handle) {
            return Ok(state);
        }
        match listing.unread.into_iter().next() {
            Some(unread) => Err(unread.fault.into()),
            None if known.is_some() => Err(Refusal::UnknownHandle.into()),
            None => Err(Refusal::NamesNotRead.into()),
        }
    }

    /// The state whose lock has this ID, found by listing all locks.
    async fn locked_by(&self, id: &str) -> Result<Option<State>, Error> {
        let Listing { held, unread, .. } = self.locks.list().await?;
        let with_id = held.into_iter().filter(|held| has_id(held, id)).map(|held| held.state);
        let found = only(id, with_id.collect(), |state: &State| &state.name)?;
        match unread.into_iter().next() {
            Some(unread) if found.is_none() => Err(unread.fault.into()),
            _ => Ok(found),
        }
    }

    async fn is_in_directory(&self, state: &State) -> bool {
        self.directory.known().await.is_some_and(|known| known.contains(&state.path))
    }
}

/// The only item, or `None` without any. Several items are refused as ambiguous.
fn only<T>(
    typed: &str,
    mut found: Vec<T>,
    name: impl Fn(&T) -> &StateName,
) -> Result<Option<T>, Error> {
    if found.len() > 1 {
        let states = found.iter().map(|found| name(found).clone()).collect();
        return Err(Refusal::Ambiguous { typed: typed.to_owned(), states }.into());
    }
    Ok(found.pop())
}
