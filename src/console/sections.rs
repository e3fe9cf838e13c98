//! Pages of sections, and single answers, as lines that fit a terminal.

use super::render::{BOLD, DIM, Paint, text};
use super::width::{Output, columns, fold};
use crate::message::Message;
use crate::words::config::{Line, Section};

/// How a verdict on a whole is painted. Its words say it too.
const GOOD: &str = "\x1b[1;32m";
const BAD: &str = "\x1b[1;31m";

/// A page: sections with a blank line between them.
#[must_use]
pub(crate) fn sections(all: &[Section], output: Output) -> String {
    let paint = Paint { style: output.style };
    let drawn = all.iter().map(|Section { heading, lines }| {
        let mut drawn = Vec::new();
        if !heading.is_empty() {
            drawn.push(paint.with(BOLD, heading));
        }
        for run in lines.chunk_by(|a, b| a.label.is_some() && b.label.is_some()) {
            let width = run.iter().filter_map(|line| line.label).map(columns).max();
            drawn.extend(run.iter().map(|line| one(line, width.unwrap_or_default(), &paint)));
        }
        fold(&drawn.join("\n"), output.width)
    });
    drawn.collect::<Vec<_>>().join("\n\n")
}

fn one(Line { indent, label, text }: &Line, width: usize, paint: &Paint) -> String {
    match label {
        None => format!("{:indent$}{text}", ""),
        Some(label) => {
            let gap = " ".repeat(width - columns(label));
            format!("{:indent$}{}{gap}  {text}", "", paint.with(DIM, label))
        }
    }
}

/// A message that is read once, without a chat around it.
#[must_use]
pub fn answer_text(message: &Message, output: Output) -> String {
    fold(&text(message, output.style), output.width)
}

/// Whether something holds: the first line in the colour of the answer.
#[must_use]
pub fn verdict(holds: bool, said: &str, output: Output) -> String {
    let paint = Paint { style: output.style };
    let (first, rest) = said.split_once('\n').unwrap_or((said, ""));
    let first = paint.with(if holds { GOOD } else { BAD }, first);
    let drawn = if rest.is_empty() { first } else { format!("{first}\n{rest}") };
    fold(&drawn, output.width)
}
