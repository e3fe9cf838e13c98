//! What a lock is, read from nothing but the bytes of its records.
//!
//! Everything here is a pure function of its arguments: no I/O, no clock, no randomness. Where a
//! fact about Terraform or OpenTofu is relied upon, the doc comment says which source it is from.

mod address;
mod age;
mod catalog;
mod known;
mod name;
mod operation;
mod path;
mod record;
mod state;
mod stores;
mod typed;

pub use age::{age, in_words};
pub use catalog::{Backend, BackendError, BackendName, Catalog, KeyTemplate};
pub use known::{KnownState, KnownStates, is_handle};
pub use name::{NameError, State, StateName, is_invisible};
pub use operation::Operation;
pub use path::{PathError, StatePath, is_digest_key};
pub use record::{Flaw, LockId, LockInfo, LockRecord, RECORD_LIMIT, is_lock_id};
pub use state::{Half, HeldLock, Lock, LockState, Sources, Store, StoredLock, Stores, Unreadable};
pub use stores::{BackendStores, NoStore};
pub use typed::{Meanings, pasted};
