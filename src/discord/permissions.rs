//! What the bot may do in a channel, as Discord computes it:
//! <https://discord.com/developers/docs/topics/permissions>.

use std::collections::BTreeSet;

use serenity::all::{
    GuildId, PermissionOverwrite, PermissionOverwriteType, Permissions, Role, RoleId, UserId,
};

use crate::people::Permission;

/// A member, and the roles of the server.
pub(super) struct Standing<'s> {
    pub(super) guild: GuildId,
    pub(super) user: UserId,
    pub(super) roles: &'s [RoleId],
    pub(super) all: &'s [Role],
}

impl Standing<'_> {
    /// The permissions in the whole server.
    pub(super) fn in_server(&self) -> Permissions {
        // The role of everyone has the number of the server.
        let everyone = RoleId::new(self.guild.get());
        let has = |role: &&Role| role.id == everyone || self.roles.contains(&role.id);
        let sum = self
            .all
            .iter()
            .filter(has)
            .fold(Permissions::empty(), |sum, role| sum | role.permissions);
        if sum.contains(Permissions::ADMINISTRATOR) { Permissions::all() } else { sum }
    }

    /// The permissions in a channel with these overwrites: those of everyone first, then those of the roles
    /// together, then those of the member.
    pub(super) fn in_channel(&self, overwrites: &[PermissionOverwrite]) -> Permissions {
        let base = self.in_server();
        if base.contains(Permissions::ADMINISTRATOR) {
            return base;
        }
        let everyone = RoleId::new(self.guild.get());
        let steps: [&dyn Fn(&PermissionOverwriteType) -> bool; 3] = [
            &|kind| *kind == PermissionOverwriteType::Role(everyone),
            &|kind| match kind {
                PermissionOverwriteType::Role(role) => {
                    *role != everyone && self.roles.contains(role)
                }
                _ => false,
            },
            &|kind| *kind == PermissionOverwriteType::Member(self.user),
        ];
        steps.into_iter().fold(base, |permissions, is_of_step| {
            let of_step = || overwrites.iter().filter(|overwrite| is_of_step(&overwrite.kind));
            let none = Permissions::empty;
            let denied = of_step().fold(none(), |sum, overwrite| sum | overwrite.deny);
            let allowed = of_step().fold(none(), |sum, overwrite| sum | overwrite.allow);
            (permissions - denied) | allowed
        })
    }
}

/// The permissions that are missing to post a card.
pub(super) fn lacking(allowed: Permissions, is_thread: bool) -> BTreeSet<Permission> {
    if allowed.contains(Permissions::ADMINISTRATOR) {
        return BTreeSet::new();
    }
    let send = if is_thread {
        (Permissions::SEND_MESSAGES_IN_THREADS, Permission::SendMessagesInThreads)
    } else {
        (Permissions::SEND_MESSAGES, Permission::SendMessages)
    };
    let needed = [
        (Permissions::VIEW_CHANNEL, Permission::ViewChannel),
        send,
        (Permissions::EMBED_LINKS, Permission::EmbedLinks),
    ];
    let missing = needed.into_iter().filter(|(bit, _)| !allowed.contains(*bit));
    missing.map(|(_, permission)| permission).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUILD: GuildId = GuildId::new(1);
    const BOT: UserId = UserId::new(5);

    fn role(id: u64, permissions: Permissions) -> Role {
        let role = serde_json::json!({
            "id": id.to_string(), "name": "r", "color": 0, "hoist": false, "managed": false,
            "colors": { "primary_color": 0 }, "permissions": permissions.bits().to_string(),
            "position": 0, "mentionable": false,
        });
        serde_json::from_value(role).unwrap()
    }

    fn overwrite(
        kind: PermissionOverwriteType,
        allow: Permissions,
        deny: Permissions,
    ) -> PermissionOverwrite {
        PermissionOverwrite { allow, deny, kind }
    }

    #[test]
    fn the_member_s_overwrite_beats_those_of_roles_and_these_beat_everyone_s() {
        use PermissionOverwriteType::{Member, Role as OfRole};
        let (view, send) = (Permissions::VIEW_CHANNEL, Permissions::SEND_MESSAGES);
        let none = Permissions::empty();
        let all = [role(1, view), role(7, send), role(8, Permissions::MANAGE_GUILD)];
        let roles = [RoleId::new(7)];
        let standing = Standing { guild: GUILD, user: BOT, roles: &roles, all: &all };
        assert_eq!(standing.in_server(), view | send, "of the roles that it has");
        let everyone = OfRole(RoleId::new(1));
        let cases = [
            (vec![], view | send),
            (vec![overwrite(everyone, none, view | send)], none),
            (
                vec![
                    overwrite(OfRole(RoleId::new(7)), view, none),
                    overwrite(everyone, none, view | send),
                ],
                view,
            ),
            (
                vec![
                    overwrite(Member(BOT), none, view),
                    overwrite(OfRole(RoleId::new(7)), view, none),
                ],
                send,
            ),
            (vec![overwrite(OfRole(RoleId::new(8)), none, view)], view | send),
            (vec![overwrite(Member(UserId::new(6)), none, view)], view | send),
        ];
        for (overwrites, expected) in cases {
            assert_eq!(standing.in_channel(&overwrites), expected, "{overwrites:?}");
        }
    }

    #[test]
    fn an_administrator_may_everything() {
        let all = [role(1, Permissions::ADMINISTRATOR)];
        let standing = Standing { guild: GUILD, user: BOT, roles: &[], all: &all };
        let denied = overwrite(
            PermissionOverwriteType::Role(RoleId::new(1)),
            Permissions::empty(),
            Permissions::all(),
        );
        assert_eq!(lacking(standing.in_channel(&[denied]), false), BTreeSet::new());
    }

    #[test]
    fn a_thread_needs_another_permission_to_write() {
        let allowed = Permissions::VIEW_CHANNEL | Permissions::SEND_MESSAGES;
        assert_eq!(lacking(allowed, false), [Permission::EmbedLinks].into());
        let in_thread = [Permission::SendMessagesInThreads, Permission::EmbedLinks].into();
        assert_eq!(lacking(allowed, true), in_thread);
    }
}
