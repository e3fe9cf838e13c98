//! Chains of entries, one a state path: how one grows, and how it is checked.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Draft, Entry, Hash};

/// The last entry of a chain, which the next one is tied to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Tail {
    /// The number of the last entry; 0 while there is none.
    pub seq: u64,
    /// The hash of the last entry; 64 zeros while there is none.
    pub hash: Hash,
}

/// What is wrong with a chain, of which the first bad entry is named.
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

/// In what way an entry is bad. Each text goes on from "entry 7 of my-bucket/env/prod/… ".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// Its fields do not give its hash.
    #[error("was edited: its fields do not give its hash")]
    Edited,
    /// The entries after it are there, and it is not.
    #[error("is missing")]
    Missing,
    /// It stands where another has to be.
    #[error("does not follow the entry before it: one of the two was inserted, moved or rewritten")]
    Unlinked,
    /// A checkpoint has seen it, and it is gone with all after it.
    #[error("was cut off: a checkpoint has seen it")]
    CutOff,
    /// A checkpoint has seen another in its place.
    #[error("was replaced: a checkpoint has seen another in its place")]
    Replaced,
}

/// The last entry of every chain, by state path: what a checkpoint says.
pub type Heads = BTreeMap<String, Tail>;

/// The heads that were kept when the whole trail last held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// When the trail was last checked, whether or not it held.
    pub at: DateTime<Utc>,
    /// The heads; none while it never held.
    pub heads: Result<Heads, DamagedCheckpoint>,
}

/// Heads that are not what was kept: a part of them is missing or was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the checkpoint of {of} is damaged: the heads that were kept then are not all there, or not as they \
     were"
)]
pub struct DamagedCheckpoint {
    /// When they were kept, as it is written down.
    pub of: String,
}

/// Why a trail does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsound {
    /// An entry is bad.
    #[error(transparent)]
    Entry(#[from] Broken),
    /// No entry is bad by itself, and what they have to be held against was damaged.
    #[error(transparent)]
    Checkpoint(#[from] DamagedCheckpoint),
}

/// Checks entries as they come, each chain in its order. Its memory grows with the chains and not
/// with the entries.
#[derive(Clone, Debug, Default)]
pub struct Verifier {
    /// The last good entry of every chain.
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
    /// The entries that come next. Numbers end at the largest one, where no entry has a place any more.
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
    /// A verifier that also holds the chains against an earlier checkpoint.
    #[must_use]
    pub fn against(checkpoint: Arc<Heads>) -> Self {
        Self { expected: checkpoint, ..Self::default() }
    }

    /// Checks the next entry of its chain, and keeps what is wrong with it.
    ///
    /// Of several bad chains the one whose path sorts first counts. So the order in which a table
    /// gives its chains does not decide which entry is named.
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

    /// Adds what another verifier found in other chains, against the same checkpoint.
    pub fn merge(&mut self, other: Self) {
        let Self { seen, broken, .. } = other;
        for (path, tail) in seen {
            let ours = self.seen.entry(path).or_default();
            // Both have this chain if the table ignores segments and gives everything for each of
            // them. One of the two may have read it later, and longer.
            if ours.seq < tail.seq {
                *ours = tail;
            }
        }
        self.broken = match (self.broken.take(), broken) {
            (Some(ours), Some(other)) if other.path < ours.path => Some(other),
            (ours, other) => ours.or(other),
        };
    }

    /// Ends the check, and gives the last entry of every chain.
    ///
    /// # Errors
    /// The first bad entry. Without one, the first entry that the checkpoint has seen and that is
    /// missing with all after it.
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
        // Numbers go from 1 to that of the last entry, and none is missing.
        let entries = self.seen.values().map(|tail| tail.seq).sum();
        Ok(Verified { heads: self.seen, entries })
    }
}

/// A trail in which everything is as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The last entry of every chain.
    pub heads: Heads,
    /// How many entries there are.
    pub entries: u64,
}

impl Verified {
    /// One hash over all heads: that of the lines `hash seq path`, sorted by path.
    #[must_use]
    pub fn digest(&self) -> Hash {
        digest(&self.heads)
    }
}

/// One hash over all heads: that of the lines `hash seq path`, sorted by path.
#[must_use]
pub fn digest(heads: &Heads) -> Hash {
    let lines: String =
        heads.iter().map(|(path, tail)| format!("{} {} {path}\n", tail.hash, tail.seq)).collect();
    Hash::of(lines)
}
