//! Chains of entries, one for each state path: how to extend and how to verify one.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Draft, Entry, Hash};

/// The last entry of a chain. The next entry contains its hash.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Tail {
    /// The number of the last entry. 0 while there is none.
    pub seq: u64,
    /// The hash of the last entry. 64 zeros while there is none.
    pub hash: Hash,
}

/// The first bad entry of a chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("entry {seq} of {path} {wrong}")]
pub struct Broken {
    /// The state path.
    pub path: String,
    /// The number of the entry.
    pub seq: u64,
    /// What is wrong with it.
    pub wrong: Wrong,
}

/// How an entry is bad. Each text continues "entry 7 of my-bucket/env/prod/… ".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// Its hash does not match its fields.
    #[error("was edited: its fields do not give its hash")]
    Edited,
    /// It is missing, but later entries exist.
    #[error("is missing")]
    Missing,
    /// It does not follow the entry before it.
    #[error("does not follow the entry before it: one of the two was inserted, moved or rewritten")]
    Unlinked,
    /// A checkpoint has seen it, but it and all later entries are gone.
    #[error("was cut off: a checkpoint has seen it")]
    CutOff,
    /// A checkpoint has seen another entry with this number.
    #[error("was replaced: a checkpoint has seen another in its place")]
    Replaced,
}

/// The last entry of each chain, by state path. A checkpoint keeps them.
pub type Heads = BTreeMap<String, Tail>;

/// The heads from when the whole trail was last sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// When the trail was last checked, sound or not.
    pub at: DateTime<Utc>,
    /// The heads. Empty if the trail was never sound.
    pub heads: Result<Heads, DamagedCheckpoint>,
}

/// A damaged checkpoint: some of its heads are missing or changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the checkpoint of {of} is damaged: the heads that were kept then are not all there, or not as they \
     were"
)]
pub struct DamagedCheckpoint {
    /// When the heads were kept, as the checkpoint says.
    pub of: String,
}

/// Why a trail is not sound.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsound {
    /// An entry is bad.
    #[error(transparent)]
    Entry(#[from] Broken),
    /// No entry is bad by itself, but the checkpoint to compare them with is damaged.
    #[error(transparent)]
    Checkpoint(#[from] DamagedCheckpoint),
}

/// Checks entries one by one, each chain in order. Its memory grows with the number of chains, not
/// of entries.
#[derive(Clone, Debug, Default)]
pub struct Verifier {
    /// The last good entry of each chain.
    seen: Heads,
    expected: Arc<Heads>,
    /// The first bad entry so far.
    broken: Option<Broken>,
}

impl Default for Tail {
    fn default() -> Self {
        Self { seq: 0, hash: Hash::zero() }
    }
}

impl Tail {
    /// Makes the next entries of the chain. At the largest number the chain cannot grow any more.
    #[must_use]
    pub fn append(&self, drafts: &[Draft]) -> Vec<Entry> {
        let mut tail = self.clone();
        drafts
            .iter()
            .map(|draft| {
                let entry = Entry::new(draft, tail.seq.saturating_add(1), &tail.hash);
                tail = Self::at(&entry);
                entry
            })
            .collect()
    }

    /// The tail of a chain that ends with this entry.
    #[must_use]
    pub fn at(entry: &Entry) -> Self {
        Self { seq: entry.seq(), hash: entry.hash() }
    }
}

impl Verifier {
    /// A verifier that also compares the chains with an earlier checkpoint.
    #[must_use]
    pub fn against(checkpoint: Arc<Heads>) -> Self {
        Self { expected: checkpoint, ..Self::default() }
    }

    /// Checks the next entry of its chain, and remembers what is wrong with it.
    ///
    /// Of several bad chains, the one whose path sorts first is reported. So the order in which a
    /// table returns its chains does not change the result.
    pub fn check(&mut self, entry: &Entry) {
        if self.broken.as_ref().is_none_or(|broken| entry.path() < broken.path.as_str())
            && let Err(broken) = self.follow(entry)
        {
            self.broken = Some(broken);
        }
    }

    fn follow(&mut self, entry: &Entry) -> Result<(), Broken> {
        let path = entry.path();
        let broken = |seq, wrong| Err(Broken { path: path.to_owned(), seq, wrong });
        let tail = match self.seen.get_mut(path) {
            Some(tail) => tail,
            None => self.seen.entry(path.to_owned()).or_default(),
        };
        let next = tail.seq.saturating_add(1);
        if entry.seq() == 0 {
            return broken(next, Wrong::Edited);
        }
        if entry.seq() > next {
            return broken(next, Wrong::Missing);
        }
        if entry.seq() < next {
            return broken(entry.seq(), Wrong::Unlinked);
        }
        let hash = entry.computed_hash();
        if hash != entry.hash() {
            return broken(next, Wrong::Edited);
        }
        if entry.text("prev") != Some(tail.hash.as_str()) {
            return broken(next, Wrong::Unlinked);
        }
        *tail = Tail { seq: next, hash };
        match self.expected.get(path) {
            Some(expected) if expected.seq == next && expected.hash != tail.hash => {
                broken(next, Wrong::Replaced)
            }
            _ => Ok(()),
        }
    }

    /// Adds the result of another verifier for other chains, with the same checkpoint.
    pub fn merge(&mut self, other: Self) {
        let Self { seen, broken, .. } = other;
        for (path, tail) in seen {
            let ours = self.seen.entry(path).or_default();
            // Both have this chain if the table ignores segments and returns everything for each.
            // One of them may have read the chain later, and longer.
            if ours.seq < tail.seq {
                *ours = tail;
            }
        }
        self.broken = match (self.broken.take(), broken) {
            (Some(ours), Some(other)) if other.path < ours.path => Some(other),
            (ours, other) => ours.or(other),
        };
    }

    /// Ends the check. Returns the last entry of each chain.
    ///
    /// # Errors
    /// The first bad entry. Without one, the first entry that the checkpoint has seen but that is
    /// cut off.
    pub fn finish(self) -> Result<Verified, Broken> {
        if let Some(broken) = self.broken {
            return Err(broken);
        }
        for (path, expected) in &*self.expected {
            let last = self.seen.get(path).map_or(0, |tail| tail.seq);
            if last < expected.seq {
                let path = path.clone();
                return Err(Broken { path, seq: last.saturating_add(1), wrong: Wrong::CutOff });
            }
        }
        // Numbers start at 1 and have no gaps, so the last number is the count.
        let entries = self.seen.values().map(|tail| tail.seq).sum();
        Ok(Verified { heads: self.seen, entries })
    }
}

/// A sound trail: everything is as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The last entry of each chain.
    pub heads: Heads,
    /// Number of entries.
    pub entries: u64,
}

impl Verified {
    /// The hash over all heads: of the lines `hash seq path`, sorted by path.
    #[must_use]
    pub fn digest(&self) -> Hash {
        digest(&self.heads)
    }
}

/// The hash over all heads: of the lines `hash seq path`, sorted by path.
#[must_use]
pub fn digest(heads: &Heads) -> Hash {
    let lines: String =
        heads.iter().map(|(path, tail)| format!("{} {} {path}\n", tail.hash, tail.seq)).collect();
    Hash::of(lines)
}
