//! The states that have been seen, and fuzzy search in their names.

use std::collections::{BTreeMap, HashSet};

use nucleo_matcher::pattern::{Atom, AtomKind, CaseMatching, Normalization};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use sha2::{Digest, Sha256};

use super::{BackendName, State, StatePath};

/// Least Jaro-Winkler similarity, from 0 to 1, at which a known name is suggested for a typed one.
/// At 0.8 `env/prdo` finds `env/prod`, and a name with nothing in common finds nothing.
const LIKENESS: f64 = 0.8;

/// A state that has been seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownState {
    /// The state.
    pub state: State,
    /// Whether its lock was held when it was seen.
    pub held: bool,
}

/// The states that have been seen, held ones first, then by name.
#[derive(Clone, Debug, Default)]
pub struct KnownStates {
    states: Vec<KnownState>,
    paths: HashSet<StatePath>,
    /// The names without a backend that several backends have.
    shared_names: HashSet<String>,
    /// The backends of which some states may be missing.
    unread: Vec<BackendName>,
}

impl KnownStates {
    /// Combines several sightings. A state counts as held if any sighting found it held.
    #[must_use]
    pub fn new(seen: impl IntoIterator<Item = KnownState>) -> Self {
        let mut by_path: BTreeMap<StatePath, KnownState> = BTreeMap::new();
        for sighting in seen {
            by_path
                .entry(sighting.state.path.clone())
                .and_modify(|known| known.held |= sighting.held)
                .or_insert(sighting);
        }
        let mut states: Vec<KnownState> = by_path.into_values().collect();
        states.sort_by(|a, b| (!a.held, &a.state.name).cmp(&(!b.held, &b.state.name)));
        let mut names = HashSet::new();
        let shared = states.iter().map(|known| known.state.bare_name());
        let shared_names = shared.filter(|name| !names.insert(*name)).map(str::to_owned).collect();
        let paths = states.iter().map(|known| known.state.path.clone()).collect();
        Self { states, paths, shared_names, unread: Vec::new() }
    }

    /// The same states, of which some of these backends may be missing.
    #[must_use]
    pub fn without(self, unread: Vec<BackendName>) -> Self {
        Self { unread, ..self }
    }

    /// The states and others that were seen since.
    #[must_use]
    pub fn with(&self, seen: impl IntoIterator<Item = KnownState>) -> Self {
        Self::new(self.states.iter().cloned().chain(seen)).without(self.unread.clone())
    }

    /// The states of these backends.
    pub fn of<'k>(&'k self, backends: &'k [BackendName]) -> impl Iterator<Item = &'k KnownState> {
        self.states.iter().filter(|known| backends.contains(&known.state.backend))
    }

    /// Whether a state's name means it alone without its backend, as far as is known. Of a backend that could
    /// not be read, any name may exist.
    #[must_use]
    pub fn is_unique(&self, state: &State) -> bool {
        let name = state.bare_name();
        self.unread.iter().all(|backend| *backend == state.backend)
            && !self.shared_names.contains(name)
            && (self.contains(&state.path)
                || !self.states.iter().any(|known| known.state.bare_name() == name))
    }

    /// Number of states.
    #[must_use]
    pub fn len(&self) -> usize {
        self.states.len()
    }

    /// Whether no state has been seen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    /// Whether this state has been seen.
    #[must_use]
    pub fn contains(&self, path: &StatePath) -> bool {
        self.paths.contains(path)
    }

    /// The state with this [`handle`](StatePath::handle).
    #[must_use]
    pub fn by_handle(&self, handle: &str) -> Option<&State> {
        self.states.iter().map(|known| &known.state).find(|state| state.path.handle() == handle)
    }

    /// The states whose names contain the letters of `query` in this order, best first. An empty
    /// query matches all, held ones first. Returns at most `limit`.
    #[must_use]
    pub fn matching(&self, query: &str, limit: usize) -> Vec<&State> {
        let query = beginning(query);
        let (case, form) = (CaseMatching::Smart, Normalization::Smart);
        let atom = Atom::new(&query, case, form, AtomKind::Fuzzy, false);
        let mut matcher = Matcher::new(Config::DEFAULT.match_paths());
        let mut buffer = Vec::new();
        let mut found: Vec<(u16, &State)> = self
            .states
            .iter()
            .filter_map(|KnownState { state, .. }| {
                let name = Utf32Str::new(state.name.as_str(), &mut buffer);
                Some((atom.score(name, &mut matcher)?, state))
            })
            .collect();
        // The sort is stable, so equal scores keep the order of the list.
        found.sort_by_key(|&(score, _)| std::cmp::Reverse(score));
        found.into_iter().take(limit).map(|(_, state)| state).collect()
    }

    /// The known state with the name most similar to a mistyped one, if any is similar enough.
    #[must_use]
    pub fn nearest(&self, typed: &str) -> Option<&State> {
        self.nearest_of([typed])
    }

    /// The known state with the name most similar to one of these texts, if any is similar enough.
    #[must_use]
    pub fn nearest_of<'t>(&self, texts: impl IntoIterator<Item = &'t str>) -> Option<&State> {
        let texts: Vec<String> =
            texts.into_iter().map(|text| beginning(text).to_lowercase()).collect();
        let likeness = |name: &str| {
            let all = texts.iter().map(|text| strsim::jaro_winkler(text, name));
            all.max_by(f64::total_cmp).unwrap_or_default()
        };
        self.states
            .iter()
            .map(|KnownState { state, .. }| {
                (likeness(&beginning(state.name.as_str()).to_lowercase()), state)
            })
            .filter(|&(likeness, _)| likeness >= LIKENESS)
            .max_by(|(a, _), (b, _)| a.total_cmp(b))
            .map(|(_, state)| state)
    }
}

/// The part of a text that is compared. The cost grows with the square of the length, and 100
/// characters are enough for typed text.
fn beginning(text: &str) -> String {
    text.trim().chars().take(100).collect()
}

/// Whether a text has the form of a [`handle`](StatePath::handle).
#[must_use]
pub fn is_handle(text: &str) -> bool {
    text.strip_prefix('#')
        .is_some_and(|hex| hex.len() == 16 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

impl StatePath {
    /// A short form of a path for places where a long name does not fit: `#` and 16 hex digits of
    /// the path's SHA-256. It is the same in every process and version.
    #[must_use]
    pub fn handle(&self) -> String {
        let digest = Sha256::digest(self.as_str());
        digest[..8].iter().fold(String::from("#"), |mut handle, byte| {
            handle.push_str(&format!("{byte:02x}"));
            handle
        })
    }
}
