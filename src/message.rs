//! A message as data: what is said, not how an edge draws it.
//!
//! Text that comes from outside (holders, records, names, reasons) is a span of its own, so that an
//! edge cannot take it for markup: Discord's renders [`Span::Quoted`] as code and the terminal's
//! without control characters.

mod text;

use chrono::{DateTime, Utc};

pub use self::text::{Span, Text};

use crate::command::Command;
use crate::people::{RoleId, UserId};

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
    /// The people who are pinged when it is posted.
    pub pings: Vec<UserId>,
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
            pings: vec![],
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
