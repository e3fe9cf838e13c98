//! Whether a state is locked, put together from the stores that can hold its lock.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Flaw, LockInfo, LockRecord, State};

/// A place where a lock record can lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Store {
    /// A row of the `DynamoDB` lock table.
    DynamoDb,
    /// A `.tflock` object beside the state in S3.
    S3,
}

/// Which stores a backend is configured to lock in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stores {
    /// There is a lock table.
    pub row: bool,
    /// There are lockfiles.
    pub lockfile: bool,
}

/// What one store holds for a state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StoredLock {
    /// The exact bytes.
    pub record: LockRecord,
    /// What they say, or why they cannot be read.
    pub info: Result<LockInfo, Flaw>,
    /// When the store took the record, by the store's clock; only S3 tells.
    pub stored_at: Option<DateTime<Utc>>,
    /// S3's word for this version of the object, which a delete can be bound to; rows have none.
    pub etag: Option<String>,
}

/// The record or records of one lock, at least one of them there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sources {
    expected: Stores,
    /// The lock row, if there is one.
    pub row: Option<StoredLock>,
    /// The lockfile, if there is one.
    pub lockfile: Option<StoredLock>,
}

/// In what way the two halves of a lock disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// Only the lockfile is there.
    RowMissing,
    /// Only the row is there.
    LockfileMissing,
    /// Both are there, and they are not of the same lock.
    Different,
}

/// A lock whose record can be read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lock {
    /// What the record says; where the halves differ, what the row says.
    pub info: LockInfo,
    /// Where it lies.
    pub sources: Sources,
}

/// A lock none of whose records can be read. It is held all the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Unreadable {
    /// Why the first record cannot be read.
    pub flaw: Flaw,
    /// Where it lies.
    pub sources: Sources,
}

/// Whether a state is locked. There is no "unknown": what could not be read is an error.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LockState {
    /// Every configured store was read, and none has a record.
    Free,
    /// Held, and its record says by whom.
    Held(Lock),
    /// Held, but the holder is unknown.
    Unreadable(Unreadable),
}

/// A state with a lock on it, as a listing finds it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HeldLock {
    /// The state.
    pub state: State,
    /// Its lock; never [`LockState::Free`].
    pub lock: LockState,
}

impl Store {
    /// The word for it in `status --json`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DynamoDb => "dynamodb",
            Self::S3 => "s3",
        }
    }
}

impl StoredLock {
    /// A record as it was read whole.
    #[must_use]
    pub fn new(record: LockRecord, stored_at: Option<DateTime<Utc>>) -> Self {
        Self { info: record.parse(), record, stored_at, etag: None }
    }

    /// A record that could not even be taken whole.
    #[must_use]
    pub fn flawed(flaw: Flaw, record: LockRecord, stored_at: Option<DateTime<Utc>>) -> Self {
        Self { info: Err(flaw), record, stored_at, etag: None }
    }

    /// The same record, known to S3 by this `ETag`.
    #[must_use]
    pub fn with_etag(self, etag: Option<String>) -> Self {
        Self { etag, ..self }
    }
}

impl Sources {
    /// The stores in which this lock lies when it is whole.
    #[must_use]
    pub fn expected(&self) -> Stores {
        self.expected
    }

    /// The stores that have a record, the row first.
    #[must_use]
    pub fn stores(&self) -> Vec<Store> {
        [self.row.as_ref().map(|_| Store::DynamoDb), self.lockfile.as_ref().map(|_| Store::S3)]
            .into_iter()
            .flatten()
            .collect()
    }

    /// How the halves disagree; `None` for a whole lock. Where only one store is configured, its
    /// record is the whole lock.
    #[must_use]
    pub fn half(&self) -> Option<Half> {
        if self.expected != (Stores { row: true, lockfile: true }) {
            return None;
        }
        match (&self.row, &self.lockfile) {
            (Some(_), None) => Some(Half::LockfileMissing),
            (None, Some(_)) => Some(Half::RowMissing),
            (Some(row), Some(lockfile)) => match (&row.info, &lockfile.info) {
                (Ok(row), Ok(lockfile)) if row.id == lockfile.id => None,
                // What nobody has read is not known to differ.
                (_, Err(Flaw::Unread(_))) => None,
                (Err(ours), Err(theirs)) if ours == theirs && row.record == lockfile.record => None,
                _ => Some(Half::Different),
            },
            (None, None) => None,
        }
    }

    /// The records there are, the row's first.
    pub fn records(&self) -> impl Iterator<Item = &StoredLock> {
        [&self.row, &self.lockfile].into_iter().flatten()
    }
}

impl LockState {
    /// Puts together what the configured stores hold for one state.
    #[must_use]
    pub fn from_stores(
        expected: Stores,
        row: Option<StoredLock>,
        lockfile: Option<StoredLock>,
    ) -> Self {
        let sources = Sources { expected, row, lockfile };
        let readable = sources.records().find_map(|stored| stored.info.clone().ok());
        if let Some(info) = readable {
            return Self::Held(Lock { info, sources });
        }
        let flaw = sources.records().find_map(|stored| stored.info.clone().err());
        match flaw {
            Some(flaw) => Self::Unreadable(Unreadable { flaw, sources }),
            None => Self::Free,
        }
    }

    /// Where the lock lies; `None` for a free state.
    #[must_use]
    pub fn sources(&self) -> Option<&Sources> {
        match self {
            Self::Free => None,
            Self::Held(lock) => Some(&lock.sources),
            Self::Unreadable(unreadable) => Some(&unreadable.sources),
        }
    }

    /// How the halves of the lock disagree; `None` for a whole lock and a free state.
    #[must_use]
    pub fn half(&self) -> Option<Half> {
        self.sources()?.half()
    }

    /// What the lock's record says, where one can be read.
    #[must_use]
    pub fn info(&self) -> Option<&LockInfo> {
        match self {
            Self::Held(lock) => Some(&lock.info),
            Self::Free | Self::Unreadable(_) => None,
        }
    }

    /// When the lock was taken: by the holder's clock, else by the store's, else unknown.
    #[must_use]
    pub fn since(&self) -> Option<DateTime<Utc>> {
        self.info()
            .and_then(|info| info.created)
            .or_else(|| self.sources()?.records().find_map(|stored| stored.stored_at))
    }
}
