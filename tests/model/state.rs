//! The whole state of the model.

use std::collections::BTreeSet;

use locktender::people::RequestId;

use crate::oracle::Breach;
use crate::replica::Task;
use crate::store::Store;
use crate::world::{Halves, Time, Who};

/// The state of the model at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The lock.
    pub lock: Halves,
    pub time: Time,
    /// Whether Bob has lost the role.
    pub bob_is_out: bool,
    /// The bot's tables.
    pub store: Store,
    /// The task of each replica.
    pub replicas: [Option<Task>; 2],
    /// The remaining actions.
    pub left: Left,
    /// What really happened, for the properties. No replica sees it.
    pub truth: Truth,
}

/// The remaining actions. They keep the number of states finite.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Left {
    /// The remaining deliveries of each click.
    pub clicks: Vec<u8>,
    /// The remaining changes of a store, by Terraform or by hand.
    pub moves: u8,
    /// The remaining crashes.
    pub crashes: u8,
    /// The remaining lost answers.
    pub lost: u8,
    /// The remaining denied deletes.
    pub denied: u8,
    /// The remaining cards that Discord refuses.
    pub unpostable: u8,
    /// The remaining failures of a role look-up.
    pub lookups: u8,
    /// Whether requests can expire.
    pub late: bool,
    /// Whether Bob can lose the role.
    pub bob: bool,
}

/// What really happened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Truth {
    /// Promises that were broken.
    pub breaches: BTreeSet<Breach>,
    /// What really happened around each request.
    pub requests: Vec<TrueRequest>,
    /// The clicks that had an effect.
    pub effects: Vec<usize>,
    /// The records that each store has had. Removed bytes never come back.
    pub had_row: u8,
    pub had_lockfile: u8,
}

/// What really happened around a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TrueRequest {
    pub id: RequestId,
    /// The requester.
    pub by: Who,
    /// The records that the requester saw.
    pub pinned: Halves,
    /// Whether the lock changed after the request was opened, other than by the bot's deletes.
    pub touched: bool,
    /// The records that the bot has deleted.
    pub deleted: Halves,
}

impl State {
    /// Whether a person has an approver role now.
    pub fn has_role(&self, who: Who) -> bool {
        match who {
            Who::Ann | Who::Carol => true,
            Who::Bob => !self.bob_is_out,
            Who::Dave => false,
        }
    }
}
