//! What a team asks of an unlock.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use chrono::TimeDelta;

use crate::people::{Actor, ChannelId, RoleId};

/// The rules of the team, read anew at every decision.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Policy {
    /// The roles whose members may approve and deny.
    pub approver_roles: BTreeSet<RoleId>,
    /// How many people have to approve, the requester not counted.
    pub approvals: NonZeroU32,
    /// How long a request can be approved.
    pub request_ttl: TimeDelta,
    /// The age past which a lock counts as stale where its past holds say nothing.
    pub stale_after: TimeDelta,
    /// Who may ask for an unlock, and where.
    pub asking: Asking,
}

/// Who may ask for an unlock, and where. By default anybody, in any channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Asking {
    /// The roles whose members may ask; empty for anybody.
    pub roles: BTreeSet<RoleId>,
    /// The channels in which they may ask, with their public threads; empty for any channel.
    pub channels: BTreeSet<ChannelId>,
}

impl Policy {
    /// Whether somebody has a role that may approve. A role's name says nothing: two can have one.
    #[must_use]
    pub fn is_approver(&self, actor: &Actor) -> bool {
        self.has_approver_role(&actor.roles)
    }

    /// Whether one of these roles may approve.
    #[must_use]
    pub fn has_approver_role(&self, roles: &BTreeSet<RoleId>) -> bool {
        !self.approver_roles.is_disjoint(roles)
    }
}

impl Asking {
    /// Whether somebody has a role that may ask.
    #[must_use]
    pub fn allows(&self, actor: &Actor) -> bool {
        self.roles.is_empty() || !self.roles.is_disjoint(&actor.roles)
    }

    /// Whether it may be asked in the channel in which somebody acts.
    #[must_use]
    pub fn allows_the_channel_of(&self, actor: &Actor) -> bool {
        let here = [Some(actor.place.channel), actor.room.thread_of];
        self.channels.is_empty()
            || here.into_iter().flatten().any(|channel| self.channels.contains(&channel))
    }
}
