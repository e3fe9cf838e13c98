//! Renders a message as terminal lines.

use super::width::columns;
use super::wrap::{RESET, wrap};
use crate::message::{Button, Field, Message, Span, Text, Tone};

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
/// Swaps the colours of the text and its ground, so a button stands out on a dark and on a light
/// terminal.
const REVERSE: &str = "\x1b[7m";

/// The lines of a message: title, paragraphs, one field per line, buttons.
#[must_use]
pub fn text(message: &Message, style: Style) -> String {
    lines(message, style, tone(message.tone), None).join("\n")
}

/// The same lines with a title in another colour, broken at blanks where they are longer than
/// `width` columns.
pub(super) fn lines(
    message: &Message,
    style: Style,
    title: &str,
    width: Option<usize>,
) -> Vec<String> {
    let paint = Paint { style };
    let mut lines = Vec::new();
    if !message.title.spans().is_empty() {
        let title = paint.with(title, &paint.line(&message.title));
        lines.extend(fit(title, width));
    }
    lines.extend(message.body.iter().flat_map(|line| fit(paint.line(line), width)));
    lines.extend(fields(&message.fields, &paint, width));
    if let Some(footer) = &message.footer {
        lines.extend(fit(paint.with(DIM, &paint.line(footer)), width));
    }
    lines.extend(buttons(&message.buttons, &paint, width));
    lines
}

fn fit(line: String, width: Option<usize>) -> Vec<String> {
    match width {
        None => vec![line],
        Some(width) => wrap(&line, width),
    }
}

/// A field's label and its value beside it. Where the labels leave a terminal too little room,
/// each value is below its label.
fn fields(fields: &[Field], paint: &Paint, width: Option<usize>) -> Vec<String> {
    let labels: Vec<String> = fields.iter().map(|field| paint.line(&field.label)).collect();
    let widest = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0);
    let beside = widest + 4;
    let mut lines = Vec::new();
    for (field, label) in fields.iter().zip(&labels) {
        let value = paint.line(&field.value);
        match width {
            Some(width) if beside * 2 > width => {
                let label = fit(paint.with(BOLD, label), Some(width.saturating_sub(2)));
                let value = fit(value, Some(width.saturating_sub(4)));
                lines.extend(label.into_iter().map(|line| format!("  {line}")));
                lines.extend(value.into_iter().map(|line| format!("    {line}")));
            }
            _ => {
                let gap = " ".repeat(widest - label.chars().count());
                let label = format!("  {}{gap}  ", paint.with(DIM, label));
                let value = fit(value, width.map(|width| width - beside));
                let starts = std::iter::once(label).chain(std::iter::repeat(" ".repeat(beside)));
                lines.extend(starts.zip(value).map(|(start, line)| start + &line));
            }
        }
    }
    lines
}

/// The enabled buttons. A line is never broken within one.
fn buttons(buttons: &[Button], paint: &Paint, width: Option<usize>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for button in buttons.iter().filter(|button| button.enabled) {
        let drawn = paint.with(REVERSE, &format!("[ {} ]", button.label));
        let fits = |line: &&mut String| {
            width.is_none_or(|width| columns(line) + 1 + columns(&drawn) <= width)
        };
        match lines.last_mut().filter(fits) {
            Some(line) => *line += &format!(" {drawn}"),
            None => lines.push(drawn),
        }
    }
    lines
}

pub(super) fn tone(tone: Tone) -> &'static str {
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

    pub(super) fn line(&self, text: &Text) -> String {
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
