//! The audit trail: what is recorded, and how nobody can change it unseen.
//!
//! There is one chain of entries for each state path. Each entry has the hash of the one before, so
//! that changing, removing, inserting or reordering any shows in all that follow; the daily
//! checkpoint shows where a chain's end was cut off. Pure functions: no I/O, no clock.

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
