//! Locks that are rows of a `DynamoDB` table.

use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::scan::builders::ScanFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::aws::error::Subject;
use crate::aws::locks::Sighting;
use crate::aws::reads::Reads;
use crate::aws::session::Session;
use crate::aws::values::Item;
use crate::error::Fault;
use crate::lock::{Flaw, LockRecord, RECORD_LIMIT, StatePath, StoredLock, is_digest_key};
use crate::text::{LONG, clip, visible};

/// The lock table's key, and the attributes that tell its rows apart (Terraform's `s3/client.go`).
pub(in crate::aws) const KEY: &str = "LockID";
pub(in crate::aws) const RECORD: &str = "Info";
pub(in crate::aws) const DIGEST: &str = "Digest";

/// Rows of one page of the scan for names.
const SEEN_PAGE: i32 = 500;

/// A lock table, which may serve several backends.
#[derive(Debug)]
pub(in crate::aws) struct LockTable {
    name: String,
    subject: Subject,
    reads: Reads,
    client: Client,
    /// Whether a row that is neither a lock nor a digest was logged. Every look meets it again.
    odd_row_logged: AtomicBool,
}

impl LockTable {
    pub(in crate::aws) fn new(session: &Session, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            subject: Subject::lock_table(name, session.region()),
            reads: session.reads(),
            client: session.dynamodb(),
            odd_row_logged: AtomicBool::new(false),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The lock row of one state, read strongly consistently.
    pub(in crate::aws) async fn get(&self, path: &StatePath) -> Result<Option<StoredLock>, Fault> {
        let row = self.row(path.as_str()).await?;
        Ok(row.and_then(|row| stored(path.as_str(), row)))
    }

    /// Whether the state has a digest row: Terraform has written it through this table.
    pub(super) async fn has_digest(&self, path: &StatePath) -> Result<bool, Fault> {
        let key = path.digest_row();
        let row = self.row(&key).await?;
        Ok(row.is_some_and(|row| matches!(Kind::of(&key, &row), Kind::Digest)))
    }

    async fn row(&self, key: &str) -> Result<Option<Item>, Fault> {
        self.reads.get(&self.subject, vec![(KEY, key.to_owned())]).await
    }

    /// Every lock row of the table, whichever bucket it is for, each row strongly consistent.
    ///
    /// Digest rows are sorted out here and not by a filter of the scan: no filter can ask what a
    /// key ends in, so one would also drop some locks. A filter saves no read units either.
    pub(super) async fn list(&self) -> Result<Vec<(StatePath, StoredLock)>, Fault> {
        let mut locks = Vec::new();
        self.each_row(self.scan().consistent_read(true), |key, row| {
            if let (Ok(path), Some(stored)) = (StatePath::parse(&key), stored(&key, row)) {
                locks.push((path, stored));
            }
        })
        .await?;
        Ok(locks)
    }

    /// The states that the table knows of, by their locks and digests, some of them twice. Read
    /// eventually consistently, at half the price: this is for finding.
    pub(super) async fn seen(&self) -> Result<Vec<Sighting>, Fault> {
        let mut seen = Vec::new();
        // Small pages: nobody waits for them, and a whole one of 1 MB would stay in memory.
        self.each_row(self.scan().limit(SEEN_PAGE), |key, row| {
            let sighting = match Kind::of(&key, &row) {
                Kind::Lock => StatePath::parse(&key).ok().map(|path| (path, true)),
                Kind::Digest => StatePath::of_digest_row(&key).map(|path| (path, false)),
                Kind::Neither => None,
            };
            seen.extend(sighting.map(|(path, held)| Sighting { path, held }));
        })
        .await?;
        Ok(seen)
    }

    fn scan(&self) -> ScanFluentBuilder {
        self.client
            .scan()
            .table_name(&self.name)
            .projection_expression("#key, #record, #digest")
            .expression_attribute_names("#key", KEY)
            .expression_attribute_names("#record", RECORD)
            .expression_attribute_names("#digest", DIGEST)
    }

    fn log_odd_row(&self, key: &str) {
        if !self.odd_row_logged.swap(true, Ordering::Relaxed) {
            let row = clip(&visible(key), LONG);
            tracing::warn!(table = self.name, row, "a row is neither a lock nor a digest");
        }
    }

    /// Hands over every row with its key, over all pages, also past empty ones.
    async fn each_row(
        &self,
        scan: ScanFluentBuilder,
        mut row: impl FnMut(String, Item),
    ) -> Result<(), Fault> {
        let mut pages = scan.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page =
                page.map_err(|error| self.subject.fault("allow dynamodb:Scan on it", error))?;
            for mut item in page.items.unwrap_or_default() {
                let Some(AttributeValue::S(key)) = item.remove(KEY) else {
                    return Err(self.subject.has_another_key());
                };
                if matches!(Kind::of(&key, &item), Kind::Neither) {
                    self.log_odd_row(&key);
                }
                row(key, item);
            }
        }
        Ok(())
    }
}

/// What a row of a lock table is.
enum Kind {
    /// It keeps Terraform out, whether it can be read or not.
    Lock,
    /// The digest of a state's content.
    Digest,
    /// It has a digest's key and no digest. Terraform writes no such row.
    Neither,
}

impl Kind {
    /// Terraform puts a lock under `attribute_not_exists(LockID)`, so any row at a state's own
    /// `LockID` keeps it out. Only a row whose key ends as a digest's and that has no record may be
    /// something else.
    fn of(key: &str, row: &Item) -> Self {
        if row.contains_key(RECORD) || !is_digest_key(key) {
            Self::Lock
        } else if row.contains_key(DIGEST) {
            Self::Digest
        } else {
            Self::Neither
        }
    }
}

/// The lock that a row is; `None` for a row that is none. A record that is no string is kept as far
/// as `DynamoDB` has bytes for it. Where there is no record, a digest stands in for it: it tells
/// this row from another one at the same key.
pub(in crate::aws) fn stored(key: &str, mut row: Item) -> Option<StoredLock> {
    if !matches!(Kind::of(key, &row), Kind::Lock) {
        return None;
    }
    let (flaw, bytes) = match (row.remove(RECORD), row.remove(DIGEST)) {
        (Some(AttributeValue::S(text)), _) => {
            return Some(StoredLock::new(LockRecord::new(text), None));
        }
        (Some(AttributeValue::N(number)), _) => (Flaw::NotAString("N"), number.into_bytes()),
        (Some(AttributeValue::B(bytes)), _) => (Flaw::NotAString("B"), bytes.into_inner()),
        (Some(other), _) => (Flaw::NotAString(type_of(&other)), Vec::new()),
        (None, Some(AttributeValue::S(digest))) if digest.len() <= RECORD_LIMIT => {
            (Flaw::DigestOnly, digest.into_bytes())
        }
        (None, Some(other)) => (Flaw::OddDigest(type_of(&other)), Vec::new()),
        (None, None) => (Flaw::Missing, Vec::new()),
    };
    Some(StoredLock::flawed(flaw, LockRecord::new(bytes), None))
}

/// `DynamoDB`'s name of a type, from its API reference, "`AttributeValue`".
fn type_of(value: &AttributeValue) -> &'static str {
    match value {
        AttributeValue::B(_) => "B",
        AttributeValue::Bool(_) => "BOOL",
        AttributeValue::Bs(_) => "BS",
        AttributeValue::L(_) => "L",
        AttributeValue::M(_) => "M",
        AttributeValue::N(_) => "N",
        AttributeValue::Ns(_) => "NS",
        AttributeValue::Null(_) => "NULL",
        AttributeValue::S(_) => "S",
        AttributeValue::Ss(_) => "SS",
        _ => "unknown",
    }
}
