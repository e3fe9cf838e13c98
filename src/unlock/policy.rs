//! What a team asks of an unlock.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use chrono::TimeDelta;

use crate::people::{Actor, RoleId};

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
