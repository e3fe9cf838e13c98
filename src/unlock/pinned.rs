//! The lock that a request is about, byte for byte.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::lock::{Flaw, LockRecord, LockState, Sources, StoredLock, Stores};

/// A held lock as it was read when a request was opened. A release removes exactly these records, or nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct Pinned(LockState);

/// What took the place of a pinned lock.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Found {
    /// Nothing: its holder released it.
    Gone,
    /// Another record, or one half of the lock without the other.
    Other(Box<LockState>),
}

/// Which records of a pinned lock are still there, byte for byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Remains {
    /// Its row.
    pub row: bool,
    /// Its lockfile.
    pub lockfile: bool,
}

/// Why a lock cannot be pinned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotPinned {
    /// There is no lock.
    #[error("the state is free")]
    Free,
    /// A record that cannot be compared, so no release can be bound to it.
    #[error("the record cannot be compared: {0}")]
    Incomparable(Flaw),
    /// A lockfile without an `ETag`, so no delete can be bound to it.
    #[error("the lockfile has no ETag")]
    NoEtag,
}

impl Pinned {
    /// Pins a lock, with all its records as they are.
    ///
    /// # Errors
    /// When there is no lock, or a record cannot be told from another one: it is too large, was not read, is
    /// no string, or is a lockfile without an `ETag`.
    pub fn new(lock: &LockState) -> Result<Self, NotPinned> {
        let sources = lock.sources().ok_or(NotPinned::Free)?;
        for stored in sources.records() {
            if let Err(
                flaw @ (Flaw::TooLarge(_)
                | Flaw::NotAString(_)
                | Flaw::OddDigest(_)
                | Flaw::Unread(_)),
            ) = &stored.info
            {
                return Err(NotPinned::Incomparable(flaw.clone()));
            }
        }
        if sources
            .lockfile
            .as_ref()
            .is_some_and(|lockfile| lockfile.etag.as_deref().is_none_or(str::is_empty))
        {
            return Err(NotPinned::NoEtag);
        }
        Ok(Self(lock.clone()))
    }

    /// The lock as it was read.
    #[must_use]
    pub fn lock(&self) -> &LockState {
        &self.0
    }

    /// The stores in which the lock lies when it is whole.
    #[must_use]
    pub fn expected(&self) -> Stores {
        let nowhere = Stores { row: false, lockfile: false };
        self.0.sources().map_or(nowhere, Sources::expected)
    }

    /// Its record in the lock table. The record of a row without `Info` is its `Digest`, or nothing.
    #[must_use]
    pub fn row(&self) -> Option<&StoredLock> {
        self.0.sources()?.row.as_ref()
    }

    /// Its lockfile.
    #[must_use]
    pub fn lockfile(&self) -> Option<&StoredLock> {
        self.0.sources()?.lockfile.as_ref()
    }

    /// Whether the lock has, or may have by now, a lockfile: lockfiles are in use for its state. Otherwise
    /// one transaction releases it.
    #[must_use]
    pub fn may_have_lockfile(&self) -> bool {
        self.expected().lockfile
    }

    /// What took its place. `None` while every byte of every record is still there.
    #[must_use]
    pub fn replaced_by(&self, now: &LockState) -> Option<Found> {
        match self.remains(now) {
            Ok(remains)
                if remains.row == self.row().is_some()
                    && remains.lockfile == self.lockfile().is_some() =>
            {
                None
            }
            Ok(Remains { row: false, lockfile: false }) => Some(Found::Gone),
            Ok(_) => Some(Found::Other(Box::new(now.clone()))),
            Err(found) => Some(found),
        }
    }

    /// Which of its records are still there, in the middle of a release that takes them one by one.
    ///
    /// # Errors
    /// [`Found::Other`] where a record is there that is not one of its own.
    pub fn remains(&self, now: &LockState) -> Result<Remains, Found> {
        let half = |pinned: Option<&StoredLock>, now: Option<&StoredLock>| match (pinned, now) {
            (_, None) => Some(false),
            (Some(pinned), Some(now)) if pinned == now => Some(true),
            _ => None,
        };
        let sources = now.sources();
        let row = half(self.row(), sources.and_then(|sources| sources.row.as_ref()));
        let lockfile = half(self.lockfile(), sources.and_then(|sources| sources.lockfile.as_ref()));
        match (row, lockfile) {
            (Some(row), Some(lockfile)) => Ok(Remains { row, lockfile }),
            _ => Err(Found::Other(Box::new(now.clone()))),
        }
    }

    /// Which of its records are still there, even if others are there too.
    #[must_use]
    pub fn still_in(&self, now: &LockState) -> Remains {
        let same = |pinned: Option<&StoredLock>, now: Option<&StoredLock>| {
            pinned.is_some() && pinned == now
        };
        let sources = now.sources();
        Remains {
            row: same(self.row(), sources.and_then(|sources| sources.row.as_ref())),
            lockfile: same(self.lockfile(), sources.and_then(|sources| sources.lockfile.as_ref())),
        }
    }
}

/// The stored form of a pinned lock.
#[derive(Serialize, Deserialize)]
struct Wire {
    expected: Stores,
    row: Option<Bytes>,
    lockfile: Option<Lockfile>,
}

#[derive(Serialize, Deserialize)]
struct Lockfile {
    record: Bytes,
    stored_at: Option<DateTime<Utc>>,
    etag: Option<String>,
}

/// A record, as text where it is text.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Bytes {
    Text(String),
    Binary(Vec<u8>),
    /// A row that has neither an `Info` nor a `Digest`.
    Missing,
    /// The `Digest` of a row that has no `Info`.
    Digest(String),
}

impl From<&StoredLock> for Bytes {
    fn from(stored: &StoredLock) -> Self {
        if stored.info == Err(Flaw::Missing) {
            return Self::Missing;
        }
        match std::str::from_utf8(stored.record.as_bytes()) {
            Ok(digest) if stored.info == Err(Flaw::DigestOnly) => Self::Digest(digest.to_owned()),
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Binary(stored.record.as_bytes().to_vec()),
        }
    }
}

impl Bytes {
    fn stored(self, stored_at: Option<DateTime<Utc>>) -> StoredLock {
        match self {
            Self::Text(text) => StoredLock::new(LockRecord::new(text), stored_at),
            Self::Binary(bytes) => StoredLock::new(LockRecord::new(bytes), stored_at),
            Self::Missing => StoredLock::flawed(Flaw::Missing, LockRecord::new([]), stored_at),
            Self::Digest(digest) => {
                StoredLock::flawed(Flaw::DigestOnly, LockRecord::new(digest), stored_at)
            }
        }
    }
}

impl From<Pinned> for Wire {
    fn from(pinned: Pinned) -> Self {
        Self {
            expected: pinned.expected(),
            row: pinned.row().map(Bytes::from),
            lockfile: pinned.lockfile().map(|stored| Lockfile {
                record: Bytes::from(stored),
                stored_at: stored.stored_at,
                etag: stored.etag.clone(),
            }),
        }
    }
}

impl TryFrom<Wire> for Pinned {
    type Error = NotPinned;

    fn try_from(wire: Wire) -> Result<Self, NotPinned> {
        let row = wire.row.map(|row| row.stored(None));
        let lockfile =
            wire.lockfile.map(|file| file.record.stored(file.stored_at).with_etag(file.etag));
        Self::new(&LockState::from_stores(wire.expected, row, lockfile))
    }
}
