//! A backend with its rows in one double of AWS and its lockfiles in another.

use std::sync::Arc;

use async_trait::async_trait;
use locktender::aws::AwsLocks;
use locktender::error::Fault;
use locktender::lock::{LockState, State, Stores};
use locktender::ports::{Deleted, Listing, Locks, Seen};
use locktender::unlock::ApprovedUnlock;

use super::dynamodb::{BUCKET, DynamoDb, TABLE, backend, session};
use super::given::record;
use super::office::Office;
use super::proxy::Proxy;
use super::s3::S3;

/// A backend that locks with lockfiles only.
pub const LOCKFILE_ALONE: Stores = Stores { row: false, lockfile: true };

/// A backend that locks with rows and lockfiles.
pub const BOTH: Stores = Stores { row: true, lockfile: true };

struct TwoStores {
    expected: Stores,
    rows: AwsLocks,
    lockfiles: AwsLocks,
}

/// The lock record of a run that died.
pub fn ours() -> String {
    record("1f6e7bc2", "OperationTypeApply", "root@vm", "2026-11-23T07:48:00Z")
}

/// The lock record of another run, one minute old.
pub fn theirs() -> String {
    record("92c15b3e", "OperationTypeApply", "zoe@laptop", "2026-11-23T11:59:00Z")
}

/// An office with its lockfiles in this bucket. The bot reaches its own tables through the proxy.
pub async fn office(expected: Stores, s3: &S3) -> (Office, Proxy) {
    let db = DynamoDb::start().await;
    let proxy = Proxy::start(&db.endpoint()).await;
    let locks = locks(expected, &db, s3);
    let backends = [backend("main", BUCKET, expected.row.then_some(TABLE), true)];
    let tables = session(&proxy.endpoint());
    (Office::over_locks(db, &tables, &backends, locks).await, proxy)
}

/// The locks as a newly started bot reads them.
pub fn locks(expected: Stores, db: &DynamoDb, s3: &S3) -> Arc<dyn Locks> {
    let lockfiles = vec![backend("main", BUCKET, None, true)];
    let lockfiles = AwsLocks::connect(&session(s3.endpoint()), lockfiles);
    Arc::new(TwoStores { expected, rows: db.locks(), lockfiles })
}

#[async_trait]
impl Locks for TwoStores {
    async fn inspect(&self, state: &State) -> Result<LockState, Fault> {
        let row = if self.expected.row { self.rows.inspect(state).await? } else { LockState::Free };
        let lockfile = self.lockfiles.inspect(state).await?;
        let row = row.sources().and_then(|sources| sources.row.clone());
        let lockfile = lockfile.sources().and_then(|sources| sources.lockfile.clone());
        Ok(LockState::from_stores(self.expected, row, lockfile))
    }

    /// Lists lockfiles only.
    async fn list(&self) -> Result<Listing, Fault> {
        self.lockfiles.list().await
    }

    async fn seen(&self) -> Result<Seen, Fault> {
        self.lockfiles.seen().await
    }

    async fn delete_lockfile(&self, unlock: &ApprovedUnlock) -> Result<Deleted, Fault> {
        self.lockfiles.delete_lockfile(unlock).await
    }
}
