//! Chains of entries, one a state path: how one grows, and how it is checked.

use std::collections::BTreeMap;

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

/// Checks entries as they come, each chain in its order, in memory for the chains but not for the
/// entries.
#[derive(Debug, Default)]
pub struct Verifier {
    seen: Heads,
    expected: Heads,
    entries: u64,
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
    pub fn against(checkpoint: Heads) -> Self {
        Self { expected: checkpoint, ..Self::default() }
    }

    /// Checks the next entry of its chain.
    ///
    /// # Errors
    /// Where it is not what has to come next.
    pub fn check(&mut self, entry: &Entry) -> Result<(), Broken> {
        let tail = self.seen.entry(entry.path().to_owned()).or_default();
        let broken = |seq, wrong| Broken { path: entry.path().to_owned(), seq, wrong };
        let next = tail.seq.saturating_add(1);
        if entry.seq() == 0 {
            return Err(broken(next, Wrong::Edited));
        }
        if entry.seq() > next {
            return Err(broken(next, Wrong::Missing));
        }
        if entry.seq() < next {
            return Err(broken(entry.seq(), Wrong::Unlinked));
        }
        if entry.computed_hash() != entry.hash() {
            return Err(broken(next, Wrong::Edited));
        }
        if entry.text("prev") != Some(tail.hash.as_str()) {
            return Err(broken(next, Wrong::Unlinked));
        }
        *tail = Tail::at(entry);
        self.entries += 1;
        match self.expected.get(entry.path()) {
            Some(expected) if expected.seq == next && expected.hash != tail.hash => {
                Err(broken(next, Wrong::Replaced))
            }
            _ => Ok(()),
        }
    }

    /// Ends the check, and gives the last entry of every chain.
    ///
    /// # Errors
    /// Where a chain ends before the checkpoint has seen it end.
    pub fn finish(self) -> Result<Verified, Broken> {
        for (path, expected) in self.expected {
            let last = self.seen.get(&path).map_or(0, |tail| tail.seq);
            if last < expected.seq {
                return Err(Broken { path, seq: last.saturating_add(1), wrong: Wrong::CutOff });
            }
        }
        Ok(Verified { heads: self.seen, entries: self.entries })
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
