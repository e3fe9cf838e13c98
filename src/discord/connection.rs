//! The way to Discord's REST API, and what is posted and looked up over it without anybody's
//! waiting for an answer to a command.

use std::collections::BTreeSet;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use serenity::all::{Builder, GuildId, Http, HttpBuilder};

use super::render::Rendered;
use super::{describe, refused, within};
use crate::error::{Fault, FaultKind};
use crate::message::Message;
use crate::people::{ChannelId, MessageId, RoleId, UserId};
use crate::ports::{Channels, Members, Undelivered};

/// How long Discord may take for a request.
const ANSWER: Duration = Duration::from_secs(10);

/// Discord's codes for what is not there, or not allowed, from its list of JSON error codes.
const UNKNOWN_CHANNEL: isize = 10_003;
const UNKNOWN_MEMBER: isize = 10_007;
const UNKNOWN_MESSAGE: isize = 10_008;
const UNKNOWN_USER: isize = 10_013;
const MISSING_ACCESS: isize = 50_001;
const MISSING_PERMISSIONS: isize = 50_013;
const INVALID_FORM: isize = 50_035;

/// serenity's code for an answer without one of Discord's.
const NOT_DISCORDS: isize = -1;

/// The way to one server on Discord. Clones share it.
#[derive(Clone)]
pub struct Connection {
    http: Arc<Http>,
    guild: GuildId,
}

impl Connection {
    /// The way with this bot token to the server of this number, which is not 0. `api_url` is the
    /// base address of the REST API in place of Discord's own.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "a token is kept in no more than one place")]
    pub fn new(token: SecretString, guild_id: u64, api_url: Option<String>) -> Self {
        Self {
            http: Arc::new(http(token.expose_secret(), api_url.as_deref())),
            guild: GuildId::new(guild_id),
        }
    }

    /// The server.
    pub(super) fn guild(&self) -> GuildId {
        self.guild
    }

    /// A client of its own for what people wait for: a rate limit that a post runs into must not
    /// hold up their answers.
    pub(super) fn http(&self) -> Http {
        http(self.http.token(), self.http.proxy.as_deref())
    }
}

fn http(token: &str, api_url: Option<&str>) -> Http {
    let builder = HttpBuilder::new(token);
    match api_url {
        // Serenity's own rate limiter would send its requests to Discord all the same.
        Some(url) => builder.proxy(url).ratelimiter_disabled(true).build(),
        None => builder.build(),
    }
}

#[async_trait]
impl Channels for Connection {
    async fn post(
        &self,
        channel: ChannelId,
        message: &Message,
        nonce: &str,
    ) -> Result<MessageId, Undelivered> {
        let channel = number(channel.get()).ok_or_else(no_channel)?;
        let post = Rendered::new(message).post(nonce);
        let posted = within(ANSWER, post.execute(&*self.http, (channel.into(), None))).await;
        posted.map(|posted| MessageId::new(posted.id.get())).map_err(|error| undelivered(&error))
    }

    async fn edit(
        &self,
        channel: ChannelId,
        id: MessageId,
        message: &Message,
    ) -> Result<(), Undelivered> {
        let channel = number(channel.get()).ok_or_else(no_channel)?;
        let id = number(id.get()).ok_or(Undelivered::MessageGone)?;
        let change = Rendered::new(message).change();
        let place = (channel.into(), id.into(), None);
        let changed = within(ANSWER, change.execute(&*self.http, place)).await;
        changed.map(|_| ()).map_err(|error| undelivered(&error))
    }
}

#[async_trait]
impl Members for Connection {
    async fn roles(&self, user: UserId) -> Result<Option<BTreeSet<RoleId>>, Fault> {
        let Some(user) = number(user.get()) else {
            return Ok(None);
        };
        match within(ANSWER, self.http.get_member(self.guild, user.into())).await {
            Ok(member) => {
                Ok(Some(member.roles.iter().map(|role| RoleId::new(role.get())).collect()))
            }
            Err(error) => match refused(&error).map(|response| response.error.code) {
                Some(UNKNOWN_MEMBER | UNKNOWN_USER) => Ok(None),
                _ => Err(not_looked_up(&error)),
            },
        }
    }
}

/// A number as serenity takes one: it would panic at 0, which nothing of Discord's has.
fn number(id: u64) -> Option<NonZeroU64> {
    NonZeroU64::new(id)
}

fn no_channel() -> Undelivered {
    Undelivered::ChannelGone {
        why: "There is no such channel: set LOCKTENDER_ANNOUNCE_CHANNEL_ID to one of this server, \
              and ask in one that exists"
            .to_owned(),
    }
}

/// What it means for a message that Discord did not take it.
fn undelivered(error: &serenity::Error) -> Undelivered {
    let later = || Undelivered::Later { after: None, why: describe(error) };
    let not_taken =
        || format!("Discord does not take this message ({}): report it", describe(error));
    if let serenity::Error::Model(_) = error {
        return Undelivered::Malformed { why: not_taken() };
    }
    let Some(response) = refused(error) else {
        return later();
    };
    match (response.status_code.as_u16(), response.error.code) {
        // Somebody in between said it, of a request that Discord may never have seen.
        (_, NOT_DISCORDS) => later(),
        (_, UNKNOWN_MESSAGE) => Undelivered::MessageGone,
        (_, UNKNOWN_CHANNEL) => no_channel(),
        (403, _) | (_, MISSING_ACCESS | MISSING_PERMISSIONS) => Undelivered::Refused {
            why: "Discord does not let this bot write in the channel: allow it there to view the \
                  channel, to send messages and to embed links"
                .to_owned(),
        },
        (_, INVALID_FORM) => Undelivered::Malformed { why: not_taken() },
        (400 | 404, _) => Undelivered::NotTaken { why: not_taken() },
        _ => later(),
    }
}

/// What it means for a rule about roles that they could not be looked up.
fn not_looked_up(error: &serenity::Error) -> Fault {
    let status = refused(error).map(|response| response.status_code.as_u16());
    let (kind, remedy) = match status {
        Some(401) => (FaultKind::Denied, "check DISCORD_TOKEN, and start the bot again"),
        Some(403 | 404) => (
            FaultKind::Denied,
            "check that this bot is a member of the server that DISCORD_GUILD_ID names",
        ),
        Some(429) => (FaultKind::Throttled, "try again in a minute"),
        Some(500..) | None => (FaultKind::Unreachable, "try again in a minute"),
        Some(_) => (FaultKind::Unexpected, "try again in a minute"),
    };
    Fault {
        kind,
        subject: "Discord".to_owned(),
        remedy: remedy.to_owned(),
        // Its text may have an address in it, which the log has no need of.
        source: Some(describe(error).into()),
    }
}
