//! Limits how often requests are opened, so that nobody can flood the approvers or the trail.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{Policy, Rejection};
use crate::people::Actor;

/// Openings count for this long.
pub const WINDOW: TimeDelta = TimeDelta::hours(1);

/// Most openings by one person in that time. By hand nobody needs that many.
pub const BY_A_PERSON: usize = 10;

/// Most openings for one state in that time.
pub const OF_A_STATE: usize = 6;

/// Openings that are remembered: as many as the larger limit needs.
const REMEMBERED: usize = BY_A_PERSON;

/// The last openings by one person, or for one state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Openings {
    /// Counts its changes. A new opening is written only over the version that was counted.
    #[serde(skip)]
    pub version: u64,
    /// The time of each, oldest first.
    pub opened: Vec<DateTime<Utc>>,
    /// When a card for the state last pinged the approver roles.
    pub called_at: Option<DateTime<Utc>>,
}

/// The recent openings by the person who asks, and for the state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Lately {
    /// By the person.
    pub by_person: Openings,
    /// For the state.
    pub of_state: Openings,
}

impl Openings {
    /// When fewer than `limit` openings will be in the last hour. `None` if that is so now.
    fn full_until(&self, limit: usize, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let oldest = self.opened.len().checked_sub(limit)?;
        let until = *self.opened.get(oldest)? + WINDOW;
        (now < until).then_some(until)
    }

    /// The same with one more.
    fn and_one(&self, now: DateTime<Utc>) -> Self {
        let earlier = self.opened.len().saturating_sub(REMEMBERED - 1);
        let mut opened = self.opened[earlier..].to_vec();
        opened.push(now);
        Self { version: self.version.wrapping_add(1), opened, called_at: self.called_at }
    }
}

impl Lately {
    /// Checks whether a person may open one more request. The limit of a state does not bind approvers: a
    /// stranger who uses it up must not lock out the people responsible.
    ///
    /// # Errors
    /// A rejection when there were too many, with the time of the next possible one.
    pub(super) fn allows(
        &self,
        by: &Actor,
        policy: &Policy,
        now: DateTime<Utc>,
    ) -> Result<(), Rejection> {
        if let Some(until) = self.by_person.full_until(BY_A_PERSON, now) {
            return Err(Rejection::AskedTooOften(until));
        }
        match self.of_state.full_until(OF_A_STATE, now) {
            Some(until) if !policy.is_approver(by) => Err(Rejection::StateAskedTooOften(until)),
            _ => Ok(()),
        }
    }

    /// Whether the next card pings the approver roles, which happens once an hour for a state.
    pub(super) fn calls(&self, now: DateTime<Utc>) -> bool {
        self.of_state.called_at.is_none_or(|at| now - at >= WINDOW)
    }

    /// The same with one more.
    pub(super) fn and_one(&self, now: DateTime<Utc>) -> Self {
        let called_at = if self.calls(now) { Some(now) } else { self.of_state.called_at };
        Self {
            by_person: self.by_person.and_one(now),
            of_state: Openings { called_at, ..self.of_state.and_one(now) },
        }
    }
}
