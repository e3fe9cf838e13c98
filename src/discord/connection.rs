//! The way to Discord's REST API, and who has which role there.

use std::collections::BTreeSet;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use serenity::all::{GuildId, Http, HttpBuilder};

use super::{describe, refused, within};
use crate::error::{Fault, FaultKind};
use crate::people::{RoleId, UserId};
use crate::ports::Members;

/// How long Discord may take for a request.
pub(super) const ANSWER: Duration = Duration::from_secs(10);

/// Discord's codes for who is not there, from its list of JSON error codes.
const UNKNOWN_MEMBER: isize = 10_007;
const UNKNOWN_USER: isize = 10_013;

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

    /// The client that has the token and the address.
    pub(super) fn shared_http(&self) -> &Http {
        &self.http
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
pub(super) fn number(id: u64) -> Option<NonZeroU64> {
    NonZeroU64::new(id)
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
