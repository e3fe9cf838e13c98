//! `locktender completions` and `locktender man`: what a shell and `man` read. Neither needs a setting.

use std::io::Write;

use clap_complete::Shell;

use super::{AppError, Success};
use crate::settings;

/// Prints what a shell needs to complete commands and flags.
///
/// # Errors
/// If standard output is gone.
pub fn completions(shell: Shell) -> Result<Success, AppError> {
    write(&settings::completions(shell))
}

/// Prints the manual page.
///
/// # Errors
/// If standard output is gone.
pub fn manual() -> Result<Success, AppError> {
    write(&settings::manual()?)
}

fn write(page: &[u8]) -> Result<Success, AppError> {
    let mut out = std::io::stdout();
    out.write_all(page)?;
    out.flush()?;
    Ok(Success::Fine)
}
