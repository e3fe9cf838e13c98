//! What commands, releases and workers share.

use std::sync::Arc;

use crate::doctor::Doctor;
use crate::error::{Error, Refusal};
use crate::finding::Reading;
use crate::people::{Actor, Holders, RequestId};
use crate::ports::{Courier, Filed, Holds, Ledger, Members, Trail, Watches};
use crate::unlock::{self, Policies, Policy, UnlockRequest};

/// The ports, and the team's rules.
#[derive(Clone)]
pub struct Context {
    /// The locks.
    pub reading: Reading,
    /// The team's rules.
    pub policies: Policies,
    /// The people behind the holders of locks.
    pub holders: Arc<Holders>,
    /// The requests.
    pub ledger: Arc<dyn Ledger>,
    /// The audit trail.
    pub trail: Arc<dyn Trail>,
    /// The current and past holds.
    pub holds: Arc<dyn Holds>,
    /// The people who wait for a lock.
    pub watches: Arc<dyn Watches>,
    /// Delivers notices and updates cards.
    pub courier: Arc<dyn Courier>,
    /// Looks at the set-up.
    pub doctor: Arc<Doctor>,
    /// The members of the server.
    pub members: Arc<dyn Members>,
}

impl Context {
    /// The rules of a request's state.
    #[must_use]
    pub fn policy(&self, request: &UnlockRequest) -> &Policy {
        self.policies.of(&request.state)
    }

    /// Whether a person is known to be behind the holder of a request's lock.
    #[must_use]
    pub fn is_holder(&self, request: &UnlockRequest, actor: &Actor) -> bool {
        request.holder(&self.holders) == Some(actor.person.id)
    }

    /// The request of a button. The button has only its number: the facts come from the table.
    ///
    /// # Errors
    /// A refusal where there is none, a fault where it cannot be read.
    pub async fn request(&self, id: RequestId) -> Result<Filed, Error> {
        let filed = self.ledger.request(id).await?;
        filed.ok_or_else(|| Refusal::Unlock(unlock::Rejection::Unknown).into())
    }

    /// The open request of the state that a person means.
    ///
    /// # Errors
    /// A refusal where there is none, a fault where it cannot be read.
    pub async fn open_request(&self, typed: &str) -> Result<Filed, Error> {
        let state = self.reading.resolve(typed).await?;
        let open = self.ledger.open_request(&state.path).await?;
        open.ok_or_else(|| Refusal::NoOpenRequest { state: state.name }.into())
    }
}
