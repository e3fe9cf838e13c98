//! Prints to standard output.

use std::io::{IsTerminal, Write};

use crate::console::Style;

/// Coloured on a terminal that knows colours, unless `NO_COLOR` is set (<https://no-color.org>).
pub(super) fn stdout_style() -> Style {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    if std::io::stdout().is_terminal() && !plain && !dumb { Style::Coloured } else { Style::Plain }
}

pub(super) fn print_json(value: &impl serde::Serialize) -> std::io::Result<()> {
    let text = serde_json::to_string(value).map_err(std::io::Error::other)?;
    print(&text)
}

/// Prints to standard error.
pub(super) fn complain(text: &str) {
    eprintln!("{text}");
}

pub(super) fn print(text: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{text}")
}
