//! All texts that people read: one function per message, grouped by subject.
//!
//! Look here for a sentence seen in Discord or in a terminal. Only the causes of errors in it come
//! from the error types.

pub mod announced;
pub mod cleared;
pub(crate) mod form;
pub(crate) mod half;
pub(crate) mod help;
pub(crate) mod history;
pub(crate) mod list;
pub mod lock;
pub(crate) mod parts;
pub mod refused;
pub mod request;
pub(crate) mod terminal;
pub(crate) mod verdict;
pub(crate) mod watching;
