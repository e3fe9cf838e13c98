//! The audit trail: what is recorded, and how a change to it is detected.
//!
//! Each state path has one chain of entries. Each entry contains the hash of the entry before, so a
//! changed, removed, inserted or moved entry shows in all entries that follow. The daily checkpoint
//! shows if the end of a chain was cut off. Pure functions: no I/O, no clock.

mod canonical;
mod chain;
mod entry;
#[cfg(test)]
mod tests;

pub use canonical::canonical;
pub use chain::{
    Broken, Checkpoint, DamagedCheckpoint, Heads, Tail, Unsound, Verified, Verifier, Wrong, digest,
};
pub use entry::{Action, Draft, Entry, Hash};
