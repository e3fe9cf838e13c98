//! Locktender manages a team's Terraform and OpenTofu state locks.
//!
//! There are three rings. Each knows only the rings inside it:
//!
//! - [`lock`] knows what a lock is: pure functions over the bytes that Terraform writes.
//! - [`commands`] answers a [`command`]. It takes a [`context::Context`], whose [`ports`] connect
//!   it to the outside world. It returns a [`message`] as data, an [`error::Refusal`] or an
//!   [`error::Fault`].
//! - The adapters: [`aws`] reads and releases locks, and stores the bot's own data. [`discord`] and
//!   [`console`] are the edges where people ask. [`picture`] draws for them. [`workers`] are loops
//!   beside them.
//!
//! [`app`] assembles them from [`settings`]. To follow one command through the code, start at the
//! events of [`discord`] and end at its answer. docs/ARCHITECTURE.md describes this path.

pub mod app;
pub mod assess;
pub mod audit;
pub mod aws;
pub mod clock;
pub mod command;
pub mod commands;
mod conflict;
pub mod console;
pub mod context;
#[cfg(feature = "embedded")]
pub mod demo;
pub mod discord;
pub mod doctor;
pub mod dotenv;
#[cfg(feature = "embedded")]
pub mod embedded;
pub mod error;
pub mod figures;
pub mod finding;
#[cfg(any(test, feature = "fuzzing"))]
mod fuzzing;
pub mod health;
pub mod host;
pub mod lease;
pub mod lock;
pub mod message;
pub mod metrics;
pub mod people;
pub mod picture;
pub mod ports;
pub mod release;
pub mod settings;
pub mod standing;
pub mod telemetry;
pub mod text;
pub mod unlock;
pub mod watch;
pub mod words;
pub mod workers;
