//! The integration tests in one binary: one file per subject, shared parts under `support`.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
#![expect(unreachable_pub, reason = "`pub` in `support` means: for every test")]

mod architecture;
mod audit;
mod aws_embedded;
mod aws_faults;
mod aws_lockfiles;
mod aws_lockfiles_listed;
mod aws_reads;
mod aws_rows;
mod budgets;
mod command_line;
mod demo;
mod discord;
#[cfg(unix)]
mod end_to_end;
#[cfg(unix)]
mod end_to_end_unlock;
#[cfg(unix)]
mod end_to_end_watch;
mod fake_discord;
mod finding;
#[cfg(unix)]
mod harness;
mod migrations;
mod naming;
mod settings;
mod support;
mod unlock;
mod watching;
mod words;
