//! The team's rules for an unlock.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use chrono::TimeDelta;

use crate::people::{Actor, ChannelId, RoleId};

/// The team's rules. Every decision reads them again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Policy {
    /// The roles whose members may approve and deny.
    pub approver_roles: BTreeSet<RoleId>,
    /// How many people must approve, without the requester.
    pub approvals: NonZeroU32,
    /// How long a request can be approved.
    pub request_ttl: TimeDelta,
    /// The age from which a lock counts as stale when there are too few past holds to compare with.
    pub stale_after: TimeDelta,
    /// Where clearings, stale locks and releases are announced. Without it a release is announced in the
    /// channel of its request.
    pub announce: Option<ChannelId>,
    /// The shortest hold whose end is announced, unless a person waited for it, it was called stale,
    /// or a request released it.
    pub announce_min_hold: TimeDelta,
    /// Who may ask for an unlock, and where.
    pub asking: Asking,
}

/// Who may ask for an unlock, and where. By default everybody, in every channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Asking {
    /// The roles whose members may ask; empty for anybody.
    pub roles: BTreeSet<RoleId>,
    /// The channels in which they may ask, with their public threads; empty for any channel.
    pub channels: BTreeSet<ChannelId>,
}

impl Policy {
    /// Whether a person has an approver role. Roles are compared by ID: two roles can have the same name.
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
    /// Whether a person has a role that may ask.
    #[must_use]
    pub fn allows(&self, actor: &Actor) -> bool {
        self.roles.is_empty() || !self.roles.is_disjoint(&actor.roles)
    }

    /// Whether requests may be opened in the channel in which a person acts.
    #[must_use]
    pub fn allows_the_channel_of(&self, actor: &Actor) -> bool {
        let here = [Some(actor.place.channel), actor.room.thread_of];
        self.channels.is_empty()
            || here.into_iter().flatten().any(|channel| self.channels.contains(&channel))
    }
}
