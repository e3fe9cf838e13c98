//! How the chat's channel is drawn: what stands before each line, and where lines are broken.

use crate::console::Style;
use crate::console::render::{BOLD, DIM, Paint, lines, tone};
use crate::console::wrap::wrap;
use crate::message::{Message, Text};
use crate::text::visible;

/// The widest lines, in columns: longer ones are hard to read.
const WIDEST: usize = 100;

/// The narrowest lines.
const NARROWEST: usize = 30;

/// The columns before each line of a message.
const INDENT: usize = 2;

/// Draws messages and lines.
pub(super) struct Pen {
    style: Style,
    /// The width of the terminal, which may change at any time. `None` for no limit.
    width: fn() -> Option<usize>,
}

impl Pen {
    /// Draws lines of any length.
    pub(super) fn new(style: Style) -> Self {
        Self { style, width: || None }
    }

    /// Breaks lines to fit this many columns.
    pub(super) fn fitting(self, width: fn() -> Option<usize>) -> Self {
        Self { width, ..self }
    }

    /// A message under a mark, indented, followed by a blank line. In colour, a bar of its tone is
    /// beside it, as on Discord. All words but the marks have the terminal's own colour, which can
    /// be read on a dark and on a light ground.
    pub(super) fn message(&self, mark: Option<&str>, message: &Message) -> String {
        let paint = self.paint();
        let indent = match self.style {
            Style::Plain => "  ".to_owned(),
            Style::Coloured => paint.with(tone(message.tone), "▎") + " ",
        };
        let width = self.room().map(|width| width - INDENT);
        let mark = mark.map(|mark| format!("  {}\n", paint.with(DIM, mark)));
        let lines = lines(message, self.style, BOLD, width).join("\n");
        let lines = lines.lines().map(|line| format!("{indent}{line}\n"));
        mark.into_iter().chain(lines).collect::<String>() + "\n"
    }

    /// Lines that are no message.
    pub(super) fn texts(&self, texts: &[Text]) -> String {
        let paint = self.paint();
        let lines = texts.iter().map(|text| paint.line(text)).flat_map(|line| match self.room() {
            Some(width) => wrap(&line, width),
            None => vec![line],
        });
        lines.map(|line| line + "\n").collect()
    }

    /// A person's name before what the person says.
    pub(super) fn speaker(&self, name: &str, sign: &str) -> String {
        self.paint().with(BOLD, &format!("{}{sign}", visible(name)))
    }

    /// The columns that lines may take.
    fn room(&self) -> Option<usize> {
        (self.width)().map(|width| width.clamp(NARROWEST, WIDEST))
    }

    fn paint(&self) -> Paint {
        Paint { style: self.style }
    }
}
