//! A backend in another account: a lock table in an embedded `DynamoDB` and a bucket in the S3 stand-in, behind
//! one proxy. The bot's own tables are in another embedded `DynamoDB`, behind a proxy of their own.

use std::sync::Arc;

use locktender::aws::{AwsLocks, AwsStoreChecks, Session};
use locktender::lock::{Access, BackendStores, Stores};
use locktender::ports::Locks;

use super::dynamodb::{BUCKET, DynamoDb, TABLE, backend, session, tables, text};
use super::office::Office;
use super::proxy::Proxy;
use super::s3::S3;
use super::two_stores::ours;

/// The state whose lock is in the other account.
pub const STATE: &str = "env/prod";
/// Its path.
pub const PATH: &str = "states/env/prod/terraform.tfstate";
/// The key of its lockfile.
pub const LOCKFILE: &str = "env/prod/terraform.tfstate.tflock";

/// A backend that locks with rows only.
pub const ROW_ALONE: Stores = Stores { row: true, lockfile: false };

/// An office, and the other account.
pub struct Far {
    pub office: Office,
    /// In front of the bot's own tables.
    pub own: Proxy,
    /// The other account.
    pub db: DynamoDb,
    pub s3: S3,
    /// In front of the other account.
    pub proxy: Proxy,
    stores: Stores,
}

impl Far {
    /// A lock in these stores of the other account.
    pub async fn new(stores: Stores) -> Self {
        let (own_db, db, s3) =
            (DynamoDb::start().await, DynamoDb::start().await, S3::start().await);
        let own = Proxy::account(&own_db.endpoint(), s3.endpoint()).await;
        let proxy = Proxy::account(&db.endpoint(), s3.endpoint()).await;
        let (session, backends, locks) = bot(stores, &own, Some(&proxy)).await;
        let office = Office::over_locks(own_db, &session, &backends, locks).await;
        if stores.row {
            db.put(PATH, &[("Info", text(&ours()))]).await;
        }
        if stores.lockfile {
            s3.put(LOCKFILE, &ours());
        }
        Self { office, own, db, s3, proxy, stores }
    }

    /// The bot after another start. Its lock table is still in the other account, or by now in its own.
    pub async fn restart(&mut self, is_far: bool) {
        let proxy = is_far.then_some(&self.proxy);
        let (session, backends, locks) = bot(self.stores, &self.own, proxy).await;
        self.office.restart(&session, &backends, locks);
    }

    /// The record in the row of the other account.
    pub async fn row(&self) -> Option<String> {
        let rows = self.db.rows(TABLE).await;
        rows.first().map(|row| row["Info"].as_s().unwrap().clone())
    }

    /// The holder removes the row, or another run has taken the lock.
    pub async fn set_row(&self, record: Option<&str>) {
        match record {
            Some(record) => self.db.put(PATH, &[("Info", text(record))]).await,
            None => self.db.delete(PATH).await,
        }
    }
}

/// How a bot reaches its tables and its locks. The backend is in the account behind `far`, or in the bot's own.
async fn bot(
    stores: Stores,
    own: &Proxy,
    far: Option<&Proxy>,
) -> (Session, Vec<BackendStores>, Arc<dyn Locks>) {
    let backend = backend("main", BUCKET, stores.row.then_some(TABLE), stores.lockfile);
    let endpoint = far.map(Proxy::endpoint);
    let backends = vec![backend.reached_by(Access { endpoint, ..Access::default() })];
    let session = session(&own.endpoint()).for_backends(&backends).await;
    let checks = AwsStoreChecks::connect(&session, tables());
    let locks = Arc::new(AwsLocks::connect(&session, backends.clone()).with_checks(checks));
    (session, backends, locks)
}
