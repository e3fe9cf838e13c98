//! The mistakes of a file, and how they are drawn.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::{BACKEND_KEYS, HOLDER_KEYS, POLICY_KEYS, TABLES};
use crate::lock::is_invisible;
use crate::text::{LONG, clip, visible};

/// How many mistakes are drawn. A file that is no TOML at all has one on every line.
const DRAWN: usize = 20;

/// Something in the file that cannot be used.
#[derive(Debug)]
pub(super) struct Mistake {
    /// What is wrong.
    pub(super) what: String,
    /// Its place in the text, in bytes.
    pub(super) at: Range<usize>,
    /// What to do about it.
    pub(super) remedy: Option<String>,
    /// An earlier place that it conflicts with, and what is there.
    pub(super) earlier: Option<(Range<usize>, &'static str)>,
}

/// The mistakes found so far.
#[derive(Debug, Default)]
pub(super) struct Mistakes(Vec<Mistake>);

impl Mistakes {
    /// Adds a mistake without a remedy of its own.
    pub(super) fn add(&mut self, at: Range<usize>, what: impl Into<String>) {
        self.push(Mistake { what: what.into(), at, remedy: None, earlier: None });
    }

    /// Adds a mistake with its remedy.
    pub(super) fn add_with(
        &mut self,
        at: Range<usize>,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let remedy = Some(remedy.into());
        self.push(Mistake { what: what.into(), at, remedy, earlier: None });
    }

    pub(super) fn push(&mut self, mistake: Mistake) {
        self.0.push(mistake);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Draws each mistake below its line, in the order of the file.
    pub(super) fn drawn(mut self, file: &str, text: &str) -> String {
        self.0.sort_by_key(|mistake| mistake.at.start);
        let file = visible(file);
        let lines = Lines::new(text);
        let drawn: Vec<String> =
            self.0.iter().take(DRAWN).map(|mistake| lines.draw(mistake, &file)).collect();
        let count = self.0.len();
        let title = match count {
            1 => format!("there is a mistake in {file}"),
            count => format!("there are {count} mistakes in {file}"),
        };
        let rest = match count.saturating_sub(DRAWN) {
            0 => String::new(),
            rest => format!("\n\n… and {rest} more"),
        };
        format!("{title}\n\n{}{rest}", drawn.join("\n\n"))
    }
}

/// The text as it is drawn, where nothing invisible reaches the terminal, and no value that may be a secret. A
/// character stays one character, so that columns are right.
struct Lines<'t> {
    text: &'t str,
    drawn: String,
}

impl<'t> Lines<'t> {
    fn new(text: &'t str) -> Self {
        Self { text, drawn: text.split_inclusive('\n').flat_map(line).collect() }
    }

    /// A place in the drawn text: the part of it on its first line.
    fn place(&self, at: &Range<usize>) -> Range<usize> {
        let end_of_line = |from: usize| {
            self.text[from..].find(['\r', '\n']).map_or(self.text.len(), |length| from + length)
        };
        let start = self.text.floor_char_boundary(at.start.min(self.text.len()));
        let end = self.text.floor_char_boundary(at.end).clamp(start, end_of_line(start));
        let offset = |at: usize| {
            let before = self.text[..at].chars().count();
            self.drawn.char_indices().nth(before).map_or(self.drawn.len(), |(offset, _)| offset)
        };
        offset(start)..offset(end)
    }

    fn draw(&self, mistake: &Mistake, file: &str) -> String {
        let mut snippet = Snippet::source(&self.drawn)
            .path(file)
            .annotation(AnnotationKind::Primary.span(self.place(&mistake.at)));
        if let Some((at, what)) = &mistake.earlier {
            let earlier = AnnotationKind::Context.span(self.place(at)).label(*what);
            snippet = snippet.annotation(earlier);
        }
        let mut group = Level::ERROR.primary_title(visible(&mistake.what)).element(snippet);
        if let Some(remedy) = &mistake.remedy {
            group = group.element(Level::HELP.message(visible(remedy)));
        }
        Renderer::plain().render(&[group])
    }
}

/// A line as it is drawn. The value of a key that the file does not have may be a secret: people paste lines of
/// their `.env` file.
fn line(text: &str) -> impl Iterator<Item = char> {
    let value = text.find('=').filter(|&at| may_be_secret(text[..at].trim()));
    text.char_indices().map(move |(at, c)| match value {
        Some(equals) if at > equals && !c.is_whitespace() => '*',
        _ => drawn(c),
    })
}

fn may_be_secret(key: &str) -> bool {
    let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '"' | '\'');
    let key_of = |known: &[&str]| known.contains(&key);
    let is_known =
        key_of(&TABLES) || key_of(&BACKEND_KEYS) || key_of(&POLICY_KEYS) || key_of(&HOLDER_KEYS);
    key.chars().all(|c| is_key(c) || c == ' ') && (!is_known || key == "external_id")
}

fn drawn(c: char) -> char {
    if is_invisible(c) && !matches!(c, '\t' | '\n' | '\r') { '\u{fffd}' } else { c }
}

/// A value of the file in a sentence.
pub(super) fn quoted(value: &str) -> String {
    format!("\"{}\"", visible(&clip(value, LONG)))
}
