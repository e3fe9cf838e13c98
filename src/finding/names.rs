//! The names under which people see states, and the ones that they may have meant.

use super::Reading;
use crate::error::{Error, Refusal};
use crate::lock::{HeldLock, NameError, State, StateName, StatePath};

impl Reading {
    /// Whether a state at a path has been seen, as far as is remembered. A lookup of a name that several backends
    /// may have must not read each of them.
    pub(super) fn exists(&self) -> impl Fn(&StatePath) -> bool + use<> {
        let known = self.directory.remembered();
        move |path| known.as_ref().is_some_and(|known| known.contains(path))
    }

    /// The path that a text most likely means, without reading anything.
    #[must_use]
    pub fn likely_path(&self, typed: &str) -> Option<StatePath> {
        let meanings = self.catalog.likeliest_meanings(typed).ok()?;
        let exists = self.exists();
        let known = meanings.paths().find(|path| exists(path));
        known.or_else(|| meanings.paths().next()).cloned()
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
