//! Whether a state is locked, combined from the stores that can hold its lock.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Flaw, LockInfo, LockRecord, State};

/// A place that can hold a lock record.
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
    /// The backend has a lock table.
    pub row: bool,
    /// The backend has lockfiles.
    pub lockfile: bool,
}

/// What one store holds for a state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StoredLock {
    /// The exact bytes.
    pub record: LockRecord,
    /// The parsed record, or why it cannot be read.
    pub info: Result<LockInfo, Flaw>,
    /// When the store wrote the record, by the store's clock. Only S3 reports it.
    pub stored_at: Option<DateTime<Utc>>,
    /// The `ETag` of this object version, used for a conditional delete. Rows have none.
    pub etag: Option<String>,
}

/// The records of one lock, at least one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sources {
    expected: Stores,
    /// The lock row, if there is one.
    pub row: Option<StoredLock>,
    /// The lockfile, if there is one.
    pub lockfile: Option<StoredLock>,
}

/// How the two halves of a lock disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// Only the lockfile exists.
    RowMissing,
    /// Only the row exists.
    LockfileMissing,
    /// Both exist, but differ: they are for different locks, or one is unreadable.
    Different,
}

/// A lock with a readable record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lock {
    /// What the record says. If both halves are readable, what the row says.
    pub info: LockInfo,
    /// The records.
    pub sources: Sources,
}

/// A lock without a readable record. It still counts as held.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Unreadable {
    /// Why the first record cannot be read.
    pub flaw: Flaw,
    /// The records.
    pub sources: Sources,
}

/// Whether a state is locked. There is no "unknown": a failed read is an error.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LockState {
    /// All configured stores were read, and none has a record.
    Free,
    /// Held, with a readable record.
    Held(Lock),
    /// Held, but the holder is unknown.
    Unreadable(Unreadable),
}

/// A locked state, as a listing finds it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HeldLock {
    /// The state.
    pub state: State,
    /// Its lock, never [`LockState::Free`].
    pub lock: LockState,
}

impl Store {
    /// The store's name in `status --json`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DynamoDb => "dynamodb",
            Self::S3 => "s3",
        }
    }
}

impl StoredLock {
    /// A record that was read completely.
    #[must_use]
    pub fn new(record: LockRecord, stored_at: Option<DateTime<Utc>>) -> Self {
        Self { info: record.parse(), record, stored_at, etag: None }
    }

    /// A record that is unreadable before it is parsed, such as one that could not be fetched.
    #[must_use]
    pub fn flawed(flaw: Flaw, record: LockRecord, stored_at: Option<DateTime<Utc>>) -> Self {
        Self { info: Err(flaw), record, stored_at, etag: None }
    }

    /// The same record with its S3 `ETag`.
    #[must_use]
    pub fn with_etag(self, etag: Option<String>) -> Self {
        Self { etag, ..self }
    }
}

impl Sources {
    /// The stores that have a record when the lock is complete.
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

    /// How the halves disagree. `None` for a complete lock. With one configured store, its record
    /// is the complete lock.
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
                // A lockfile that was not read may be of the same lock.
                (_, Err(Flaw::Unread(_))) => None,
                (Err(ours), Err(theirs)) if ours == theirs && row.record == lockfile.record => None,
                _ => Some(Half::Different),
            },
            (None, None) => None,
        }
    }

    /// The existing records, the row's first.
    pub fn records(&self) -> impl Iterator<Item = &StoredLock> {
        [&self.row, &self.lockfile].into_iter().flatten()
    }
}

impl LockState {
    /// Combines what the configured stores hold for one state.
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

    /// The lock without its record in one store.
    #[must_use]
    pub fn without(&self, store: Store) -> Self {
        let Some(Sources { expected, row, lockfile }) = self.sources().cloned() else {
            return Self::Free;
        };
        match store {
            Store::DynamoDb => Self::from_stores(expected, None, lockfile),
            Store::S3 => Self::from_stores(expected, row, None),
        }
    }

    /// The lock's records. `None` for a free state.
    #[must_use]
    pub fn sources(&self) -> Option<&Sources> {
        match self {
            Self::Free => None,
            Self::Held(lock) => Some(&lock.sources),
            Self::Unreadable(unreadable) => Some(&unreadable.sources),
        }
    }

    /// How the halves of the lock disagree. `None` for a complete lock and for a free state.
    #[must_use]
    pub fn half(&self) -> Option<Half> {
        self.sources()?.half()
    }

    /// What the lock's record says. `None` without a readable record.
    #[must_use]
    pub fn info(&self) -> Option<&LockInfo> {
        match self {
            Self::Held(lock) => Some(&lock.info),
            Self::Free | Self::Unreadable(_) => None,
        }
    }

    /// When the lock was taken: by the holder's clock, else by the store's clock. `None` if neither
    /// is known.
    #[must_use]
    pub fn since(&self) -> Option<DateTime<Utc>> {
        self.info()
            .and_then(|info| info.created)
            .or_else(|| self.sources()?.records().find_map(|stored| stored.stored_at))
    }
}
