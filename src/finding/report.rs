//! What was found of one state, and how sure that is.

use chrono::{DateTime, Utc};

use crate::error::{Fault, Refusal};
use crate::lock::{HeldLock, LockState, Sources, State, StateName, StoreCheck, Stores};

/// The result for one state.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The state.
    pub state: State,
    /// Its lock.
    pub lock: LockState,
    /// Whether it is certainly the state that the person meant.
    pub known: Known,
    /// What is known of the store of its lockfiles.
    pub store: StoreCheck,
    /// Where its lock was looked for. `None` if that is not known.
    pub looked_in: Option<Stores>,
    /// When it was read.
    pub at: DateTime<Utc>,
}

impl Report {
    /// The lock with its state.
    #[must_use]
    pub fn held(&self) -> HeldLock {
        HeldLock { state: self.state.clone(), lock: self.lock.clone() }
    }
}

/// How certain it is that the state of an answer is the one that the person meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// Something of the state has been seen: a lock, its digest, its object, or a past hold or
    /// request.
    Seen,
    /// Nothing of it has been seen, but its full path was typed.
    InFull {
        /// The most similar known name.
        nearest: Option<StateName>,
    },
    /// Nothing of it has ever been seen, so the name may be misspelt.
    Unseen {
        /// The most similar known name.
        nearest: Option<StateName>,
    },
    /// It could not be read whether anything of it has been seen.
    NotRead {
        /// What failed, and what to do about it.
        why: String,
    },
}

impl Known {
    /// Whether the answer is certainly about the state that was meant.
    #[must_use]
    pub fn is_known(&self) -> bool {
        matches!(self, Self::Seen | Self::InFull { .. })
    }
}

impl Report {
    pub(super) fn is_locked(&self) -> bool {
        self.lock != LockState::Free
    }

    /// Refuses to call a state free if it is not known to exist.
    ///
    /// # Errors
    /// A refusal that says what is not known.
    pub(crate) fn sure(self) -> Result<Self, Refusal> {
        match self.known {
            Known::Seen | Known::InFull { .. } => Ok(self),
            Known::Unseen { nearest } => Err(Refusal::Unseen { state: self.state, nearest }),
            Known::NotRead { why } => Err(Refusal::NotRead { state: self.state.name, why }),
        }
    }
}

/// Whether a record of the lock has this ID.
pub(crate) fn has_id(held: &HeldLock, id: &str) -> bool {
    let sources = held.lock.sources();
    let mut records = sources.into_iter().flat_map(Sources::records);
    records.any(|stored| {
        stored.info.as_ref().is_ok_and(|info| info.id.as_str().eq_ignore_ascii_case(id))
    })
}

pub(super) fn not_read(fault: &Fault) -> Known {
    tracing::warn!(kind = fault.kind.as_str(), "whether there is such a state: {fault}");
    Known::NotRead { why: fault.to_string() }
}
