//! The states that a typed text can mean, in ranks.

use super::catalog::Backend;
use super::{Catalog, NameError, State, StatePath};

/// The states that a text can mean, likeliest first.
///
/// A state gets its name only when it is asked for: of twenty backends a text means one state in each, and few of
/// them exist.
#[derive(Clone, Debug)]
pub struct Meanings<'c> {
    pub(super) catalog: &'c Catalog,
    /// The places of one rank are equally likely.
    pub(super) ranks: Vec<Vec<Place<'c>>>,
    /// The state path that was typed in full: a served bucket, and a key that fits its backend's rules. Nothing
    /// about it is guessed.
    pub in_full: Option<StatePath>,
    /// Why the text is refused if none of these states was ever seen.
    pub refusal: Option<NameError>,
}

/// A path, and the backend if the text names one.
#[derive(Clone, Debug)]
pub(super) struct Place<'c> {
    pub(super) path: StatePath,
    pub(super) backend: Option<&'c Backend>,
}

impl From<StatePath> for Place<'_> {
    fn from(path: StatePath) -> Self {
        Self { path, backend: None }
    }
}

impl Meanings<'_> {
    /// The paths of all states, likeliest first.
    pub fn paths(&self) -> impl Iterator<Item = &StatePath> {
        self.ranks.iter().flatten().map(|place| &place.path)
    }

    /// Whether this path is one of the likeliest.
    pub(super) fn may_be(&self, path: &StatePath) -> bool {
        self.ranks.first().is_some_and(|rank| rank.iter().any(|place| place.path == *path))
    }

    /// The likeliest state. `None` for a path in a bucket that is not served.
    #[must_use]
    pub fn likeliest(&self) -> Option<State> {
        let place = self.ranks.iter().flatten().next()?;
        self.catalog.states_at(&place.path, place.backend).into_iter().next()
    }

    /// The states, rank by rank. The states of one rank are equally likely. A path occurs once for each backend
    /// that may have its lock, first the one whose rules it fits best. If `exists` knows some of several paths of
    /// a rank, the others are left out.
    pub fn ranks<'m>(
        &'m self,
        exists: impl Fn(&StatePath) -> bool + 'm,
    ) -> impl Iterator<Item = Vec<State>> + 'm {
        self.ranks.iter().map(move |rank| {
            let known = rank.iter().filter(|place| rank.len() > 1 && exists(&place.path));
            let known: Vec<&Place<'_>> = known.collect();
            let rank = if known.is_empty() { rank.iter().collect() } else { known };
            let states = rank.into_iter();
            states.flat_map(|place| self.catalog.states_at(&place.path, place.backend)).collect()
        })
    }
}
