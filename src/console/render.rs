//! Renders a message as terminal lines.

use crate::message::{Message, Span, Text, Tone};

/// The style of the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Without colours, for pipes and files.
    Plain,
    /// With ANSI colours, for a terminal.
    Coloured,
}

pub(super) const BOLD: &str = "\x1b[1m";
pub(super) const DIM: &str = "\x1b[2m";
const RESET: &str = "\x1b[0m";

/// The lines of a message: title, paragraphs, one field per line, buttons.
#[must_use]
pub fn text(message: &Message, style: Style) -> String {
    let paint = Paint { style };
    let mut lines = Vec::new();
    if !message.title.spans().is_empty() {
        lines.push(paint.with(tone(message.tone), &paint.line(&message.title)));
    }
    lines.extend(message.body.iter().map(|line| paint.line(line)));
    let labels: Vec<String> = message.fields.iter().map(|f| paint.line(&f.label)).collect();
    let width = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0);
    for (field, label) in message.fields.iter().zip(&labels) {
        let gap = " ".repeat(width - label.chars().count());
        lines.push(format!("  {}{gap}  {}", paint.with(DIM, label), paint.line(&field.value)));
    }
    if let Some(footer) = &message.footer {
        lines.push(paint.with(DIM, &paint.line(footer)));
    }
    let buttons: Vec<String> = message
        .buttons
        .iter()
        .filter(|button| button.enabled)
        .map(|button| format!("[ {} ]", button.label))
        .collect();
    if !buttons.is_empty() {
        lines.push(buttons.join(" "));
    }
    lines.join("\n")
}

fn tone(tone: Tone) -> &'static str {
    match tone {
        Tone::Held => "\x1b[1;33m",
        Tone::Broken => "\x1b[1;31m",
        Tone::Free => "\x1b[1;32m",
        Tone::Plain => "\x1b[1;34m",
    }
}

pub(super) struct Paint {
    pub(super) style: Style,
}

impl Paint {
    pub(super) fn with(&self, code: &str, words: &str) -> String {
        match self.style {
            Style::Plain => words.to_owned(),
            Style::Coloured => format!("{code}{words}{RESET}"),
        }
    }

    fn line(&self, text: &Text) -> String {
        let mut line = String::new();
        for span in text.spans() {
            match span {
                Span::Own(words) => line.push_str(words),
                Span::Strong(words) => line.push_str(&self.with(BOLD, words)),
                Span::Named(name) | Span::Quoted(name) => line.push_str(name),
                Span::Person(person) => line.push_str(&person.name),
                Span::Message(..) => line.push_str("the card"),
                Span::Account(id) => line.push_str(&format!("user {id}")),
                Span::Channel(id) => line.push_str(&format!("channel {id}")),
                Span::Role(_) => line.push_str("an approver role"),
                Span::At(moment) => {
                    line.push_str(&moment.format("%Y-%m-%d %H:%M:%S UTC").to_string());
                }
            }
        }
        line
    }
}
