//! Who is who: people, roles, places and events, by the numbers that Discord gives them.
//!
//! Names are for reading and may be changed by whoever bears them; every rule goes by numbers.

use std::collections::BTreeSet;
use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Makes a number of Discord's a type of its own. Written as text, since 64 bits are more than a
/// JSON reader can be trusted with.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(u64);

        impl $name {
            /// Takes the number.
            #[must_use]
            pub const fn new(number: u64) -> Self {
                Self(number)
            }

            /// The number.
            #[must_use]
            pub const fn get(self) -> u64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIntError;

            fn from_str(text: &str) -> Result<Self, ParseIntError> {
                text.parse().map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = ParseIntError;

            fn try_from(text: String) -> Result<Self, ParseIntError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.to_string()
            }
        }
    };
}

id!(
    /// A person's account, or a bot's.
    UserId
);
id!(
    /// A role of the server.
    RoleId
);
id!(
    /// A Discord server.
    GuildId
);
id!(
    /// A channel of the server.
    ChannelId
);
id!(
    /// A message in a channel.
    MessageId
);
id!(
    /// Something that a person did once: Discord's interaction. However often it is delivered, it
    /// has this number.
    EventId
);

/// Which request to unlock. It has the number of the event that opened it, so an event that is delivered twice
/// opens one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RequestId(EventId);

impl RequestId {
    /// The request that this event opens.
    #[must_use]
    pub const fn of(event: EventId) -> Self {
        Self(event)
    }
}

impl std::fmt::Display for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for RequestId {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        text.parse().map(Self)
    }
}

/// Someone, as they are written down.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Person {
    /// Who it is.
    pub id: UserId,
    /// The name that they alone had at the time, as hostile as any text from outside.
    pub name: String,
}

/// Where something is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The server.
    pub guild: GuildId,
    /// The channel in it.
    pub channel: ChannelId,
}

/// What the bot has to be allowed in a channel to post a card there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Permission {
    /// To see the channel.
    ViewChannel,
    /// To write in a channel that is no thread.
    SendMessages,
    /// To write in a thread.
    SendMessagesInThreads,
    /// To have its messages shown as embeds.
    EmbedLinks,
}

impl Permission {
    /// The name that it has in Discord's own settings.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ViewChannel => "View Channel",
            Self::SendMessages => "Send Messages",
            Self::SendMessagesInThreads => "Send Messages in Threads",
            Self::EmbedLinks => "Embed Links",
        }
    }
}

/// The channel in which somebody acts, as Discord describes it at that moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Room {
    /// The channel that it is a public thread of; `None` for any other channel. Not everybody who
    /// sees the channel sees a private thread of it, so that one does not count as part of it.
    pub thread_of: Option<ChannelId>,
    /// What the bot would need there to post a card and does not have. Empty where Discord does not
    /// say.
    pub missing: BTreeSet<Permission>,
}

/// Someone who acts, as Discord vouches for them at that moment. Made of nothing but a verified
/// interaction.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Actor {
    /// Who it is.
    pub person: Person,
    /// Whether it is an application and nobody's second pair of eyes.
    pub is_bot: bool,
    /// The roles that they have now.
    pub roles: BTreeSet<RoleId>,
    /// Where they act.
    pub place: Place,
    /// What that place is like.
    pub room: Room,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_number_of_discords_is_text_and_keeps_every_digit() {
        let largest = UserId::new(u64::MAX);
        let written = serde_json::to_string(&largest).unwrap();
        assert_eq!(written, "\"18446744073709551615\"");
        assert_eq!(serde_json::from_str::<UserId>(&written).unwrap(), largest);
        assert_eq!("18446744073709551615".parse(), Ok(largest));
        // The same as a key, where refused attempts are counted.
        let counted = BTreeMap::from([(largest, 2)]);
        let written = serde_json::to_string(&counted).unwrap();
        assert_eq!(written, r#"{"18446744073709551615":2}"#);
        assert_eq!(serde_json::from_str::<BTreeMap<_, _>>(&written).unwrap(), counted);
    }

    #[test]
    fn what_is_no_such_number_is_refused() {
        for text in ["", " 1", "-1", "0x1", "1.0", "18446744073709551616", "1; 2"] {
            assert!(text.parse::<RoleId>().is_err(), "{text:?}");
        }
        for json in ["1", "null", "\"\"", "[\"1\"]", "1.8e19"] {
            assert!(serde_json::from_str::<RoleId>(json).is_err(), "{json}");
        }
    }
}
