//! The audit trail as a terminal shows it: each chain below the path that names it.

use chrono::{DateTime, Utc};

use super::audit::{audit_line, audit_list_heading, shown, words};
use super::render::{BOLD, Paint};
use super::width::{Output, columns, fit_end, fit_middle, fold, padded};
use crate::audit::Entry;
use crate::text::{LONG, clip, visible};

const SEQ: usize = 5;
const TIME: usize = 20;
/// The longest action has as many characters.
const ACTION: usize = 19;
const LOCK: usize = 36;

/// From how many columns on the lock's ID is shown.
const WITH_LOCK: usize = 130;

/// The lines of `locktender audit list`, entry by entry. For a pipe, each entry is one line with all of it.
#[derive(Debug)]
pub struct Chains {
    output: Output,
    /// The chain of the last entry.
    path: Option<String>,
}

impl Chains {
    /// The lines for this output.
    #[must_use]
    pub fn new(output: Output) -> Self {
        Self { output, path: None }
    }

    /// The heading of the columns.
    #[must_use]
    pub fn heading(&self) -> String {
        match self.output.width {
            None => audit_list_heading(),
            Some(width) => {
                let line = line(width, ["SEQ", "TIME", "ACTION", "BY", "LOCK ID"]);
                self.bold(&format!("{line}  REASON"))
            }
        }
    }

    /// An entry, below the path of its chain if it is the first one of it.
    #[must_use]
    pub fn entry(&mut self, entry: &Entry) -> String {
        let Some(width) = self.output.width else { return audit_line(entry) };
        let entry_lines = self.lines(entry, width);
        if self.path.as_deref() == Some(entry.path()) {
            return entry_lines;
        }
        self.path = Some(entry.path().to_owned());
        let path = clip(&visible(entry.path()), 5 * LONG);
        format!("\n{}\n{entry_lines}", self.bold(&path))
    }

    /// The facts of an entry, and its words behind them, or below where they are long.
    fn lines(&self, entry: &Entry, width: usize) -> String {
        let action = shown(entry.text("action"));
        let plain = line(
            width,
            [
                &entry.seq().to_string(),
                &time(entry),
                &action,
                &shown(entry.text_of("actor", "name")),
                &shown(entry.text_of("lock", "id")),
            ],
        );
        let words = words(entry);
        let facts = match tone(&action) {
            Some(colour) => {
                let paint = Paint { style: self.output.style };
                plain.replacen(&action, &paint.with(colour, &action), 1)
            }
            None => plain.clone(),
        };
        if words.is_empty() {
            facts.trim_end().to_owned()
        } else if columns(&plain) + 2 + columns(&words) <= width {
            format!("{facts}  {words}")
        } else {
            let below = format!("{:indent$}{words}", "", indent = SEQ + 2);
            format!("{}\n{}", facts.trim_end(), fold(&below, Some(width)))
        }
    }

    fn bold(&self, text: &str) -> String {
        Paint { style: self.output.style }.with(BOLD, text)
    }
}

/// The columns of an entry. The name takes what room the others leave.
fn line(width: usize, [seq, time, action, by, lock]: [&str; 5]) -> String {
    let room = width.saturating_sub(SEQ + TIME + ACTION + 6).clamp(6, 16);
    let by = padded(&fit_middle(by, room), room);
    let (time, action) = (fit_end(time, TIME), fit_end(action, ACTION));
    let line = format!("{seq:>SEQ$}  {}  {}  {by}", padded(&time, TIME), padded(&action, ACTION));
    if width < WITH_LOCK {
        return line;
    }
    format!("{line}  {}", padded(&fit_middle(lock, LOCK), LOCK))
}

/// The time without fractions of a second, or as it is written.
fn time(entry: &Entry) -> String {
    let written = shown(entry.text("at"));
    match written.parse::<DateTime<Utc>>() {
        Ok(at) => at.format("%Y-%m-%d %H:%M:%SZ").to_string(),
        Err(_) => written,
    }
}

/// The colour of what happened, which the action says too.
fn tone(action: &str) -> Option<&'static str> {
    match action {
        "unlock.done" => Some("\x1b[32m"),
        "unlock.failed" => Some("\x1b[31m"),
        action if action.ends_with(".refused") => Some("\x1b[33m"),
        _ => None,
    }
}
