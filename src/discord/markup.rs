//! Renders the texts of a message as Discord markup, within the limits of an embed.

use chrono::{DateTime, Utc};
use serenity::all::{FormattedTimestamp, FormattedTimestampStyle, Timestamp};

use super::escape;
use crate::message::{Field, Message, Span, Text};
use crate::text::{REASON, clip, length};

/// Limits of an embed in characters, the last one for all its texts together (Discord's reference
/// of the embed object).
const TITLE_LIMIT: usize = 256;
const DESCRIPTION_LIMIT: usize = 4_096;
const FIELDS: usize = 25;
const LABEL_LIMIT: usize = 256;
const VALUE_LIMIT: usize = 1_024;
const FOOTER_LIMIT: usize = 2_048;
const EMBED_LIMIT: usize = 6_000;

/// The texts of an embed, as Discord markup.
pub(super) struct Drawn {
    pub(super) title: String,
    pub(super) description: String,
    /// Label, value, and whether it may stand beside another field.
    pub(super) fields: Vec<(String, String, bool)>,
    pub(super) footer: String,
}

impl Drawn {
    /// Renders the texts of a message, and shortens texts from outside until it fits. Most texts
    /// fit. They may not if every character must be escaped, or if another program wrote them to
    /// the table.
    pub(super) fn new(message: &Message) -> Self {
        let mut longest = REASON;
        let mut drawn = Self::with(message, longest);
        while !drawn.fits() && longest > 1 {
            longest /= 2;
            drawn = Self::with(message, longest);
        }
        drawn
    }

    fn with(message: &Message, longest: usize) -> Self {
        let text = |text: &Text| markdown(text, longest);
        let lines: Vec<String> = message.body.iter().map(text).collect();
        let field =
            |Field { label, value, short }: &Field| (heading(label, longest), text(value), *short);
        Self {
            title: heading(&message.title, longest),
            description: lines.join("\n"),
            fields: message.fields.iter().take(FIELDS).map(field).collect(),
            footer: message.footer.as_ref().map(|text| heading(text, longest)).unwrap_or_default(),
        }
    }

    fn fits(&self) -> bool {
        let fields = || self.fields.iter().map(|(label, value, _)| (length(label), length(value)));
        let all = length(&self.title)
            + length(&self.description)
            + fields().map(|(label, value)| label + value).sum::<usize>()
            + length(&self.footer);
        length(&self.title) <= TITLE_LIMIT
            && length(&self.description) <= DESCRIPTION_LIMIT
            && fields().all(|(label, value)| label <= LABEL_LIMIT && value <= VALUE_LIMIT)
            && length(&self.footer) <= FOOTER_LIMIT
            && all <= EMBED_LIMIT
    }
}

/// A text as Discord markup, with at most `longest` characters of each text from outside.
fn markdown(text: &Text, longest: usize) -> String {
    text.spans().iter().map(|span| written(span, longest)).collect()
}

/// The same for a title, label or footer, where Discord renders no mentions.
fn heading(text: &Text, longest: usize) -> String {
    let written = |span: &Span| match span {
        Span::Person(person) => escape::plain(&clip(&person.name, longest)),
        span => written(span, longest),
    };
    text.spans().iter().map(written).collect()
}

fn written(span: &Span, longest: usize) -> String {
    match span {
        Span::Own(words) => words.to_string(),
        Span::Strong(words) => format!("**{words}**"),
        Span::Named(name) => escape::plain(&clip(name, longest)),
        Span::Quoted(text) => escape::code(&clip(text, longest)),
        Span::Message(place, id) => {
            format!("https://discord.com/channels/{}/{}/{id}", place.guild, place.channel)
        }
        Span::Account(id) => format!("<@{id}>"),
        Span::Role(id) => format!("<@&{id}>"),
        Span::Channel(id) => format!("<#{id}>"),
        // Names can be copied. In an embed, a mention shows the account without a ping.
        Span::Person(person) => {
            format!("{} (<@{}>)", escape::plain(&clip(&person.name, longest)), person.id)
        }
        Span::At(moment) => {
            let full = stamp(moment, FormattedTimestampStyle::LongDateTime);
            let distance = stamp(moment, FormattedTimestampStyle::RelativeTime);
            format!("{full} ({distance})")
        }
    }
}

fn stamp(moment: &DateTime<Utc>, style: FormattedTimestampStyle) -> String {
    FormattedTimestamp::new(Timestamp::from(*moment), Some(style)).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::message::Tone;
    use crate::people::{ChannelId, GuildId, MessageId, Person, Place, RoleId, UserId};
    use crate::text::{LONG, SHORT};

    #[test]
    fn what_fits_is_shown_in_full() {
        let reason = "x".repeat(REASON);
        let message = Message::sentence(Tone::Plain, Text::default().quote(&reason, REASON));
        assert_eq!(Drawn::new(&message).description, format!("`{reason}`"));
    }

    #[test]
    fn another_message_and_a_role_are_links_of_discords() {
        let place = Place { guild: GuildId::new(1), channel: ChannelId::new(2) };
        let text =
            Text::own("at ").message(place, MessageId::new(3)).then(" by ").role(RoleId::new(4));
        assert_eq!(markdown(&text, LONG), "at https://discord.com/channels/1/2/3 by <@&4>");
    }

    #[test]
    fn a_person_is_a_name_with_the_account_beside_it_where_discord_shows_one() {
        let person = Person { id: UserId::new(5), name: "**bob** <@6>".to_owned() };
        let text = Text::own("by ").person(&person);
        let name = "\\*\\*bob\\*\\* \\<@6\\>";
        assert_eq!(markdown(&text, LONG), format!("by {name} (<@5>)"));
        assert_eq!(heading(&text, LONG), format!("by {name}"));
        let message = Message::new(Tone::Plain, text.clone()).line(text.clone());
        let drawn = Drawn::new(&message.field(text.clone(), text));
        assert!(!drawn.title.contains("<@5>") && !drawn.fields[0].0.contains("<@5>"));
        assert!(drawn.description.contains("<@5>") && drawn.fields[0].1.contains("<@5>"));
    }

    #[test]
    fn more_fields_than_fit_are_left_out() {
        let message = (0..40).fold(Message::new(Tone::Plain, Text::default()), |message, _| {
            message.field("Label", Text::own("value"))
        });
        assert_eq!(Drawn::new(&message).fields.len(), FIELDS);
    }

    /// A message that has some 5,050 characters, and those of its footer.
    fn all_parts(footer: usize) -> Message {
        let long = |length: usize| Text::default().quote(&"`".repeat(length / 2), REASON);
        let message = Message::new(Tone::Held, long(200));
        let message = (0..4).fold(message, |message, _| message.line(long(960)));
        Message { footer: Some(long(footer)), ..message.field("Label", long(1_000)) }
    }

    #[test]
    fn what_just_fits_is_shown_in_full() {
        let Drawn { title, description, fields, footer } = Drawn::new(&all_parts(920));
        let lengths =
            [&title, &description, &fields[0].0, &fields[0].1, &footer].map(|it| length(it));
        assert_eq!(lengths, [200, 4 * 960 + 3, 5, 1_000, 920]);
    }

    #[test]
    fn each_limit_is_kept_where_it_is_the_only_one_that_is_exceeded() {
        // Escaped, it is twice as long.
        let long = |length: usize| Text::default().quote(&"`".repeat(length / 2), REASON);
        let longs = |count| (0..count).fold(Text::default(), |text, _| text.append(long(1_000)));
        let plain = || Message::new(Tone::Held, Text::own("Title"));
        let field = |message: Message| message.field("Label", long(1_000));
        let cases = [
            Message::new(Tone::Held, long(300)),
            (0..5).fold(plain(), |message, _| message.line(long(1_000))),
            plain().field(long(300), Text::own("value")),
            plain().field("Label", longs(2)),
            Message { footer: Some(longs(3)), ..plain() },
            (0..8).fold(plain(), |message, _| field(message)),
            all_parts(1_000),
        ];
        for message in cases {
            let Drawn { title, description, fields, footer } = Drawn::new(&message);
            assert!(length(&title) <= 256 && length(&description) <= 4_096, "{message:?}");
            assert!(length(&footer) <= 2_048, "{message:?}");
            let mut sum = length(&title) + length(&description) + length(&footer);
            for (label, value, _) in fields {
                assert!(length(&label) <= 256 && length(&value) <= 1_024, "{message:?}");
                sum += length(&label) + length(&value);
            }
            assert!((100..=6_000).contains(&sum), "{sum} of {message:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_quoted_fits(
            hostile in prop_oneof!["[`*_🔒]{0,600}", ".{0,600}"],
            fields in 0..FIELDS,
        ) {
            let title = Text::own("🔐 ").name(&hostile, SHORT).then(" asks for ").name(&hostile, SHORT);
            let text = || Text::own("by ").name(&hostile, SHORT).quote(&hostile, REASON);
            let message = Message::new(Tone::Held, title).line(text()).line(text());
            let message = (0..fields).fold(message, |message, _| {
                message.field(Text::default().name(&hostile, LONG), text())
            });
            prop_assert!(Drawn::new(&message).fits());
        }
    }
}
