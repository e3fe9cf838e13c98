//! Locks that a test sets in memory, for tests of messages. Messages need no store.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use locktender::error::{Fault, FaultKind};
use locktender::finding::Reading;
use locktender::lock::{
    Backend, BackendName, Catalog, HeldLock, KnownState, KnownStates, LockRecord, LockState, State,
    StoredLock, Stores,
};
use locktender::ports::{Clock, Deleted, Directory, Listing, Locks, Seen};
use locktender::unlock::ApprovedUnlock;

use super::dynamodb::DynamoDb;
use super::office::{Hands, Office, policy};

/// The locks that a test has set. Every other state is free.
#[derive(Clone, Default)]
pub struct Given {
    locks: Vec<HeldLock>,
    known: Vec<KnownState>,
    unread: bool,
}

/// A clock that always tells [`NOW`].
pub struct Noon;

/// The time that [`Noon`] tells.
pub const NOW: &str = "2026-11-23T12:00:00Z";

impl Clock for Noon {
    fn now(&self) -> DateTime<Utc> {
        NOW.parse().unwrap()
    }

    fn uptime(&self) -> Duration {
        Duration::ZERO
    }
}

/// A catalog of one backend, `main`, with the default naming.
pub fn catalog() -> Catalog {
    let key = "{state}/terraform.tfstate".parse().unwrap();
    let name = BackendName::new("main").unwrap();
    Catalog::new(vec![Backend::new(name, "my-bucket", key, "env:").unwrap()])
}

/// A lock record as Terraform writes it.
pub fn record(id: &str, operation: &str, who: &str, created: &str) -> String {
    serde_json::json!({
        "ID": id, "Operation": operation, "Info": "", "Who": who, "Version": "1.11.4",
        "Created": created, "Path": "my-bucket/env/prod/terraform.tfstate",
    })
    .to_string()
}

impl Given {
    /// Adds a lock row. The backend has no lockfiles.
    pub fn row(self, state: &str, record: &str) -> Self {
        self.lock(state, Stores { row: true, lockfile: false }, Some(record), None)
    }

    /// Adds a lock row of exactly this state.
    pub fn at(mut self, state: &State, record: &str) -> Self {
        let stored = StoredLock::new(LockRecord::new(record), None);
        let stores = Stores { row: true, lockfile: false };
        let lock = LockState::from_stores(stores, Some(stored), None);
        self.locks.push(HeldLock { state: state.clone(), lock });
        self
    }

    /// Adds a lock of a backend with these stores.
    pub fn lock(
        mut self,
        state: &str,
        stores: Stores,
        row: Option<&str>,
        lockfile: Option<&str>,
    ) -> Self {
        let stored = |record: &str| StoredLock::new(LockRecord::new(record), None);
        let lock = LockState::from_stores(stores, row.map(stored), lockfile.map(stored));
        let state = catalog().meanings(state).unwrap().likeliest().unwrap();
        self.locks.push(HeldLock { state, lock });
        self
    }

    /// Adds states that have been seen.
    pub fn seen(mut self, names: &[&str]) -> Self {
        let state = |name: &&str| catalog().meanings(name).unwrap().likeliest().unwrap();
        self.known.extend(names.iter().map(state).map(|state| KnownState { state, held: false }));
        self
    }

    /// Makes the directory one that has not been read yet.
    pub fn unread(mut self) -> Self {
        self.unread = true;
        self
    }

    /// A `Reading` of these locks.
    pub fn reading(self) -> Reading {
        let given = Arc::new(self);
        Reading {
            catalog: catalog(),
            locks: given.clone(),
            directory: given,
            clock: Arc::new(Noon),
        }
    }

    /// An office with these locks. Requests are stored in an embedded `DynamoDB`.
    pub async fn office(self) -> Office {
        let db = DynamoDb::start().await;
        let session = db.session();
        Office::over(db, &session, &[], self.reading(), policy(1).into(), Arc::new(Hands::at(NOW)))
            .await
    }
}

#[async_trait]
impl Locks for Given {
    async fn inspect(&self, state: &State) -> Result<LockState, Fault> {
        let held = self.locks.iter().find(|held| held.state == *state);
        Ok(held.map_or(LockState::Free, |held| held.lock.clone()))
    }

    async fn list(&self) -> Result<Listing, Fault> {
        let read = self.locks.iter().map(|held| held.state.backend.clone());
        Ok(Listing::whole(self.locks.clone(), read))
    }

    async fn seen(&self) -> Result<Seen, Fault> {
        Ok(self.known.clone().into())
    }

    async fn delete_lockfile(&self, unlock: &ApprovedUnlock) -> Result<Deleted, Fault> {
        panic!("nobody asks for {:?}", unlock.state())
    }
}

#[async_trait]
impl Directory for Given {
    async fn known(&self) -> Option<Arc<KnownStates>> {
        (!self.unread).then(|| Arc::new(KnownStates::new(self.known.clone())))
    }

    async fn has_seen(&self, state: &State) -> Result<bool, Fault> {
        if self.locks.iter().any(|held| held.state == *state) {
            return Ok(true);
        }
        match self.known().await {
            Some(known) => Ok(known.contains(&state.path)),
            None => Err(Fault {
                kind: FaultKind::Denied,
                subject: "The bucket `my-bucket`".to_owned(),
                remedy: "allow s3:ListBucket on it".to_owned(),
                source: None,
            }),
        }
    }
}
