//! Who may open a request, and in which channels.

use super::*;
use crate::people::Permission;

#[test]
fn who_asks_needs_a_role_and_a_channel_where_the_team_says_so_and_a_card_that_can_be_posted() {
    let (oncall, ops) = (RoleId::new(600), ChannelId::new(70));
    let asking = |roles: &[RoleId], channels: &[ChannelId]| Asking {
        roles: roles.iter().copied().collect(),
        channels: channels.iter().copied().collect(),
    };
    let at = |channel, thread_of: Option<u64>| Actor {
        place: Place { channel: ChannelId::new(channel), ..HERE },
        room: Room { thread_of: thread_of.map(ChannelId::new), ..Room::default() },
        ..alice()
    };
    let missing = BTreeSet::from([Permission::SendMessages, Permission::EmbedLinks]);
    let mute = Actor { room: Room { missing, ..Room::default() }, ..alice() };
    let cases = [
        ("anybody, anywhere", asking(&[], &[]), at(71, None)),
        ("in a thread of any channel", asking(&[], &[]), at(75, Some(71))),
        ("in a channel for it", asking(&[], &[ops]), at(70, None)),
        ("in another channel", asking(&[], &[ops]), at(71, None)),
        ("in a public thread of a channel for it", asking(&[], &[ops]), at(75, Some(70))),
        ("in a public thread of another channel", asking(&[], &[ops]), at(75, Some(71))),
        ("in a private thread, whose channel does not count", asking(&[], &[ops]), at(76, None)),
        ("with a role for it", asking(&[oncall, APPROVER], &[]), bob()),
        ("without a role for it", asking(&[oncall], &[]), bob()),
        ("where the card cannot be posted", asking(&[], &[]), mute),
        ("a bot", asking(&[], &[]), Actor { is_bot: true, ..alice() }),
    ];
    let mut table = String::new();
    for (what, asking, by) in cases {
        let policy = Policy { asking, ..policy(1) };
        let said =
            may_ask(&by, &policy).map_or_else(|no| no.to_string(), |()| "may ask".to_owned());
        table += &format!("{what}: {said}\n");
    }
    insta::assert_snapshot!(table, @"
    anybody, anywhere: may ask
    in a thread of any channel: may ask
    in a channel for it: may ask
    in another channel: not a channel for requests
    in a public thread of a channel for it: may ask
    in a public thread of another channel: not a channel for requests
    in a private thread, whose channel does not count: not a channel for requests
    with a role for it: may ask
    without a role for it: not allowed to ask
    where the card cannot be posted: the card cannot be posted
    a bot: applications do not approve
    ");
}
