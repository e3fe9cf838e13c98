//! The names of states, as people type and read them.

use std::fmt;

use icu_properties::CodePointSetData;
use icu_properties::props::DefaultIgnorableCodePoint;
use serde::{Deserialize, Serialize};

use super::{BackendName, StatePath};

/// Longest accepted name, in bytes. No S3 key is longer, so no state's name is.
pub(super) const NAME_LIMIT: usize = 1024;

/// Longest name that a button or a choice carries, in UTF-16 units. Both hold 100 characters, and Discord does not say
/// what a character is. A button's id also says what the button does.
const SHORT_NAME: usize = 80;

/// The name of a state as people read and type it: `env/prod`, in a workspace `env/prod@blue`, with
/// several backends `main:env/prod@blue`. It is the state path if no such name leads to the state.
///
/// Only [`Catalog`](super::Catalog) makes a name, so every name leads back to its state. Other
/// names are read from storage.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StateName(String);

/// One state: its name, its path and its backend.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct State {
    /// The name that people use for it.
    pub name: StateName,
    /// Its state path.
    pub path: StatePath,
    /// The backend whose lock table and lockfiles hold its lock.
    pub backend: BackendName,
}

/// Why a typed text does not name a state. Each text continues "… is no state name: ".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing was typed.
    #[error("it is empty")]
    Empty,
    /// Longer than any S3 key.
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
    /// The prefix is not the name of a backend. The text lists the configured names.
    #[error("no backend is called {wanted}; there is {configured}")]
    Backend {
        /// The prefix that was typed.
        wanted: String,
        /// The configured names, comma-separated.
        configured: String,
    },
    /// It names a bucket that no backend has.
    #[error("the bucket {wanted} is not served here; there is {served}")]
    Bucket {
        /// The bucket that was typed.
        wanted: String,
        /// The buckets of the backends, comma-separated.
        served: String,
    },
    /// It is either a key where nothing was seen, or a path in a bucket that no backend has.
    #[error(
        "nothing has been seen at this key, and no bucket {wanted} is served here; there is {served}"
    )]
    KeyOrBucket {
        /// The part that may be a bucket.
        wanted: String,
        /// The buckets of the backends, comma-separated.
        served: String,
    },
    /// It has a bucket but no key.
    #[error("it has a bucket and no key")]
    NoKey,
    /// There are several backends, and the text names none.
    #[error(
        "nothing has been seen under it; for a new state, say which backend it is in, as in {example}; there is \
         {configured}"
    )]
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

    /// The name as text. Names come from S3 keys, so they are untrusted.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl State {
    /// The name without its backend.
    #[must_use]
    pub fn bare_name(&self) -> &str {
        let name = self.name.as_str();
        let behind = name.strip_prefix(self.backend.as_str()).and_then(|it| it.strip_prefix(':'));
        behind.unwrap_or(name)
    }

    /// The same state under its name without the backend.
    #[must_use]
    pub fn in_short(self) -> Self {
        Self { name: StateName::new(self.bare_name()), ..self }
    }

    /// The same state under its name with the backend. A path stays as it is.
    #[must_use]
    pub fn in_full(self) -> Self {
        if self.name.as_str() == self.path.as_str() {
            return self;
        }
        Self { name: StateName::new(self.full_name()), ..self }
    }

    /// The name with its backend, as in `main:env/prod`.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}:{}", self.backend, self.bare_name())
    }

    /// The text that a button under an answer carries: the full path, which identifies the state
    /// even if nothing is left of it. If the path does not fit, the
    /// [`short_name`](Self::short_name).
    ///
    /// A name with a backend is kept, because several backends may share the bucket.
    #[must_use]
    pub fn short_path(&self) -> String {
        let path = self.path.as_str();
        let says_backend = self.name.as_str().starts_with(&format!("{}:", self.backend));
        if is_short(path) && check(path) == Ok(path) && !says_backend {
            path.to_owned()
        } else {
            self.short_name()
        }
    }

    /// The name if it fits into a Discord button or choice, else the path's
    /// [`handle`](StatePath::handle). People can type either.
    #[must_use]
    pub fn short_name(&self) -> String {
        let name = self.name.as_str();
        // A name that cannot be typed would be refused, such as that of a key with `//`.
        if is_short(name) && check(name) == Ok(name) { name.to_owned() } else { self.path.handle() }
    }
}

impl fmt::Display for StateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_short(text: &str) -> bool {
    text.encode_utf16().count() <= SHORT_NAME
}

/// Checks a typed name, and trims the blanks around it.
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

/// Whether a character is invisible or changes how its neighbours are shown: control characters,
/// the bidirectional controls of UAX #9, and zero-width characters.
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
