//! The names under which people see states, and the ones that they may have meant.

use super::Reading;
use crate::error::{Error, Refusal};
use crate::lock::{HeldLock, NameError, State, StateName};

impl Reading {
    /// The states of a name that several backends may have: those that have been seen, if any. A lookup of a name
    /// must not read every backend.
    pub(super) fn likely<'r>(&self, rank: &'r [State]) -> Vec<&'r State> {
        let known = self.directory.remembered().filter(|_| rank.len() > 1);
        let is_known = |state: &&State| known.as_ref().is_some_and(|it| it.contains(&state.path));
        let seen: Vec<&State> = rank.iter().filter(is_known).collect();
        if seen.is_empty() { rank.iter().collect() } else { seen }
    }

    /// The state under the name that people use for it: without the backend, as long as no other backend is
    /// known to have one of this name.
    #[must_use]
    pub fn shown(&self, state: State) -> State {
        let is_unique = || {
            let known = self.directory.remembered();
            known.is_some_and(|known| known.is_unique(&state)) && self.catalog.is_short_for(&state)
        };
        match self.catalog.backends().len() {
            0 | 1 => state,
            _ if is_unique() => state.in_short(),
            _ => state.in_full(),
        }
    }

    /// A lock, with its state as it is [shown](Self::shown).
    #[must_use]
    pub fn shown_lock(&self, held: HeldLock) -> HeldLock {
        HeldLock { state: self.shown(held.state), ..held }
    }

    /// The known name most similar to a text.
    pub(super) async fn nearest(&self, typed: &str) -> Option<StateName> {
        let known = self.directory.known().await?;
        let alike = self.catalog.likenesses(typed);
        let nearest = known.nearest_of(alike.iter().map(String::as_str))?;
        Some(self.shown(nearest.clone()).name).filter(|name| name.as_str() != typed.trim())
    }

    pub(super) async fn bad_name(&self, typed: &str, error: NameError) -> Error {
        let nearest = self.nearest(typed).await;
        Refusal::BadName { typed: typed.to_owned(), error, nearest }.into()
    }
}
