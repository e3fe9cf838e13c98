//! The integration tests, in one binary. One folder or file a subject, in the order of `src`; what they
//! share is under `support`, whose README.md says what each stand-in checks.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
#![expect(unreachable_pub, reason = "`pub` in `support` means: for every test")]

// The rules, on the real stores.
mod audit;
mod backends;
mod lock;
#[cfg(unix)]
mod replicas;
mod unlock;
mod watch;

// What people ask and read.
mod command_line;
mod demo;
mod doctor;
mod finding;
mod pages;
mod picture;
mod report;
#[cfg(unix)]
mod terminal;
mod words;

// The adapters.
mod aws;
mod discord;

// The program as a whole.
mod architecture;
mod budgets;
#[cfg(unix)]
mod end_to_end;
#[cfg(unix)]
mod health;
mod iam;
mod keeping;
mod settings;
#[cfg(unix)]
mod written;

// The tests' own tools.
mod fake_discord;
#[cfg(unix)]
mod harness;
mod support;
