//! All texts that people read: one function per message, grouped by subject.
//!
//! Look here for a sentence seen in Discord or in a terminal. Some parts of a message come from elsewhere: the
//! causes and remedies of faults from the adapters, the notes of a closed request from `unlock/end.rs`,
//! `unlock/steps.rs` and `release/`, and the descriptions of subcommands from `command.rs`.

pub mod announced;
pub(crate) mod audit;
pub mod cleared;
pub(crate) mod config;
pub(crate) mod doctor;
pub(crate) mod form;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzz;
pub(crate) mod half;
pub mod health;
pub(crate) mod help;
pub(crate) mod history;
pub(crate) mod list;
pub(crate) mod listed;
pub mod lock;
pub(crate) mod parts;
pub mod picture;
pub(crate) mod progress;
pub mod refused;
pub(crate) mod report;
pub mod request;
mod store;
pub(crate) mod terminal;
pub(crate) mod timeline;
pub(crate) mod verdict;
pub(crate) mod watching;
pub(crate) mod weekly;
