//! A release that takes several steps, of a lock with a lockfile: what it does when a store answers
//! otherwise than it should, and what it says then.

mod answers;
mod ten_minutes;

use std::sync::Arc;

use async_trait::async_trait;
use locktender::aws::AwsLocks;
use locktender::commands::{Answer, Reading};
use locktender::error::Fault;
use locktender::lock::{Catalog, HeldLock, KnownState, LockState, State, Stores};
use locktender::ports::{Deleted, Locks};
use locktender::unlock::{ApprovedUnlock, RequestId};
use locktender::workers::PatientDirectory;

use crate::support::dynamodb::{BUCKET, DynamoDb, TABLE, backend, session, text};
use crate::support::given::{NOW, record};
use crate::support::office::{ANNOUNCE, Hands, Office, PLACE, approver, policy};
use crate::support::proxy::Proxy;
use crate::support::s3::S3;

const STATE: &str = "env/prod";
const PATH: &str = "states/env/prod/terraform.tfstate";
const LOCKFILE: &str = "env/prod/terraform.tfstate.tflock";

const LOCKFILE_ALONE: Stores = Stores { row: false, lockfile: true };
const BOTH: Stores = Stores { row: true, lockfile: true };

/// A lock with a lockfile, a request for it, and a bot whose tables are behind a proxy.
struct Scene {
    office: Office,
    s3: S3,
    proxy: Proxy,
    request: RequestId,
}

/// The rows of one double and the lockfiles of another, as one backend.
struct TwoStores {
    expected: Stores,
    rows: AwsLocks,
    lockfiles: AwsLocks,
}

#[async_trait]
impl Locks for TwoStores {
    async fn inspect(&self, state: &State) -> Result<LockState, Fault> {
        let row = match self.expected.row {
            true => self.rows.inspect(state).await?,
            false => LockState::Free,
        };
        let lockfile = self.lockfiles.inspect(state).await?;
        let row = row.sources().and_then(|sources| sources.row.clone());
        let lockfile = lockfile.sources().and_then(|sources| sources.lockfile.clone());
        Ok(LockState::from_stores(self.expected, row, lockfile))
    }

    async fn list(&self) -> Result<Vec<HeldLock>, Fault> {
        self.lockfiles.list().await
    }

    async fn seen(&self) -> Result<Vec<KnownState>, Fault> {
        self.lockfiles.seen().await
    }

    async fn delete_lockfile(&self, unlock: &ApprovedUnlock) -> Result<Deleted, Fault> {
        self.lockfiles.delete_lockfile(unlock).await
    }
}

fn ours() -> String {
    record("1f6e7bc2", "OperationTypeApply", "root@vm", "2026-11-23T07:48:00Z")
}

fn theirs() -> String {
    record("92c15b3e", "OperationTypeApply", "zoe@laptop", "2026-11-23T11:59:00Z")
}

impl Scene {
    /// A lock in these stores, for whose release alice has asked.
    async fn new(expected: Stores) -> Self {
        let (db, s3) = (DynamoDb::start().await, S3::start().await);
        db.migrate().await;
        if expected.row {
            db.put(PATH, &[("Info", text(&ours()))]).await;
        }
        s3.put(LOCKFILE, &ours());
        let proxy = Proxy::start(&db.endpoint()).await;
        let table = expected.row.then_some(TABLE);
        let locks = Arc::new(TwoStores {
            expected,
            rows: db.locks(),
            lockfiles: AwsLocks::connect(
                &session(s3.endpoint()),
                vec![backend("main", BUCKET, None, true)],
            ),
        });
        let backends = [backend("main", BUCKET, table, true)];
        let time = Arc::new(Hands::at(NOW));
        let reading = Reading {
            catalog: Catalog::new(vec![backends[0].backend().clone()]),
            directory: Arc::new(PatientDirectory::new(locks.clone())),
            locks,
            clock: time.clone(),
        };
        let tables = session(&proxy.endpoint());
        let office = Office::over(db, &tables, &backends, reading, policy(1), time).await;
        let request = office.open(&approver("alice"), STATE).await;
        Self { office, s3, proxy, request }
    }

    async fn approve(&self) -> Answer {
        self.office.approve(&approver("bob"), self.request).await
    }

    async fn outcome(&self) -> String {
        self.office.outcome(self.request).await
    }

    async fn note(&self) -> String {
        let filed = self.office.filed(self.request).await;
        filed.request.closing().and_then(|closing| closing.note.clone()).unwrap_or_default()
    }

    async fn actions(&self) -> Vec<String> {
        self.office.actions(STATE).await
    }

    async fn row(&self) -> Option<String> {
        let rows = self.office.db.rows(TABLE).await;
        rows.first().map(|row| row["Info"].as_s().unwrap().clone())
    }

    /// The card, and what was announced.
    fn told(&self) -> String {
        let told = [self.office.wall.read(PLACE.channel), self.office.wall.read(ANNOUNCE)];
        told.concat().join("\n----\n")
    }
}
