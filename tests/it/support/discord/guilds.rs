//! Creates guilds, channels, roles, users and members.

use std::collections::BTreeMap;

use twilight_model::guild::Permissions;

use super::clock::Clock;
use super::model::{
    Channel, ChannelId, Guild, GuildId, Home, Membership, PERMISSIONS, Role, RoleId, User, UserId,
};
use super::state::State;

impl State {
    /// A guild with the bot in it.
    pub fn add_guild(&mut self, clock: &Clock) -> GuildId {
        let id: GuildId = clock.id();
        // Every guild has this role. Its id is the guild's id.
        let everyone = Role::new(id.cast(), "@everyone", PERMISSIONS);
        let guild = Guild { roles: vec![everyone], members: BTreeMap::new() };
        self.guilds.insert(id, guild);
        self.add_member(clock, id, self.bot.id, &[]);
        id
    }

    pub fn add_channel(&mut self, clock: &Clock, guild: GuildId, name: &str) -> ChannelId {
        let channel = Channel::new(clock.id(), name.to_owned(), Home::Guild(guild));
        let id = channel.id;
        self.channels.insert(id, channel);
        id
    }

    /// The only direct channel between a person and the bot.
    pub fn direct_channel(&mut self, clock: &Clock, person: UserId) -> ChannelId {
        let home = Home::Direct(person);
        if let Some(known) = self.channels.values().find(|channel| channel.home == home) {
            return known.id;
        }
        let name = format!("direct:{}", self.users[&person].name);
        let channel = Channel::new(clock.id(), name, home);
        let id = channel.id;
        self.channels.insert(id, channel);
        id
    }

    pub fn add_role(&mut self, clock: &Clock, guild: GuildId, name: &str) -> RoleId {
        let role = Role::new(clock.id(), name, Permissions::empty());
        let id = role.id;
        self.guilds.get_mut(&guild).expect("a known guild").roles.push(role);
        id
    }

    pub fn add_user(&mut self, clock: &Clock, name: &str, bot: bool) -> UserId {
        let user = User { id: clock.id(), name: name.to_owned(), bot };
        let id = user.id;
        self.users.insert(id, user);
        id
    }

    pub fn add_member(&mut self, clock: &Clock, guild: GuildId, user: UserId, roles: &[RoleId]) {
        let membership = Membership { roles: roles.to_vec(), joined: clock.now() };
        let guild = self.guilds.get_mut(&guild).expect("a known guild");
        guild.members.insert(user, membership);
    }
}
