//! A lock as it is stored: a row, a lockfile, or both halves of one lock.

use serde_json::Value;

use super::store::{Bucket, LockTable};

/// A lock's row in the lock table.
#[derive(Clone, Debug)]
pub struct LockRow {
    pub table: LockTable,
    /// `<bucket>/<state path>`.
    pub lock_id: String,
    /// All attributes, as DynamoDB returns them.
    pub item: Value,
}

impl LockRow {
    pub async fn read(table: &LockTable, lock_id: String) -> Option<Self> {
        let item = table.get(&lock_id).await?;
        Some(Self { table: table.clone(), lock_id, item })
    }

    /// The lock record, byte for byte.
    pub fn info(&self) -> &str {
        self.item["Info"]["S"].as_str().expect("a lock's row has Info, a string")
    }

    /// Deletes the row without a condition.
    pub async fn delete(&self) {
        self.table.delete(&self.lock_id).await;
    }
}

/// A lock's object in the state's bucket.
#[derive(Clone, Debug)]
pub struct Lockfile {
    pub bucket: Bucket,
    /// `<state path>.tflock`.
    pub key: String,
    /// The record, byte for byte.
    pub info: String,
}

impl Lockfile {
    pub async fn read(bucket: &Bucket, key: String) -> Option<Self> {
        let info = bucket.get(&key).await?;
        let info = String::from_utf8(info).expect("Terraform writes UTF-8");
        Some(Self { bucket: bucket.clone(), key, info })
    }

    /// Deletes the object without a condition.
    pub async fn delete(&self) {
        self.bucket.delete(&self.key).await;
    }
}

/// A lock whose holder was killed. For half a lock, delete the other half.
#[derive(Clone, Debug)]
pub struct StaleLock {
    row: Option<LockRow>,
    lockfile: Option<Lockfile>,
}

impl StaleLock {
    /// `None` if there is neither row nor lockfile.
    pub fn new(row: Option<LockRow>, lockfile: Option<Lockfile>) -> Option<Self> {
        (row.is_some() || lockfile.is_some()).then_some(Self { row, lockfile })
    }

    /// The lock ID, as `terraform force-unlock` takes it.
    pub fn id(&self) -> String {
        let info = match (&self.row, &self.lockfile) {
            (Some(row), _) => row.info(),
            (None, Some(lockfile)) => &lockfile.info,
            (None, None) => unreachable!("a lock has a row or a lockfile"),
        };
        let record: Value = serde_json::from_str(info).expect("Terraform writes JSON");
        record["ID"].as_str().expect("a record has an ID").to_owned()
    }

    /// # Panics
    /// If the backend locks by lockfile only.
    pub fn row(&self) -> &LockRow {
        self.row.as_ref().expect("the backend locks by row")
    }

    /// # Panics
    /// If the backend locks by row only.
    pub fn lockfile(&self) -> &Lockfile {
        self.lockfile.as_ref().expect("the backend locks by lockfile")
    }
}
