//! Prints to standard output, as the terminal there can show it.

use std::io::{IsTerminal, Write};
use std::os::fd::AsFd;

use rustix::termios::tcgetwinsize;

use crate::console::{Output, Style};

/// Coloured on a terminal that knows colours, unless `NO_COLOR` is set (<https://no-color.org>).
pub(super) fn stdout_style() -> Style {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if is_screen(&std::io::stdout()) && !plain { Style::Coloured } else { Style::Plain }
}

/// The colours and the width of standard output.
pub(super) fn stdout_output() -> Output {
    Output { style: stdout_style(), width: columns() }
}

/// The columns of the terminal on standard output. `None` for a pipe or a file, where no line is broken.
pub(super) fn columns() -> Option<usize> {
    let stdout = std::io::stdout();
    let size = stdout.is_terminal().then(|| size(&stdout)).flatten();
    size.map(|(columns, _)| columns)
}

/// Whether this is a terminal that can move its cursor.
pub(super) fn is_screen(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// The columns and rows of a terminal. `None` where it does not say.
pub(super) fn size(terminal: &impl AsFd) -> Option<(usize, usize)> {
    let size = tcgetwinsize(terminal).ok()?;
    let (columns, rows) = (usize::from(size.ws_col), usize::from(size.ws_row));
    (columns > 0 && rows > 0).then_some((columns, rows))
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
