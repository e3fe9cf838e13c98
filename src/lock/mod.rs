//! What a lock is, as read from the bytes of its records alone.
//!
//! Everything here is a pure function: no I/O, no clock, no randomness. A doc comment that relies
//! on a fact about Terraform or OpenTofu names its source.

mod address;
mod age;
mod catalog;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzz;
mod guarantees;
mod known;
mod meanings;
mod name;
mod operation;
mod path;
mod record;
mod state;
mod stores;
mod template;
mod typed;

pub use age::{age, in_words};
pub use catalog::{Backend, BackendError, BackendName, Catalog};
pub use guarantees::{Distance, Guarantees, StoreCheck, Tool};
pub use known::{KnownState, KnownStates, is_handle};
pub use meanings::Meanings;
pub use name::{NameError, State, StateName, is_invisible};
pub use operation::Operation;
pub use path::{PathError, StatePath, is_digest_key};
pub use record::{Flaw, LockId, LockInfo, LockRecord, RECORD_LIMIT, is_lock_id};
pub use state::{Half, HeldLock, Lock, LockState, Sources, Store, StoredLock, Stores, Unreadable};
pub use stores::{Access, BackendStores, NoStore};
pub use template::KeyTemplate;
pub use typed::pasted;
