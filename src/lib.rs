//! Locktender tends a team's Terraform and OpenTofu state locks.
//!
//! Three rings, of which each knows only those inside it:
//!
//! - [`lock`] is what a lock is: pure functions over the bytes that Terraform writes.
//! - [`commands`] answers a [`command`]. It takes a [`context::Context`], whose [`ports`] stand for
//!   the world outside, and gives a [`message`] as data, an [`error::Refusal`] or an
//!   [`error::Fault`].
//! - The adapters: [`aws`] reads the locks; [`discord`] and [`console`] are the edges at which
//!   people ask. [`workers`] are loops beside them.
//!
//! [`app`] puts them together, from [`settings`]. To follow one question through the code, begin at
//! the events of [`discord`] and end at its answer; docs/ARCHITECTURE.md walks it.

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
pub mod dotenv;
#[cfg(feature = "embedded")]
pub mod embedded;
pub mod error;
pub mod finding;
pub mod lock;
pub mod message;
pub mod people;
pub mod ports;
pub mod release;
pub mod settings;
pub mod telemetry;
pub mod text;
pub mod unlock;
pub mod watch;
pub mod words;
pub mod workers;
