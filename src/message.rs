//! A message as data, independent of how an edge shows it.
//!
//! Text from outside (holders, records, names, reasons) has its own span, so that an edge cannot
//! take it for markup. Discord renders [`Span::Quoted`] as code, and the terminal shows it without
//! control characters.

mod picture;
mod text;

use chrono::{DateTime, Utc};

pub use self::picture::Picture;
pub use self::text::{Span, Text};

use crate::command::Command;
use crate::people::{RoleId, UserId};

/// A message, the same for every edge.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Decides the colour.
    pub tone: Tone,
    /// The title. Empty where one sentence in the body is enough.
    pub title: Text,
    /// Short paragraphs under the title.
    pub body: Vec<Text>,
    /// Labelled facts, in reading order.
    pub fields: Vec<Field>,
    /// The footer.
    pub footer: Option<Text>,
    /// When its facts were read, for a message that people read later.
    pub read_at: Option<DateTime<Utc>>,
    /// The buttons.
    pub buttons: Vec<Button>,
    /// The roles that are pinged when it is posted.
    pub calls: Vec<RoleId>,
    /// The people who are pinged when it is posted.
    pub pings: Vec<UserId>,
    /// A picture, which may come later than the words.
    pub picture: Option<Picture>,
}

/// A question to the asker, who alone sees it and answers with one text.
#[derive(Clone, Debug, PartialEq)]
pub struct Form {
    /// The title in plain text, at most [`FORM_TITLE`] characters.
    pub title: String,
    /// The label of the field, at most [`FORM_TITLE`] characters.
    pub label: &'static str,
    /// The placeholder in the empty field.
    pub example: String,
    /// Whether the field is required.
    pub required: bool,
    /// Whether it takes several sentences, not one word.
    pub long: bool,
    /// The command that it runs when [`filled`](Command::filled).
    pub command: Command,
}

/// Longest title and longest label of a form, in characters (Discord's component reference).
pub const FORM_TITLE: usize = 45;

/// What a message is about, for its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// A lock is held.
    Held,
    /// Something is wrong with a lock, the trail or a command.
    Broken,
    /// A state is free.
    Free,
    /// Neither good nor bad.
    Plain,
}

/// A labelled fact.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// The label.
    pub label: Text,
    /// The fact.
    pub value: Text,
    /// Whether it may stand beside another field.
    pub short: bool,
}

/// A button. Pressing it runs its command. The answer may replace the message.
#[derive(Clone, Debug, PartialEq)]
pub struct Button {
    /// The label, at most 80 characters.
    pub label: &'static str,
    /// The command.
    pub command: Command,
    /// Whether it is enabled. A disabled button keeps its place.
    pub enabled: bool,
}

impl Message {
    /// A message with a title only.
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
            picture: None,
        }
    }

    /// A message of one sentence.
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

    /// Adds a fact that may stand beside another one.
    #[must_use]
    pub fn short_field(mut self, label: &'static str, value: Text) -> Self {
        self.fields.push(Field { label: Text::own(label), value, short: true });
        self
    }

    /// Adds a fact on its own line.
    #[must_use]
    pub fn field(mut self, label: impl Into<Text>, value: Text) -> Self {
        self.fields.push(Field { label: label.into(), value, short: false });
        self
    }

    /// Sets when its facts were read.
    #[must_use]
    pub fn read_at(mut self, moment: DateTime<Utc>) -> Self {
        self.read_at = Some(moment);
        self
    }

    /// Adds a picture, if there is one.
    #[must_use]
    pub fn with_picture(mut self, picture: Option<Picture>) -> Self {
        self.picture = picture;
        self
    }

    /// Adds a button.
    #[must_use]
    pub fn button(mut self, label: &'static str, command: Command, enabled: bool) -> Self {
        self.buttons.push(Button { label, command, enabled });
        self
    }
}
