//! Text of which each piece knows whose words it is.

use std::borrow::Cow;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::people::{ChannelId, MessageId, Person, Place, RoleId};
use crate::text::{LONG, SHORT, clip, visible};

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
    /// A channel.
    Channel(ChannelId),
    /// Somebody, by name and, where that can be shown, by account. Not pinged.
    Person(Person),
}

/// A line of text, built up span by span.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Text(Vec<Span>);

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

    /// Goes on with these, with `between` between two of them.
    #[must_use]
    pub fn joined(self, between: &'static str, all: impl IntoIterator<Item = Self>) -> Self {
        all.into_iter().enumerate().fold(self, |text, (at, one)| {
            let text = if at > 0 { text.then(between) } else { text };
            text.append(one)
        })
    }

    /// Goes on with a channel.
    #[must_use]
    pub fn channel(self, channel: ChannelId) -> Self {
        self.push(Span::Channel(channel))
    }

    /// Goes on with a person. Two can have one name, and anybody can take another's, so the account
    /// stands beside it.
    #[must_use]
    pub fn person(self, person: &Person) -> Self {
        let name = clip(&visible(&person.name), SHORT / 2);
        self.push(Span::Person(Person { id: person.id, name }))
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

    /// The words for the log, without the ways to other messages.
    #[must_use]
    pub fn plain(&self) -> String {
        let words = self.0.iter().map(|span| match span {
            Span::Own(words) | Span::Strong(words) => words.to_string(),
            Span::Named(text) | Span::Quoted(text) => text.clone(),
            Span::Person(person) => format!("{} ({})", person.name, person.id),
            Span::Role(id) => format!("role {id}"),
            Span::Channel(id) => format!("channel {id}"),
            Span::At(moment) => moment.to_rfc3339_opts(SecondsFormat::Secs, true),
            Span::Message(..) => String::new(),
        });
        words.collect()
    }

    fn push(mut self, span: Span) -> Self {
        self.0.push(span);
        self
    }
}

impl From<&'static str> for Text {
    fn from(words: &'static str) -> Self {
        Self::own(words)
    }
}
