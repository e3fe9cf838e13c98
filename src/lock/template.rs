//! How a backend makes the key of a state from its name.

use std::fmt;

use super::BackendError;

/// The placeholder for the state's name in a key template.
pub(super) const PLACEHOLDER: &str = "{state}";

/// How a backend makes the key of a state from its name, as in `{state}/terraform.tfstate`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyTemplate {
    before: String,
    after: String,
}

impl std::str::FromStr for KeyTemplate {
    type Err = BackendError;

    fn from_str(text: &str) -> Result<Self, BackendError> {
        let (before, after) = text.split_once(PLACEHOLDER).ok_or(BackendError::Placeholder)?;
        if after.contains(PLACEHOLDER) {
            return Err(BackendError::Placeholder);
        }
        // Terraform's keys have no leading slash, so one in the setting is a typing error.
        let before = before.trim_start_matches('/');
        Ok(Self { before: before.to_owned(), after: after.to_owned() })
    }
}

impl fmt::Display for KeyTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{PLACEHOLDER}{}", self.before, self.after)
    }
}

impl KeyTemplate {
    /// The length of its fixed parts, in bytes.
    pub(super) fn length(&self) -> usize {
        self.before.len() + self.after.len()
    }

    pub(super) fn key(&self, state: &str) -> String {
        format!("{}{state}{}", self.before, self.after)
    }

    pub(super) fn state<'k>(&self, key: &'k str) -> Option<&'k str> {
        let state = key.strip_prefix(&*self.before)?.strip_suffix(&*self.after)?;
        (!state.is_empty()).then_some(state)
    }
}

impl KeyTemplate {
    /// Whether it makes every text a key of its own.
    pub(super) fn is_plain(&self) -> bool {
        self.before.is_empty() && self.after.is_empty()
    }
}
