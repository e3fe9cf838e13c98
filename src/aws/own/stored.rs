//! Reads stored items. An unreadable item does not affect the others.
//!
//! Another version may have written an item, and anyone with write access to the table can store
//! anything. An item that this version cannot read is [`Odd`]: a list leaves it out, and a read of
//! that item alone returns a fault.

use serde::de::DeserializeOwned;

use crate::aws::values::{Item, number_of, text_of};
use crate::error::Fault;
use crate::text::visible;

/// Largest count that an item may hold. Every JSON reader represents it exactly, and adding to it
/// does not overflow.
const LARGEST: u64 = 1 << 53;

/// Why this version cannot read a stored item.
#[derive(Debug, thiserror::Error)]
pub(in crate::aws) enum Odd {
    /// An attribute is missing or has an unexpected type.
    #[error("`{0}` is missing or of another type")]
    Missing(&'static str),
    /// The JSON in an attribute does not have the form that this version knows.
    #[error("`{0}` is not understood: {1}")]
    Json(&'static str, serde_json::Error),
    /// An attribute contradicts the key or another attribute.
    #[error("`{0}` contradicts the rest of the item")]
    Contradiction(&'static str),
    /// A guard without its request.
    #[error("the request that it stands for is not there")]
    Orphan,
    /// A count that is too large to be real.
    #[error("`{0}` is too large a number")]
    TooLarge(&'static str),
}

/// Parses the JSON in an attribute.
pub(in crate::aws) fn json<T: DeserializeOwned>(item: &Item, name: &'static str) -> Result<T, Odd> {
    let text = text_of(item, name).ok_or(Odd::Missing(name))?;
    serde_json::from_str(text).map_err(|error| Odd::Json(name, error))
}

/// Reads a count and checks its limit.
pub(in crate::aws) fn count(item: &Item, name: &'static str) -> Result<u64, Odd> {
    countable(number_of(item, name).ok_or(Odd::Missing(name))?, name)
}

/// Checks the limit of a count that was read elsewhere.
pub(in crate::aws) fn countable(count: u64, name: &'static str) -> Result<u64, Odd> {
    if count <= LARGEST { Ok(count) } else { Err(Odd::TooLarge(name)) }
}

/// The items that one list leaves out, logged as one line.
#[derive(Debug, Default)]
pub(in crate::aws) struct LeftOut {
    count: usize,
    first: Option<Fault>,
}

impl LeftOut {
    /// Counts one more.
    pub(in crate::aws) fn note(&mut self, fault: impl FnOnce() -> Fault) {
        self.count += 1;
        self.first.get_or_insert_with(fault);
    }

    /// Logs them, if there are any.
    pub(in crate::aws) fn log(&self) {
        if let Some(fault) = &self.first {
            tracing::warn!(
                kind = fault.kind.as_str(),
                left_out = self.count,
                cause = fault.cause().map(|cause| visible(&cause)),
                "stored items are left out, the first of them: {fault}"
            );
        }
    }
}
