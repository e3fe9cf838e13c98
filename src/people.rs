//! People, roles, places and events, identified by their Discord numbers.
//!
//! Names are only shown, because people can change them. All rules use the numbers.

mod holders;

use std::collections::BTreeSet;
use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use self::holders::{Holders, WhoGlob, WhoGlobError};

/// Makes a type for one kind of Discord number. It is stored as text, because many JSON readers
/// lose digits of 64-bit numbers.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(u64);

        impl $name {
            /// Wraps the number.
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
    /// The account of a person or a bot.
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
    /// An interaction: one action of a person. It has the same number however often Discord
    /// delivers it.
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
    /// The account's number.
    pub id: UserId,
    /// Their unique name at that time. Untrusted, like all text from outside.
    pub name: String,
}

/// A channel of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The server.
    pub guild: GuildId,
    /// The channel in it.
    pub channel: ChannelId,
}

/// A permission that the bot needs in a channel to post a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Permission {
    /// View the channel.
    ViewChannel,
    /// Write in a channel that is not a thread.
    SendMessages,
    /// Write in a thread.
    SendMessagesInThreads,
    /// Show embeds in its messages.
    EmbedLinks,
}

impl Permission {
    /// The name in Discord's settings.
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

/// The channel in which a person acts, as Discord describes it at that moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Room {
    /// The parent channel of a public thread. `None` for any other channel. A private thread does
    /// not count as part of its channel, because not everyone in the channel sees it.
    pub thread_of: Option<ChannelId>,
    /// The permissions that the bot lacks there to post a card. Empty if Discord does not report
    /// them.
    pub missing: BTreeSet<Permission>,
}

/// A person who acts, as Discord confirms at that moment. It is made only from a verified
/// interaction.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Actor {
    /// The person.
    pub person: Person,
    /// Whether it is a bot. Bots cannot approve.
    pub is_bot: bool,
    /// Their roles now.
    pub roles: BTreeSet<RoleId>,
    /// The channel where they act.
    pub place: Place,
    /// Details of that channel.
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
        // As a map key too, as in the count of refused attempts.
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
