//! The integration tests, in one binary: one file a subject, what they share under `support`.

mod architecture;
mod aws_rows;
#[cfg(unix)]
mod harness;
mod naming;
mod settings;
mod support;
mod words;
