//! Users, guilds, roles and channels of the fake Discord, and their API JSON.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use twilight_model::guild::Permissions;
use twilight_model::id::Id;
use twilight_model::id::marker::{
    ApplicationMarker, ChannelMarker, GuildMarker, InteractionMarker, MessageMarker, RoleMarker,
    UserMarker,
};

use super::clock::{Moment, iso_8601};
use super::error::ApiError;

pub type ApplicationId = Id<ApplicationMarker>;
pub type ChannelId = Id<ChannelMarker>;
pub type GuildId = Id<GuildMarker>;
pub type InteractionId = Id<InteractionMarker>;
pub type MessageId = Id<MessageMarker>;
pub type RoleId = Id<RoleMarker>;
pub type UserId = Id<UserMarker>;

/// The permissions of every member, which the role of everyone has. The fake does not enforce them.
pub(super) const PERMISSIONS: Permissions = Permissions::VIEW_CHANNEL
    .union(Permissions::SEND_MESSAGES)
    .union(Permissions::EMBED_LINKS)
    .union(Permissions::READ_MESSAGE_HISTORY)
    .union(Permissions::MENTION_EVERYONE)
    .union(Permissions::USE_SLASH_COMMANDS);

#[derive(Clone, Debug)]
pub(super) struct User {
    pub id: UserId,
    pub name: String,
    pub bot: bool,
}

impl User {
    pub fn json(&self) -> Value {
        json!({
            "id": self.id,
            "username": self.name,
            "global_name": if self.bot { None } else { Some(&self.name) },
            "discriminator": if self.bot { "4242" } else { "0" },
            "avatar": null,
            "avatar_decoration_data": null,
            "public_flags": 0,
            "bot": self.bot,
        })
    }
}

#[derive(Clone, Debug)]
pub(super) struct Membership {
    pub roles: Vec<RoleId>,
    pub joined: Moment,
}

impl Membership {
    /// The member object. It contains `user`, except in an option's resolved data.
    pub fn json(&self, user: Option<&User>) -> Value {
        let mut member = json!({
            "roles": self.roles,
            "joined_at": iso_8601(self.joined),
            "nick": null,
            "avatar": null,
            "banner": null,
            "premium_since": null,
            "communication_disabled_until": null,
            "deaf": false,
            "mute": false,
            "pending": false,
            "flags": 0,
        });
        if let Some(user) = user {
            member["user"] = user.json();
        }
        member
    }
}

#[derive(Clone, Debug)]
pub(super) struct Role {
    pub id: RoleId,
    pub name: String,
    pub permissions: Permissions,
    pub mentionable: bool,
}

impl Role {
    pub fn new(id: RoleId, name: &str, permissions: Permissions) -> Self {
        Self { id, name: name.to_owned(), permissions, mentionable: false }
    }

    pub fn json(&self, position: usize) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "description": null,
            "permissions": self.permissions,
            "position": position,
            "color": 0,
            "colors": { "primary_color": 0, "secondary_color": null, "tertiary_color": null },
            "hoist": false,
            "managed": false,
            "mentionable": self.mentionable,
            "icon": null,
            "unicode_emoji": null,
            "flags": 0,
        })
    }
}

#[derive(Clone, Debug)]
pub(super) struct Guild {
    pub roles: Vec<Role>,
    pub members: BTreeMap<UserId, Membership>,
}

/// The place that a channel belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Home {
    Guild(GuildId),
    /// A direct message channel between this person and the bot.
    Direct(UserId),
}

#[derive(Clone, Debug)]
pub(super) struct Channel {
    pub id: ChannelId,
    pub name: String,
    pub home: Home,
    /// Whether the bot may write here.
    pub is_writable: bool,
    /// `Some` for a thread.
    pub thread: Option<Thread>,
}

/// The state that only a thread has.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Thread {
    /// Messages in it cannot be edited. A new message opens it, unless it is locked.
    pub archived: bool,
    /// Only moderators can write in it or open it.
    pub locked: bool,
}

impl Channel {
    pub fn new(id: ChannelId, name: String, home: Home) -> Self {
        Self { id, name, home, is_writable: true, thread: None }
    }

    /// Checks that the bot can post here. An archived thread is no obstacle, because a post opens it.
    pub fn check_writable(&self) -> Result<(), ApiError> {
        match self.thread {
            _ if !self.is_writable => Err(ApiError::missing_permissions()),
            Some(Thread { locked: true, .. }) => Err(ApiError::thread_locked()),
            _ => Ok(()),
        }
    }

    /// Checks that the bot can edit messages here.
    pub fn check_open(&self) -> Result<(), ApiError> {
        match self.thread {
            Some(Thread { archived: true, .. }) => Err(ApiError::thread_archived()),
            _ => self.check_writable(),
        }
    }

    pub fn guild(&self) -> Option<GuildId> {
        match self.home {
            Home::Guild(guild) => Some(guild),
            Home::Direct(_) => None,
        }
    }

    pub fn json(&self, users: &BTreeMap<UserId, User>) -> Value {
        match self.home {
            Home::Guild(guild) => json!({
                "id": self.id,
                "type": 0,
                "guild_id": guild,
                "name": self.name,
                "topic": null,
                "position": 0,
                "permission_overwrites": [],
                "parent_id": null,
                "last_message_id": null,
                "rate_limit_per_user": 0,
                "nsfw": false,
                "flags": 0,
            }),
            Home::Direct(person) => json!({
                "id": self.id,
                "type": 1,
                "last_message_id": null,
                "recipients": [users[&person].json()],
                "flags": 0,
            }),
        }
    }
}
