//! Checks the settings, with one sentence for each mistake.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use chrono::TimeDelta;
use secrecy::{ExposeSecret, SecretString};
use tracing_subscriber::EnvFilter;

use super::duration::{duration, duration_or_zero};
use super::{
    ANNOUNCE_MIN_HOLD, APPROVALS, AUDIT_TABLE, LEVEL, POLL_INTERVAL, REQUEST_TTL, STALE_AFTER,
    Settings, TABLE,
};
use crate::people::{ChannelId, RoleId};
use crate::telemetry::LogFormat;
use crate::unlock::{Asking, Policy};
use crate::watch::WeeklyTime;

/// The log levels that a filter without `=` may name.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// A setting that is missing or wrong. The text is a whole sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The variable has no value.
    #[error("{variable} is not set: set it to {wanted}")]
    Missing {
        /// The variable.
        variable: &'static str,
        /// What it must be set to.
        wanted: &'static str,
    },
    /// The variable has a value that cannot be used.
    #[error("{variable} {problem}")]
    Wrong {
        /// The variable.
        variable: &'static str,
        /// What is wrong, as the rest of a sentence that begins with the variable.
        problem: String,
    },
    /// A line of the `.env` file cannot be read.
    #[error("{0}")]
    DotEnv(String),
    /// The file of `LOCKTENDER_CONFIG` cannot be used. Contains every mistake in it.
    #[error("{0}")]
    File(String),
}

/// What the connection to Discord needs.
#[derive(Debug)]
pub struct DiscordSettings {
    /// The bot token.
    pub token: SecretString,
    /// The server's id.
    pub guild_id: u64,
    /// Base address to use instead of Discord's own.
    pub api_url: Option<String>,
}

/// The bot's own tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tables {
    /// Requests, and everything else that the bot stores.
    pub table: String,
    /// The audit trail.
    pub audit_table: String,
}

impl Settings {
    /// What the connection to Discord needs.
    ///
    /// # Errors
    /// Names the variable that is missing or wrong.
    pub fn discord(&self) -> Result<DiscordSettings, SettingsError> {
        let token = self.token()?;
        Ok(DiscordSettings { token, guild_id: self.guild_id()?, api_url: self.api_url()? })
    }

    pub(super) fn token(&self) -> Result<SecretString, SettingsError> {
        let token = self.discord_token.as_ref().map(|token| token.expose_secret().trim());
        let token = set(token).ok_or(SettingsError::Missing {
            variable: "DISCORD_TOKEN",
            wanted: "the bot token from the Discord developer portal",
        })?;
        Ok(SecretString::from(token))
    }

    pub(super) fn guild_id(&self) -> Result<u64, SettingsError> {
        let guild_id = required(
            self.discord_guild_id.as_deref(),
            "DISCORD_GUILD_ID",
            "the id of your server (in Discord, right-click the server, Copy Server ID)",
        )?;
        id(guild_id).ok_or_else(|| {
            wrong("DISCORD_GUILD_ID", format!("is {guild_id:?}: it must be the server's number"))
        })
    }

    pub(super) fn api_url(&self) -> Result<Option<String>, SettingsError> {
        match set(self.discord_api_url.as_deref()) {
            Some(url) if !url.starts_with("http://") && !url.starts_with("https://") => Err(wrong(
                "DISCORD_API_URL",
                format!("is {url:?}: it must begin with http:// or https://"),
            )),
            url => Ok(url.map(|url| {
                // serenity adds the version itself, so a pasted one is removed.
                let url = url.trim_end_matches('/').trim_end_matches("/api/v10");
                url.trim_end_matches("/api").to_owned()
            })),
        }
    }

    /// The team's general rules, which apply to every state without rules of its own.
    ///
    /// # Errors
    /// Names the variable that is missing or wrong.
    pub fn policy(&self) -> Result<Policy, SettingsError> {
        required(
            self.approver_role_ids.as_deref(),
            "LOCKTENDER_APPROVER_ROLE_IDS",
            "the ids of the roles that may approve (in Discord, right-click a role, Copy Role ID)",
        )?;
        self.policy_so_far()
    }

    /// The general rules, without approvers if none are set.
    ///
    /// # Errors
    /// Names the variable that is wrong.
    pub fn policy_so_far(&self) -> Result<Policy, SettingsError> {
        let approver_roles = match set(self.approver_role_ids.as_deref()) {
            Some(roles) => ids("LOCKTENDER_APPROVER_ROLE_IDS", roles, "a role", RoleId::new)?,
            None => BTreeSet::new(),
        };
        let asking = Asking {
            roles: match set(self.requester_role_ids.as_deref()) {
                Some(roles) => ids("LOCKTENDER_REQUESTER_ROLE_IDS", roles, "a role", RoleId::new)?,
                None => BTreeSet::new(),
            },
            channels: match set(self.request_channel_ids.as_deref()) {
                Some(channels) => {
                    let variable = "LOCKTENDER_REQUEST_CHANNEL_IDS";
                    ids(variable, channels, "a channel", ChannelId::new)?
                }
                None => BTreeSet::new(),
            },
        };
        let number = set(Some(&self.approvals)).unwrap_or(APPROVALS);
        let number = number.parse().ok().and_then(approvals);
        let approvals = number.ok_or_else(|| {
            let problem = format!("is {:?}: set it to a number from 1 to 10", self.approvals);
            wrong("LOCKTENDER_APPROVALS", problem)
        })?;
        let announce = match set(self.announce_channel_id.as_deref()) {
            None => None,
            Some(channel) => Some(ChannelId::new(id(channel).ok_or_else(|| {
                let problem = format!("is {channel:?}: it must be the channel's number");
                wrong("LOCKTENDER_ANNOUNCE_CHANNEL_ID", problem)
            })?)),
        };
        let request_ttl = time("LOCKTENDER_REQUEST_TTL", &self.request_ttl, REQUEST_TTL)?;
        let stale_after = time("LOCKTENDER_STALE_AFTER", &self.stale_after, STALE_AFTER)?;
        let announce_min_hold = time_or_zero(
            "LOCKTENDER_ANNOUNCE_MIN_HOLD",
            &self.announce_min_hold,
            ANNOUNCE_MIN_HOLD,
        )?;
        Ok(Policy {
            approver_roles,
            approvals,
            request_ttl,
            stale_after,
            announce,
            announce_min_hold,
            asking,
        })
    }

    /// How often the locks are watched.
    ///
    /// # Errors
    /// If it is not a duration.
    pub fn poll_interval(&self) -> Result<Duration, SettingsError> {
        let interval = time("LOCKTENDER_POLL_INTERVAL", &self.poll_interval, POLL_INTERVAL)?;
        interval.to_std().map_err(|error| wrong("LOCKTENDER_POLL_INTERVAL", error.to_string()))
    }

    /// When the weekly report is posted, if it is.
    ///
    /// # Errors
    /// If it is no weekday and time, or there is no channel for it.
    pub fn report_at(&self) -> Result<Option<WeeklyTime>, SettingsError> {
        let Some(at) = set(self.report_at.as_deref()) else { return Ok(None) };
        let wrong_time = |_| {
            let problem =
                format!("is {at:?}: set it to a weekday and a time in UTC, such as monday 09:00");
            wrong("LOCKTENDER_REPORT_AT", problem)
        };
        let parsed = at.parse().map_err(wrong_time)?;
        if set(self.announce_channel_id.as_deref()).is_none() {
            return Err(SettingsError::Missing {
                variable: "LOCKTENDER_ANNOUNCE_CHANNEL_ID",
                wanted: "the channel in which LOCKTENDER_REPORT_AT has the weekly report posted",
            });
        }
        Ok(Some(parsed))
    }

    /// Where health and metrics are served, if they are.
    ///
    /// # Errors
    /// If it is not an address with a port.
    pub fn http_addr(&self) -> Result<Option<SocketAddr>, SettingsError> {
        let address = set(self.http_addr.as_deref()).map(|address| {
            address.parse().map_err(|_| {
                let problem = format!(
                    "is {address:?}: it must be an IP address and a port, such as 127.0.0.1:8080 or [::]:8080"
                );
                wrong("LOCKTENDER_HTTP_ADDR", problem)
            })
        });
        address.transpose()
    }

    /// The bot's own tables.
    #[must_use]
    pub fn tables(&self) -> Tables {
        let named = |value: &str, default: &str| set(Some(value)).unwrap_or(default).to_owned();
        Tables {
            table: named(&self.table, TABLE),
            audit_table: named(&self.audit_table, AUDIT_TABLE),
        }
    }

    /// The filter and the format of the log.
    ///
    /// # Errors
    /// If the filter cannot be parsed, or the format is neither `text` nor `json`.
    pub fn log(&self) -> Result<(EnvFilter, LogFormat), SettingsError> {
        let format = match &*self.log_format.to_ascii_lowercase() {
            "text" | "" => LogFormat::Text,
            "json" => LogFormat::Json,
            other => {
                return Err(wrong(
                    "LOCKTENDER_LOG_FORMAT",
                    format!("is {other:?}: set it to text or json"),
                ));
            }
        };
        let filter = set(Some(&self.log)).unwrap_or(LEVEL);
        // The filter would take a single word that is not a level for a module's name, and silence
        // everything else.
        let is_level = LEVELS.contains(&filter.to_ascii_lowercase().as_str());
        if !is_level && !filter.contains('=') {
            let problem = format!("is {filter:?}: set it to a level such as info");
            return Err(wrong("LOCKTENDER_LOG", problem));
        }
        filter
            .parse()
            .map(|filter| (filter, format))
            .map_err(|_| wrong("LOCKTENDER_LOG", "cannot be read: set it to info".to_owned()))
    }
}

/// Parses one or more Discord IDs. An empty list is an error: for requesters and channels it would
/// allow everything, although the setting was meant to restrict.
fn ids<T: Ord>(
    variable: &'static str,
    list: &str,
    what: &str,
    new: fn(u64) -> T,
) -> Result<BTreeSet<T>, SettingsError> {
    let named = list.split(',').map(str::trim).filter(|one| !one.is_empty());
    let ids: BTreeSet<T> = named
        .map(|one| {
            let problem = || format!("has {one:?}: each must be {what}'s number");
            id(one).map(new).ok_or_else(|| wrong(variable, problem()))
        })
        .collect::<Result<_, _>>()?;
    if ids.is_empty() {
        return Err(wrong(
            variable,
            format!("is {list:?}: it must be {what}'s number, or several"),
        ));
    }
    Ok(ids)
}

/// A number of approvals, if it is one.
pub(super) fn approvals(number: u32) -> Option<NonZeroU32> {
    NonZeroU32::new(number).filter(|number| number.get() <= 10)
}

/// Parses a Discord ID, which is never 0.
pub(super) fn id(text: &str) -> Option<u64> {
    text.parse().ok().filter(|&id| id != 0)
}

/// Parses a duration that may be zero.
fn time_or_zero(
    variable: &'static str,
    value: &str,
    default: &str,
) -> Result<TimeDelta, SettingsError> {
    let value = set(Some(value)).unwrap_or(default);
    duration_or_zero(value).ok_or_else(|| no_time(variable, value))
}

fn time(variable: &'static str, value: &str, default: &str) -> Result<TimeDelta, SettingsError> {
    let value = set(Some(value)).unwrap_or(default);
    duration(value).ok_or_else(|| no_time(variable, value))
}

fn no_time(variable: &'static str, value: &str) -> SettingsError {
    wrong(variable, format!("is {value:?}: set it to a time such as 90s, 30m, 2h or 1d"))
}

pub(super) fn set(value: Option<&str>) -> Option<&str> {
    value.map(str::trim).filter(|value| !value.is_empty())
}

pub(super) fn required<'v>(
    value: Option<&'v str>,
    variable: &'static str,
    wanted: &'static str,
) -> Result<&'v str, SettingsError> {
    set(value).ok_or(SettingsError::Missing { variable, wanted })
}

pub(super) fn wrong(variable: &'static str, problem: String) -> SettingsError {
    SettingsError::Wrong { variable, problem }
}
