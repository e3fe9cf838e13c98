//! What a team asks of an unlock.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use chrono::{DateTime, TimeDelta, Utc};

use crate::lock::{LockState, age};
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
    /// The age past which a lock is taken for a stale one.
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

    /// Whether a lock is so old that its run has probably died. One of unknown age is not, nor one
    /// from a clock that is ahead: friction follows risk, and nobody knows theirs.
    #[must_use]
    pub fn looks_stale(&self, lock: &LockState, now: DateTime<Utc>) -> bool {
        lock.since().is_some_and(|since| age(since, now) > self.stale_after)
    }
}
