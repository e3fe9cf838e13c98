//! Text made of spans. Each span knows where its words come from.

use std::borrow::Cow;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::people::{ChannelId, MessageId, Person, Place, RoleId, UserId};
use crate::text::{LONG, SHORT, clip, visible};

/// A piece of text with its meaning.
#[derive(Clone, Debug, PartialEq)]
pub enum Span {
    /// The bot's own words.
    Own(Cow<'static, str>),
    /// The bot's own words, emphasised.
    Strong(Cow<'static, str>),
    /// Text from outside within a sentence, such as a state's name in a title.
    Named(String),
    /// Text from outside that people read and copy exactly.
    Quoted(String),
    /// A moment. Discord shows it in full and relative to the time of reading.
    At(DateTime<Utc>),
    /// A link to another message.
    Message(Place, MessageId),
    /// A role, without a ping.
    Role(RoleId),
    /// A channel.
    Channel(ChannelId),
    /// An account whose name is not known. Not pinged.
    Account(UserId),
    /// A person by name, and by account where that can be shown. Not pinged.
    Person(Person),
}

/// A line of text, built span by span.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Text(Vec<Span>);

impl Text {
    /// A line that starts with the bot's own words.
    #[must_use]
    pub fn own(words: impl Into<Cow<'static, str>>) -> Self {
        Self::default().then(words)
    }

    /// A line with one quoted text, at most [`LONG`] characters.
    #[must_use]
    pub fn quoted(text: &str) -> Self {
        Self::default().quote(text, LONG)
    }

    /// Adds the bot's own words.
    #[must_use]
    pub fn then(self, words: impl Into<Cow<'static, str>>) -> Self {
        self.push(Span::Own(words.into()))
    }

    /// Adds the bot's own words, emphasised.
    #[must_use]
    pub fn strong(self, words: impl Into<Cow<'static, str>>) -> Self {
        self.push(Span::Strong(words.into()))
    }

    /// Adds a name from outside, at most `limit` characters.
    #[must_use]
    pub fn name(self, name: &str, limit: usize) -> Self {
        self.push(Span::Named(clip(&visible(name), limit)))
    }

    /// Adds quoted text from outside, at most `limit` characters.
    #[must_use]
    pub fn quote(self, text: &str, limit: usize) -> Self {
        self.push(Span::Quoted(clip(&visible(text), limit)))
    }

    /// Adds a moment.
    #[must_use]
    pub fn at(self, moment: DateTime<Utc>) -> Self {
        self.push(Span::At(moment))
    }

    /// Adds a role.
    #[must_use]
    pub fn role(self, role: RoleId) -> Self {
        self.push(Span::Role(role))
    }

    /// Adds these texts, separated by `between`.
    #[must_use]
    pub fn joined(self, between: &'static str, all: impl IntoIterator<Item = Self>) -> Self {
        all.into_iter().enumerate().fold(self, |text, (at, one)| {
            let text = if at > 0 { text.then(between) } else { text };
            text.append(one)
        })
    }

    /// Adds a channel.
    #[must_use]
    pub fn channel(self, channel: ChannelId) -> Self {
        self.push(Span::Channel(channel))
    }

    /// Adds a person with the account. Names are not unique, and anyone can take another person's
    /// name.
    #[must_use]
    pub fn person(self, person: &Person) -> Self {
        let name = clip(&visible(&person.name), SHORT / 2);
        self.push(Span::Person(Person { id: person.id, name }))
    }

    /// Adds an account whose name is not known.
    #[must_use]
    pub fn account(self, user: UserId) -> Self {
        self.push(Span::Account(user))
    }

    /// Adds a link to another message.
    #[must_use]
    pub fn message(self, place: Place, id: MessageId) -> Self {
        self.push(Span::Message(place, id))
    }

    /// Adds another text.
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

    /// The words for the log, without links to messages.
    #[must_use]
    pub fn plain(&self) -> String {
        let words = self.0.iter().map(|span| match span {
            Span::Own(words) | Span::Strong(words) => words.to_string(),
            Span::Named(text) | Span::Quoted(text) => text.clone(),
            Span::Person(person) => format!("{} ({})", person.name, person.id),
            Span::Account(id) => format!("user {id}"),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::GuildId;

    fn person(name: &str) -> Person {
        Person { id: UserId::new(5), name: name.to_owned() }
    }

    #[test]
    fn a_text_has_what_was_added_in_that_order() {
        let at: DateTime<Utc> = "2026-11-25T12:00:00Z".parse().unwrap();
        let place = Place { guild: GuildId::new(1), channel: ChannelId::new(2) };
        let text = Text::own("own ")
            .strong("strong ")
            .name("name ", 9)
            .append(Text::quoted("quoted "))
            .quote("quote ", 9)
            .at(at)
            .role(RoleId::new(3))
            .channel(ChannelId::new(2))
            .account(UserId::new(4))
            .person(&person("alice"))
            .message(place, MessageId::new(6))
            .append(Text::from(" end"));
        let spans = [
            Span::Own("own ".into()),
            Span::Strong("strong ".into()),
            Span::Named("name ".to_owned()),
            Span::Quoted("quoted ".to_owned()),
            Span::Quoted("quote ".to_owned()),
            Span::At(at),
            Span::Role(RoleId::new(3)),
            Span::Channel(ChannelId::new(2)),
            Span::Account(UserId::new(4)),
            Span::Person(person("alice")),
            Span::Message(place, MessageId::new(6)),
            Span::Own(" end".into()),
        ];
        assert_eq!(text.spans(), spans);
        let plain =
            "own strong name quoted quote 2026-11-25T12:00:00Zrole 3channel 2user 4alice (5) end";
        assert_eq!(text.plain(), plain);
    }

    #[test]
    fn texts_are_joined_with_something_between_them_and_nothing_at_the_ends() {
        for (names, joined) in [(&[][..], ": "), (&["a"], ": a"), (&["a", "b", "c"], ": a, b, c")] {
            let texts = names.iter().map(|name| Text::default().name(name, SHORT));
            assert_eq!(Text::own(": ").joined(", ", texts).plain(), joined);
        }
    }

    #[test]
    fn a_text_from_outside_shows_itself_and_is_clipped() {
        let hostile = format!("\u{202e}{}", "x".repeat(LONG));
        let shown = |limit: usize| format!("\\u{{202e}}{}…", "x".repeat(limit - 9));
        assert_eq!(Text::default().name(&hostile, 20).spans(), [Span::Named(shown(20))]);
        assert_eq!(Text::default().quote(&hostile, 20).spans(), [Span::Quoted(shown(20))]);
        assert_eq!(Text::quoted(&hostile).spans(), [Span::Quoted(shown(LONG))]);
        let who = Text::default().person(&person(&hostile));
        assert_eq!(who.spans(), [Span::Person(person(&shown(SHORT / 2)))]);
    }
}
