//! The connection to Discord's REST API, and the lookup of members' roles.

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

/// Time limit for a request to Discord.
pub(super) const ANSWER: Duration = Duration::from_secs(10);

/// Codes for an unknown member or user, from Discord's list of JSON error codes.
const UNKNOWN_MEMBER: isize = 10_007;
const UNKNOWN_USER: isize = 10_013;

/// The connection to one Discord server. Clones share it.
#[derive(Clone)]
pub struct Connection {
    http: Arc<Http>,
    guild: GuildId,
}

impl Connection {
    /// Connects with this bot token to the server of this number, which must not be 0. `api_url`
    /// replaces the base address of Discord's REST API.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "a token is kept in no more than one place")]
    pub fn new(token: SecretString, guild_id: u64, api_url: Option<String>) -> Self {
        Self {
            http: Arc::new(http(token.expose_secret(), api_url.as_deref())),
            guild: GuildId::new(guild_id),
        }
    }

    /// The client with the token and the address.
    pub(super) fn shared_http(&self) -> &Http {
        &self.http
    }

    /// The server.
    pub(super) fn guild(&self) -> GuildId {
        self.guild
    }

    /// A separate client for answers. A rate limit that a post reaches must not delay them.
    pub(super) fn http(&self) -> Http {
        http(self.http.token(), self.http.proxy.as_deref())
    }
}

fn http(token: &str, api_url: Option<&str>) -> Http {
    let builder = HttpBuilder::new(token);
    match api_url {
        // Serenity's rate limiter would send its requests to Discord instead of this address.
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

/// A number for serenity, which panics at 0. No Discord number is 0.
pub(super) fn number(id: u64) -> Option<NonZeroU64> {
    NonZeroU64::new(id)
}

/// The fault when roles cannot be looked up.
pub(super) fn not_looked_up(error: &serenity::Error) -> Fault {
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
        // Its text may contain an address, which the log does not need.
        source: Some(describe(error).into()),
    }
}
