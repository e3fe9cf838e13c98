//! A message as data: what is said, not how an edge draws it.
//!
//! Text that comes from outside (holders, records, names, reasons) is a span of its own, so that an
//! edge cannot take it for markup: Discord's renders [`Span::Quoted`] as code and the terminal's
//! without control characters.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use crate::command::Command;
use crate::lock::is_invisible;
use crate::people::{MessageId, Place, RoleId};

/// A message, the same for every edge.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Which colour it has.
    pub tone: Tone,
    /// The line that is read first; empty where a sentence in the body says it all.
    pub title: Text,
    /// Short paragraphs under the title.
    pub body: Vec<Text>,
    /// Labelled facts, in the order in which they are read.
    pub fields: Vec<Field>,
    /// The small print.
    pub footer: Option<Text>,
    /// When it was true, for a message that is read later.
    pub read_at: Option<DateTime<Utc>>,
    /// What can be pressed.
    pub buttons: Vec<Button>,
    /// The roles whose members are pinged when it is posted.
    pub calls: Vec<RoleId>,
}

/// A question back, which the asker alone sees and answers with one text.
#[derive(Clone, Debug, PartialEq)]
pub struct Form {
    /// What it is about, at most [`FORM_TITLE`] characters, as they were typed.
    pub title: String,
    /// What to fill in, at most [`FORM_TITLE`] characters.
    pub label: &'static str,
    /// What stands in the empty field.
    pub example: String,
    /// Whether the field must not stay empty.
    pub required: bool,
    /// Whether it takes a few sentences, or a word.
    pub long: bool,
    /// What it does once [`filled`](Command::filled).
    pub command: Command,
}

/// Longest title of a form and longest label in it, from Discord's component reference.
pub const FORM_TITLE: usize = 45;

/// Longest reason, in characters.
pub const REASON: usize = 500;

/// What a message is about, for its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// A lock is held.
    Held,
    /// A lock is held, and something about it is not as it should be.
    Broken,
    /// A state is free.
    Free,
    /// Neither good nor bad.
    Plain,
}

/// A labelled fact.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// What it is.
    pub label: Text,
    /// The fact.
    pub value: Text,
    /// Whether it is short enough to stand beside another.
    pub short: bool,
}

/// A button. Pressing it runs its command again and shows the answer in place of the message.
#[derive(Clone, Debug, PartialEq)]
pub struct Button {
    /// What is written on it, at most 80 characters.
    pub label: &'static str,
    /// What it does.
    pub command: Command,
    /// Whether it can be pressed; a button that cannot still holds its place.
    pub enabled: bool,
}

/// A piece of text with its meaning.
#[derive(Clone, Debug, PartialEq)]
pub enum Span {
    /// The product's own words.
    Own(Cow<'static, str>),
    /// The product's own words, to be read first.
    Strong(Cow<'static, str>),
    /// Text from outside that stands in a sentence, as a state's name in a title.
    Named(String),
    /// Text from outside that is to be read and copied letter for letter.
    Quoted(String),
    /// A moment; on Discord both in full and as the distance from whenever it is read.
    At(DateTime<Utc>),
    /// Another message, to be jumped to.
    Message(Place, MessageId),
    /// A role, named and not pinged.
    Role(RoleId),
}

/// A line of text, built up span by span.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Text(Vec<Span>);

/// How many characters of a text from outside are shown in a field of its own.
pub const LONG: usize = 200;

/// How many characters of a text from outside are shown where ten stand on a page.
pub const SHORT: usize = 80;

impl Text {
    /// A line that begins with the product's own words.
    #[must_use]
    pub fn own(words: impl Into<Cow<'static, str>>) -> Self {
        Self::default().then(words)
    }

    /// A line that is one quoted text, [`LONG`] at most.
    #[must_use]
    pub fn quoted(text: &str) -> Self {
        Self::default().quote(text, LONG)
    }

    /// Goes on in the product's own words.
    #[must_use]
    pub fn then(self, words: impl Into<Cow<'static, str>>) -> Self {
        self.push(Span::Own(words.into()))
    }

    /// Goes on in the product's own words, with weight.
    #[must_use]
    pub fn strong(self, words: impl Into<Cow<'static, str>>) -> Self {
        self.push(Span::Strong(words.into()))
    }

    /// Goes on with a name from outside, of at most `limit` characters.
    #[must_use]
    pub fn name(self, name: &str, limit: usize) -> Self {
        self.push(Span::Named(clip(&visible(name), limit)))
    }

    /// Goes on with a quotation from outside, of at most `limit` characters.
    #[must_use]
    pub fn quote(self, text: &str, limit: usize) -> Self {
        self.push(Span::Quoted(clip(&visible(text), limit)))
    }

    /// Goes on with a moment.
    #[must_use]
    pub fn at(self, moment: DateTime<Utc>) -> Self {
        self.push(Span::At(moment))
    }

    /// Goes on with a role.
    #[must_use]
    pub fn role(self, role: RoleId) -> Self {
        self.push(Span::Role(role))
    }

    /// Goes on with the way to another message.
    #[must_use]
    pub fn message(self, place: Place, id: MessageId) -> Self {
        self.push(Span::Message(place, id))
    }

    /// Goes on with another text.
    #[must_use]
    pub fn append(mut self, text: Self) -> Self {
        self.0.extend(text.0);
        self
    }

    /// The spans in their order.
    #[must_use]
    pub fn spans(&self) -> &[Span] {
        &self.0
    }

    fn push(mut self, span: Span) -> Self {
        self.0.push(span);
        self
    }
}

impl Message {
    /// A message with nothing under its title yet.
    #[must_use]
    pub fn new(tone: Tone, title: Text) -> Self {
        Self {
            tone,
            title,
            body: vec![],
            fields: vec![],
            footer: None,
            read_at: None,
            buttons: vec![],
            calls: vec![],
        }
    }

    /// A message that is one sentence.
    #[must_use]
    pub fn sentence(tone: Tone, sentence: Text) -> Self {
        Self::new(tone, Text::default()).line(sentence)
    }

    /// Adds a paragraph.
    #[must_use]
    pub fn line(mut self, line: Text) -> Self {
        self.body.push(line);
        self
    }

    /// Adds a fact that may stand beside another.
    #[must_use]
    pub fn short_field(mut self, label: &'static str, value: Text) -> Self {
        self.fields.push(Field { label: Text::own(label), value, short: true });
        self
    }

    /// Adds a fact that has a line of its own.
    #[must_use]
    pub fn field(mut self, label: impl Into<Text>, value: Text) -> Self {
        self.fields.push(Field { label: label.into(), value, short: false });
        self
    }

    /// The same message for an edge on which nothing can be pressed.
    #[must_use]
    pub fn without_buttons(mut self) -> Self {
        self.buttons.clear();
        self
    }

    /// Says when it was true.
    #[must_use]
    pub fn read_at(mut self, moment: DateTime<Utc>) -> Self {
        self.read_at = Some(moment);
        self
    }

    /// Adds a button.
    #[must_use]
    pub fn button(mut self, label: &'static str, command: Command, enabled: bool) -> Self {
        self.buttons.push(Button { label, command, enabled });
        self
    }
}

impl From<&'static str> for Text {
    fn from(words: &'static str) -> Self {
        Self::own(words)
    }
}

/// Makes every character show itself: what is invisible or turns the writing direction is written
/// as its number, so that nothing in a text from outside can hide or pretend.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_invisible(c) {
            shown.push_str(&format!("\\u{{{:x}}}", u32::from(c)));
        } else {
            shown.push(c);
        }
    }
    shown
}

/// The first `limit` characters, with an ellipsis in place of the last where something is left out.
#[must_use]
pub fn clip(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some(_) => text.chars().take(limit.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// At most `limit` characters, with an ellipsis in the middle where something is left out: of names
/// in one folder, the ends are what tells them apart.
#[must_use]
pub fn clip_middle(text: &str, limit: usize) -> String {
    let length = text.chars().count();
    if length <= limit {
        return text.to_owned();
    }
    let end = limit / 2;
    let start = limit.saturating_sub(end + 1);
    text.chars().take(start).chain(['…']).chain(text.chars().skip(length - end)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_can_hide() {
        assert_eq!(visible("a\u{202e}b\nc\u{200b}\0é🔒"), "a\\u{202e}b\\u{a}c\\u{200b}\\u{0}é🔒");
    }

    #[test]
    fn a_clipped_text_says_so() {
        assert_eq!(clip("ééé", 3), "ééé");
        assert_eq!(clip("éééé", 3), "éé…");
        assert_eq!(clip("", 3), "");
        assert_eq!(clip_middle("abcdef", 6), "abcdef");
        assert_eq!(clip_middle("abcdefg", 6), "ab…efg");
        assert_eq!(clip_middle("ééééé", 4), "é…éé");
    }
}
