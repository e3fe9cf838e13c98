//! What people type for a state, and what a state is called.

use std::fmt;

use icu_properties::CodePointSetData;
use icu_properties::props::DefaultIgnorableCodePoint;
use serde::{Deserialize, Serialize};

use super::{BackendName, StatePath};

/// Longest name that is looked at, in bytes: no S3 key is longer, so no state's name is.
pub(super) const NAME_LIMIT: usize = 1024;

/// Longest name that is used as it is where space is short, in characters: a choice's value and a
/// button's id hold 100, and the latter says also what the button does.
const SHORT_NAME: usize = 80;

/// The name of a state as people read and type it: `env/prod`, in a workspace `env/prod@blue`, with
/// several backends `main:env/prod@blue`; where no such name leads to it, the state path.
///
/// Only [`Catalog`](super::Catalog) makes one, so every name leads back to its state; or it is read
/// back from where one was written.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StateName(String);

/// One state: what it is called, where it lies, and the backend that is asked about it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct State {
    /// What people call it.
    pub name: StateName,
    /// Where it lies.
    pub path: StatePath,
    /// Whose lock table and lockfiles hold its lock.
    pub backend: BackendName,
}

/// Why a typed text names no state. Each text goes on from "… is no state name: ".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing was typed.
    #[error("it is empty")]
    Empty,
    /// More bytes than any key has.
    #[error("it is {0} bytes long, and no state's name is longer than {NAME_LIMIT}")]
    TooLong(usize),
    /// A control, bidirectional or zero-width character.
    #[error("it has the invisible character U+{0:04X}")]
    Invisible(u32),
    /// `..`, `.`, `//`, or a slash at either end.
    #[error("it has a part between slashes that is empty, one dot, or two")]
    Parts,
    /// `env/prod@` or `env/prod@a/b`.
    #[error("the workspace after its @ must be one word without a slash")]
    Workspace,
    /// A prefix that is no backend's name; the names are those that are configured.
    #[error("no backend is called {wanted}; there is {configured}")]
    Backend {
        /// The prefix that was typed.
        wanted: String,
        /// The configured names, comma-separated.
        configured: String,
    },
    /// It spells out a bucket that no backend has.
    #[error("the bucket {wanted} is not served here; there is {served}")]
    Bucket {
        /// The bucket that was typed.
        wanted: String,
        /// The buckets of the backends, comma-separated.
        served: String,
    },
    /// It is a key of which nothing was seen, or a path in a bucket that no backend has.
    #[error(
        "nothing has been seen at this key, and no bucket {wanted} is served here; there is {served}"
    )]
    KeyOrBucket {
        /// What may be a bucket.
        wanted: String,
        /// The buckets of the backends, comma-separated.
        served: String,
    },
    /// A bucket and no more.
    #[error("it has a bucket and no key")]
    NoKey,
    /// Several backends and none was named.
    #[error("it must say which backend it is in, as in {example}; there is {configured}")]
    WhichBackend {
        /// The typed name with the first backend in front.
        example: String,
        /// The configured names, comma-separated.
        configured: String,
    },
}

impl StateName {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The name as people read it. Names come from S3 keys, so the text is as hostile as they are.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl State {
    /// What a button under an answer about this state carries: the full path, which still vouches for
    /// the state when nothing is left of it; else the [`short_name`](Self::short_name).
    ///
    /// A name that says its backend is kept, since several backends may share the bucket.
    #[must_use]
    pub fn short_path(&self) -> String {
        let path = self.path.as_str();
        let says_backend = self.name.as_str().starts_with(&format!("{}:", self.backend));
        if path.chars().count() <= SHORT_NAME && check(path) == Ok(path) && !says_backend {
            path.to_owned()
        } else {
            self.short_name()
        }
    }

    /// The name where it fits into a button or a choice of Discord's, else the path's
    /// [`handle`](StatePath::handle). Both can be typed in place of the name.
    #[must_use]
    pub fn short_name(&self) -> String {
        let name = self.name.as_str();
        // A name that nobody could type, as of a key with `//` in it, would be refused.
        if name.chars().count() <= SHORT_NAME && check(name) == Ok(name) {
            name.to_owned()
        } else {
            self.path.handle()
        }
    }
}

impl fmt::Display for StateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Takes what a person typed, without the blanks around it, or says what is wrong with it.
pub(super) fn check(typed: &str) -> Result<&str, NameError> {
    let text = typed.trim();
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if text.len() > NAME_LIMIT {
        return Err(NameError::TooLong(text.len()));
    }
    if let Some(c) = text.chars().find(|&c| is_invisible(c)) {
        return Err(NameError::Invisible(u32::from(c)));
    }
    if text.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(NameError::Parts);
    }
    Ok(text)
}

/// Whether a character shows nothing of itself, or changes how its neighbours are shown: control
/// characters, the bidirectional controls of UAX #9, and the zero-width ones.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    // Default_Ignorable_Code_Point does not include line and paragraph separators, the blank braille
    // pattern and the interlinear annotation characters.
    c.is_control()
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{2800}' | '\u{fff9}'..='\u{fffb}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_invisible_character_passes_for_a_visible_one() {
        let invisible = [
            '\0'..='\u{1f}',
            '\u{7f}'..='\u{9f}',
            '\u{ad}'..='\u{ad}',
            '\u{34f}'..='\u{34f}',
            '\u{61c}'..='\u{61c}',
            '\u{115f}'..='\u{1160}',
            '\u{17b4}'..='\u{17b5}',
            '\u{180b}'..='\u{180f}',
            '\u{200b}'..='\u{200f}',
            '\u{2028}'..='\u{202e}',
            '\u{2060}'..='\u{206f}',
            '\u{2800}'..='\u{2800}',
            '\u{3164}'..='\u{3164}',
            '\u{fe00}'..='\u{fe0f}',
            '\u{feff}'..='\u{feff}',
            '\u{ffa0}'..='\u{ffa0}',
            '\u{fff0}'..='\u{fffb}',
            '\u{1bca0}'..='\u{1bca3}',
            '\u{1d173}'..='\u{1d17a}',
            '\u{e0000}'..='\u{e0fff}',
        ];
        for c in invisible.into_iter().flatten() {
            assert!(is_invisible(c), "U+{:04X}", u32::from(c));
        }
        for c in " aé\u{301}\u{a0}\u{600}\u{3000}日\u{2801}\u{fffd}🔒".chars() {
            assert!(!is_invisible(c), "U+{:04X}", u32::from(c));
        }
    }
}
