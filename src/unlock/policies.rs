//! Which rules apply to a state.

use std::sync::Arc;

use globset::{GlobBuilder, GlobSet};

use super::Policy;
use crate::lock::{Catalog, State};

/// A pattern for the names of states, as in `env/prod*` or `main:env/*@blue`. A `*` matches slashes too.
#[derive(Clone, Debug)]
pub struct StateGlob {
    glob: globset::Glob,
    /// Whether it is compared with the name behind its backend.
    names_backend: bool,
}

/// A pattern that cannot be used. The text continues "is no pattern for states: ".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct GlobError(String);

/// The rules of the states that match a pattern.
#[derive(Clone, Debug)]
pub struct StatePolicy {
    /// The pattern.
    pub states: StateGlob,
    /// The rules.
    pub policy: Policy,
}

/// The rules of every state: those of the last pattern that matches it, else the general ones.
#[derive(Clone, Debug)]
pub struct Policies {
    general: Policy,
    by_state: Arc<ByState>,
    catalog: Option<Arc<Catalog>>,
}

#[derive(Debug, Default)]
struct ByState {
    policies: Vec<StatePolicy>,
    patterns: GlobSet,
}

impl StateGlob {
    /// Parses a pattern. `is_backend` tells which prefixes before a colon name a backend.
    ///
    /// # Errors
    /// If it is empty, or no glob.
    pub fn new(text: &str, is_backend: impl FnOnce(&str) -> bool) -> Result<Self, GlobError> {
        if text.trim().is_empty() {
            return Err(GlobError("it is empty".to_owned()));
        }
        let glob = GlobBuilder::new(text.trim()).build();
        let glob = glob.map_err(|error| GlobError(error.kind().to_string()))?;
        let names_backend = text.trim().split_once(':').is_some_and(|(name, _)| is_backend(name));
        Ok(Self { glob, names_backend })
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.glob.glob()
    }
}

impl Policies {
    /// The rules of states that no pattern matches.
    #[must_use]
    pub fn new(general: Policy) -> Self {
        Self { general, by_state: Arc::default(), catalog: None }
    }

    /// The same, with rules by pattern. Of several that match, the last one counts.
    ///
    /// # Errors
    /// If the patterns together are too large to be compiled.
    pub fn with(self, policies: Vec<StatePolicy>) -> Result<Self, GlobError> {
        let mut patterns = GlobSet::builder();
        for StatePolicy { states, .. } in &policies {
            patterns.add(states.glob.clone());
        }
        let patterns = patterns.build().map_err(|error| GlobError(error.kind().to_string()))?;
        Ok(Self { by_state: Arc::new(ByState { policies, patterns }), ..self })
    }

    /// The same rules, for states as this catalog names them. A request keeps the name that its state had when it
    /// was opened. Under that name alone, it would lose the rules of its state when a backend is renamed.
    #[must_use]
    pub fn named_by(self, catalog: Catalog) -> Self {
        Self { catalog: Some(Arc::new(catalog)), ..self }
    }

    /// The rules of a state.
    #[must_use]
    pub fn of(&self, state: &State) -> &Policy {
        self.matching(state).map_or(&self.general, |at| &self.by_state.policies[at].policy)
    }

    /// The last pattern that matches a state, as its index in [`by_state`](Self::by_state).
    #[must_use]
    pub fn matching(&self, state: &State) -> Option<usize> {
        let ByState { policies, patterns } = &*self.by_state;
        if policies.is_empty() {
            return None;
        }
        let present = self.catalog.as_ref().and_then(|catalog| catalog.at_present(state));
        let state = present.as_ref().unwrap_or(state);
        let (short, full) = (state.bare_name(), state.full_name());
        let last = |name: &str, names_backend: bool| {
            let all = patterns.matches(name).into_iter();
            all.filter(|&at| policies[at].states.names_backend == names_backend).max()
        };
        last(short, false).max(last(&full, true))
    }

    /// The rules of states that no pattern matches.
    #[must_use]
    pub fn general(&self) -> &Policy {
        &self.general
    }

    /// Every pattern with its rules, in their order.
    #[must_use]
    pub fn by_state(&self) -> &[StatePolicy] {
        &self.by_state.policies
    }
}

impl From<Policy> for Policies {
    fn from(general: Policy) -> Self {
        Self::new(general)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock::{Backend, BackendName, StatePath};
    use crate::unlock::tests::policy;

    fn catalog(backends: [(&str, &str); 2]) -> Catalog {
        let backend = |(name, bucket)| {
            let key = "{state}/terraform.tfstate".parse().unwrap();
            Backend::new(BackendName::new(name).unwrap(), bucket, key, "env:").unwrap()
        };
        Catalog::new(backends.map(backend).into())
    }

    fn of(states: &str, approvals: u32, backends: &[&str]) -> StatePolicy {
        let states = StateGlob::new(states, |name| backends.contains(&name)).unwrap();
        StatePolicy { states, policy: policy(approvals) }
    }

    #[test]
    fn a_stored_state_has_the_rules_of_its_backend_under_the_new_name() {
        let path = StatePath::parse("pay-states/prod/terraform.tfstate").unwrap();
        let before = catalog([("main", "states"), ("payments", "pay-states")]);
        let stored = before.state_at(path).unwrap();
        let cases = [
            // Renamed, and swapped with the other one.
            [("main", "states"), ("billing", "pay-states")],
            [("payments", "states"), ("billing", "pay-states")],
        ];
        for backends in cases {
            let names = ["main", "payments", "billing"];
            let rules = vec![of("payments:*", 1, &names), of("billing:*", 3, &names)];
            let policies =
                Policies::new(policy(2)).with(rules).unwrap().named_by(catalog(backends));
            for stored in [stored.clone(), stored.clone().in_short()] {
                assert_eq!(policies.of(&stored).approvals.get(), 3, "{backends:?}");
            }
        }
        // A state of no backend cannot be released, and keeps the rules of its name.
        let gone = catalog([("a", "a-states"), ("b", "b-states")]);
        let rules = vec![of("payments:*", 4, &["payments"])];
        let policies = Policies::new(policy(2)).with(rules).unwrap().named_by(gone);
        assert_eq!(policies.of(&stored).approvals.get(), 4);
    }

    #[test]
    fn the_last_pattern_that_matches_gives_all_rules_and_keeps_its_text() {
        let backends = ["main", "payments"];
        let patterns = [" env/* ", "main:env/prod", "payments:*", "env/prod"];
        let rules = patterns.iter().zip(1..).map(|(text, n)| of(text, n, &backends)).collect();
        let catalog = catalog([("main", "states"), ("payments", "pay-states")]);
        let policies = Policies::new(policy(9)).with(rules).unwrap();
        let texts: Vec<&str> = policies.by_state().iter().map(|it| it.states.as_str()).collect();
        assert_eq!(texts, ["env/*", "main:env/prod", "payments:*", "env/prod"]);
        for (path, at) in [
            ("states/env/dev/terraform.tfstate", Some(0)),
            ("states/env/prod/terraform.tfstate", Some(3)),
            ("pay-states/env/dev/terraform.tfstate", Some(2)),
            ("states/other/terraform.tfstate", None),
        ] {
            let state = catalog.state_at(StatePath::parse(path).unwrap()).unwrap();
            assert_eq!(policies.matching(&state), at, "{path}");
            let approvals = at.map_or(9, |at| u32::try_from(at + 1).unwrap());
            assert_eq!(policies.of(&state).approvals.get(), approvals, "{path}");
        }
        assert_eq!(policies.general().approvals.get(), 9);
    }
}
