//! Everything at one moment.

use std::collections::BTreeSet;

use locktender::people::RequestId;

use crate::oracle::Breach;
use crate::replica::Task;
use crate::store::Store;
use crate::world::{Halves, Time, Who};

/// Everything at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The lock.
    pub lock: Halves,
    pub time: Time,
    /// Whether Bob has lost the role.
    pub bob_is_out: bool,
    /// The bot's tables.
    pub store: Store,
    /// What each replica has in hand.
    pub replicas: [Option<Task>; 2],
    /// What can still happen.
    pub left: Left,
    /// What no replica sees: what really happened, for the properties.
    pub truth: Truth,
}

/// What can still happen, which keeps the states finite.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Left {
    /// How often each click is still delivered.
    pub clicks: Vec<u8>,
    /// How often Terraform, or somebody by hand, does something to a store.
    pub moves: u8,
    /// How many replicas die.
    pub crashes: u8,
    /// How many answers are lost.
    pub lost: u8,
    /// How many deletes are not allowed.
    pub denied: u8,
    /// How often Discord does not take a card.
    pub unpostable: u8,
    /// How many lookups of roles fail.
    pub lookups: u8,
    /// Whether the requests can expire.
    pub late: bool,
    /// Whether Bob can lose the role.
    pub bob: bool,
}

/// What really happened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Truth {
    /// Promises that were broken.
    pub breaches: BTreeSet<Breach>,
    /// Of each request.
    pub requests: Vec<TrueRequest>,
    /// The clicks that had an effect.
    pub effects: Vec<usize>,
    /// The records that each store has had. No bytes come back once they are gone.
    pub had_row: u8,
    pub had_lockfile: u8,
}

/// What really happened around a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TrueRequest {
    pub id: RequestId,
    /// Who asked.
    pub by: Who,
    /// The records that were seen by who asked.
    pub pinned: Halves,
    /// Whether somebody else ever changed anything of it since it was asked for.
    pub touched: bool,
    /// The records of it that the bot has deleted.
    pub deleted: Halves,
}

impl State {
    /// Whether somebody has an approver role now.
    pub fn has_role(&self, who: Who) -> bool {
        match who {
            Who::Ann | Who::Carol => true,
            Who::Bob => !self.bob_is_out,
            Who::Dave => false,
        }
    }
}
