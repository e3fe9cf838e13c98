//! Items as they are read back, each by a function that never fails for more than its one item.
//!
//! Another version may have written an item, and whoever may write the table can put anything there.
//! What a version cannot read is [`Odd`]: a list leaves it out, and a read of it alone is a fault about it
//! alone.

use serde::de::DeserializeOwned;

use crate::aws::values::{Item, number_of, text_of};
use crate::error::Fault;
use crate::text::visible;

/// Largest count that an item may hold: every JSON reader takes it exactly, and the next ones can be
/// counted without an overflow.
const LARGEST: u64 = 1 << 53;

/// Why a stored item is not understood.
#[derive(Debug, thiserror::Error)]
pub(in crate::aws) enum Odd {
    /// An attribute is missing, or its type is not the expected one.
    #[error("`{0}` is missing or of another type")]
    Missing(&'static str),
    /// The JSON in an attribute says something else than what this version knows.
    #[error("`{0}` is not understood: {1}")]
    Json(&'static str, serde_json::Error),
    /// The item says one thing, and its key or another attribute of it another.
    #[error("`{0}` contradicts the rest of the item")]
    Contradiction(&'static str),
    /// The guard of a path whose request is not there.
    #[error("the request that it stands for is not there")]
    Orphan,
    /// A count that no table comes to.
    #[error("`{0}` is too large a number")]
    TooLarge(&'static str),
}

/// The JSON of an attribute.
pub(in crate::aws) fn json<T: DeserializeOwned>(item: &Item, name: &'static str) -> Result<T, Odd> {
    let text = text_of(item, name).ok_or(Odd::Missing(name))?;
    serde_json::from_str(text).map_err(|error| Odd::Json(name, error))
}

/// A count that can be counted on.
pub(in crate::aws) fn count(item: &Item, name: &'static str) -> Result<u64, Odd> {
    countable(number_of(item, name).ok_or(Odd::Missing(name))?, name)
}

/// A count that was read as part of something else.
pub(in crate::aws) fn countable(count: u64, name: &'static str) -> Result<u64, Odd> {
    if count <= LARGEST { Ok(count) } else { Err(Odd::TooLarge(name)) }
}

/// The items of one list that are left out, as one line of the log.
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
