//! The members behind the holders of locks.

use globset::{Glob, GlobBuilder, GlobSet};

use super::UserId;

/// A pattern for holders, the `Who` of a lock record, as in `*@ci-runner-*`.
#[derive(Clone, Debug)]
pub struct WhoGlob(Glob);

/// A pattern that cannot be used. The text continues "is no pattern for holders: ".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct WhoGlobError(String);

/// Which member stands behind a holder: that of the last pattern that matches.
#[derive(Clone, Debug, Default)]
pub struct Holders {
    people: Vec<(WhoGlob, UserId)>,
    patterns: GlobSet,
}

impl WhoGlob {
    /// Parses a pattern.
    ///
    /// # Errors
    /// If it is empty, or no glob.
    pub fn new(text: &str) -> Result<Self, WhoGlobError> {
        if text.trim().is_empty() {
            return Err(WhoGlobError("it is empty".to_owned()));
        }
        // On Windows a user is `DOMAIN\user`.
        let glob = GlobBuilder::new(text.trim()).backslash_escape(false).build();
        glob.map(Self).map_err(|error| WhoGlobError(error.kind().to_string()))
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.glob()
    }
}

impl Holders {
    /// Joins patterns with the members they stand for.
    ///
    /// # Errors
    /// If the patterns together are too large to be compiled.
    pub fn new(people: Vec<(WhoGlob, UserId)>) -> Result<Self, WhoGlobError> {
        let mut patterns = GlobSet::builder();
        for (WhoGlob(glob), _) in &people {
            patterns.add(glob.clone());
        }
        let patterns = patterns.build().map_err(|error| WhoGlobError(error.kind().to_string()))?;
        Ok(Self { people, patterns })
    }

    /// The member behind a holder. `None` if no pattern matches.
    #[must_use]
    pub fn of(&self, who: &str) -> Option<UserId> {
        let last = self.patterns.matches(who).into_iter().max()?;
        self.people.get(last).map(|(_, person)| *person)
    }

    /// Every pattern with its member, in their order.
    pub fn all(&self) -> impl Iterator<Item = (&WhoGlob, UserId)> {
        self.people.iter().map(|(who, person)| (who, *person))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holders(patterns: &[&str]) -> Holders {
        let people = patterns.iter().map(|who| WhoGlob::new(who).unwrap());
        Holders::new(people.zip((1..).map(UserId::new)).collect()).unwrap()
    }

    #[test]
    fn the_last_pattern_that_matches_counts() {
        let holders = holders(&["*@ci-*", "alice@*", "*@ci-7", r"CORP\bob@*", "deploy/*"]);
        let cases = [
            ("root@ci-1", Some(1)),
            ("alice@laptop", Some(2)),
            ("alice@ci-1", Some(2)),
            ("alice@ci-7", Some(3)),
            (r"CORP\bob@pc", Some(4)),
            ("deploy/a/b@c", Some(5)),
            ("Alice@laptop", None),
            ("mallory", None),
            ("", None),
        ];
        for (who, person) in cases {
            assert_eq!(holders.of(who), person.map(UserId::new), "{who}");
        }
        assert_eq!(Holders::default().of("alice@laptop"), None);
    }

    #[test]
    fn what_is_no_glob_is_refused() {
        for text in ["", " ", "[a", "{a"] {
            assert!(WhoGlob::new(text).is_err(), "{text:?}");
        }
    }
}
