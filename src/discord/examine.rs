//! What the doctor looks at in Discord.

use std::collections::BTreeSet;

use async_trait::async_trait;
use futures::future::join_all;
use futures::join;
use serenity::all::{Channel, ChannelType, CurrentUser, GuildChannel, Http, Permissions, Role};

use super::connection::{ANSWER, not_looked_up, number};
use super::permissions::{Standing, lacking};
use super::register::is_registered;
use super::{Connection, refused, within};
use crate::error::Fault;
use crate::people::{ChannelId, Permission, RoleId};
use crate::ports::{ChannelFacts, ExamineServer, ServerFacts, ServerTrouble};

/// From Discord's list of JSON error codes.
const UNKNOWN_CHANNEL: isize = 10_003;

#[async_trait]
impl ExamineServer for Connection {
    async fn look(&self, channels: &BTreeSet<ChannelId>) -> Result<ServerFacts, ServerTrouble> {
        let (http, guild) = (self.shared_http(), self.guild());
        let me: CurrentUser =
            within(ANSWER, http.get_current_user()).await.map_err(|e| trouble(&e))?;
        let (roles, member, commands) = join!(
            within(ANSWER, http.get_guild_roles(guild)),
            within(ANSWER, http.get_member(guild, me.id)),
            self.commands(),
        );
        let (all, member) = (roles.map_err(|e| trouble(&e))?, member.map_err(|e| trouble(&e))?);
        let standing = Standing { guild, user: me.id, roles: &member.roles, all: &all };
        let looks =
            channels.iter().map(async |channel| (*channel, look(http, *channel, &standing).await));
        let may = standing.in_server();
        Ok(ServerFacts {
            bot: me.name.clone(),
            roles: all.iter().map(role).collect(),
            may_mention: may.contains(Permissions::MENTION_EVERYONE),
            channels: join_all(looks).await.into_iter().collect(),
            commands,
        })
    }
}

impl Connection {
    /// Whether the commands of this version are registered. The number of the application is known only from an
    /// answer.
    async fn commands(&self) -> Result<bool, Fault> {
        let http = self.shared_http();
        let application = within(ANSWER, http.get_current_application_info()).await;
        let application = application.map_err(|error| not_looked_up(&error))?.id;
        let registered = within(ANSWER, is_registered(http, application, self.guild())).await;
        registered.map_err(|error| not_looked_up(&error))
    }
}

fn role(role: &Role) -> (RoleId, bool) {
    (RoleId::new(role.id.get()), role.mentionable)
}

fn trouble(error: &serenity::Error) -> ServerTrouble {
    match refused(error).map(|response| response.status_code.as_u16()) {
        Some(401) => ServerTrouble::Token,
        Some(403 | 404) => ServerTrouble::NotIn,
        _ => ServerTrouble::Fault(not_looked_up(error)),
    }
}

async fn look(
    http: &Http,
    channel: ChannelId,
    standing: &Standing<'_>,
) -> Result<ChannelFacts, Fault> {
    let Some(channel) = number(channel.get()) else {
        return Ok(ChannelFacts::Missing);
    };
    let found = match within(ANSWER, http.get_channel(channel.into())).await {
        Ok(Channel::Guild(found)) if found.guild_id == standing.guild => found,
        Ok(_) => return Ok(ChannelFacts::Elsewhere),
        Err(error) => return refused_look(&error),
    };
    let is_thread = matches!(
        found.kind,
        ChannelType::PublicThread | ChannelType::PrivateThread | ChannelType::NewsThread
    );
    // A thread has no overwrites of its own.
    let overwrites = match found.parent_id.filter(|_| is_thread) {
        None => found.permission_overwrites,
        Some(parent) => match within(ANSWER, http.get_channel(parent)).await {
            Ok(Channel::Guild(GuildChannel { permission_overwrites, .. })) => permission_overwrites,
            Ok(_) => return Ok(ChannelFacts::Elsewhere),
            Err(error) => return refused_look(&error),
        },
    };
    let allowed = standing.in_channel(&overwrites);
    Ok(ChannelFacts::Seen {
        lacks: lacking(allowed, is_thread),
        may_mention: allowed.contains(Permissions::MENTION_EVERYONE),
    })
}

/// Discord does not show a channel to a bot that may not view it.
fn refused_look(error: &serenity::Error) -> Result<ChannelFacts, Fault> {
    match refused(error) {
        Some(answer) if answer.error.code == UNKNOWN_CHANNEL => Ok(ChannelFacts::Missing),
        Some(answer) if answer.status_code.as_u16() == 403 => {
            Ok(ChannelFacts::Seen { lacks: [Permission::ViewChannel].into(), may_mention: false })
        }
        _ => Err(not_looked_up(error)),
    }
}
