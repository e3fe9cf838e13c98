//! Locks stored as rows of a `DynamoDB` table.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::scan::builders::ScanFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::aws::error::Subject;
use crate::aws::locks::Sighting;
use crate::aws::reads::Reads;
use crate::aws::session::Session;
use crate::aws::values::{Item, text_of};
use crate::error::Fault;
use crate::lock::{Flaw, LockRecord, RECORD_LIMIT, StatePath, StoredLock, is_digest_key};
use crate::text::{LONG, clip, visible};

/// The lock table's key, and the attributes that distinguish its rows (Terraform's `s3/client.go`).
pub(in crate::aws) const KEY: &str = "LockID";
pub(in crate::aws) const RECORD: &str = "Info";
pub(in crate::aws) const DIGEST: &str = "Digest";

/// Rows in one page of the scan for state names.
const SEEN_PAGE: i32 = 500;

/// A lock table, which may serve several backends.
#[derive(Debug)]
pub(in crate::aws) struct LockTable {
    name: String,
    subject: Subject,
    reads: Reads,
    client: Client,
    /// Whether a row that is neither a lock nor a digest was logged. Every scan finds it again.
    odd_row_logged: AtomicBool,
}

/// The digests of a bucket's states, and its states that are locked by a row.
#[derive(Debug, Default)]
pub(super) struct DigestRows {
    pub(super) digests: BTreeMap<StatePath, String>,
    pub(super) locked: BTreeSet<StatePath>,
}

impl LockTable {
    pub(in crate::aws) fn new(session: &Session, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            subject: Subject::lock_table(name, session.reached()),
            reads: session.reads(),
            client: session.dynamodb(),
            odd_row_logged: AtomicBool::new(false),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The lock row of one state, read strongly consistently.
    pub(in crate::aws) async fn get(&self, path: &StatePath) -> Result<Option<StoredLock>, Fault> {
        let row = self.row(path.as_str()).await?;
        Ok(row.and_then(|row| stored(path.as_str(), row)))
    }

    /// Whether the state has a digest row, which means that Terraform has written it through this
    /// table.
    pub(super) async fn has_digest(&self, path: &StatePath) -> Result<bool, Fault> {
        let key = path.digest_row();
        let row = self.row(&key).await?;
        Ok(row.is_some_and(|row| matches!(Kind::of(&key, &row), Kind::Digest)))
    }

    /// The digest of a state, if there is one.
    pub(super) async fn digest(&self, path: &StatePath) -> Result<Option<String>, Fault> {
        let key = path.digest_row();
        let row = self.row(&key).await?;
        let row = row.filter(|row| matches!(Kind::of(&key, row), Kind::Digest));
        Ok(row.and_then(|row| text_of(&row, DIGEST).map(str::to_owned)))
    }

    /// The digests of the states in a bucket, and the states there that are locked by a row.
    pub(super) async fn digests(&self, bucket: &str) -> Result<DigestRows, Fault> {
        let mut rows = DigestRows::default();
        self.each_row(self.scan().consistent_read(true), |key, row| match Kind::of(&key, &row) {
            Kind::Digest => {
                let path = StatePath::of_digest_row(&key).filter(|path| path.bucket() == bucket);
                if let Some((path, digest)) = path.zip(text_of(&row, DIGEST)) {
                    rows.digests.insert(path, digest.to_owned());
                }
            }
            Kind::Lock => rows.locked.extend(StatePath::parse(&key)),
            Kind::Neither => {}
        })
        .await?;
        Ok(rows)
    }

    async fn row(&self, key: &str) -> Result<Option<Item>, Fault> {
        self.reads.get(&self.subject, vec![(KEY, key.to_owned())]).await
    }

    /// Every lock row of the table, for all buckets. Each row is read strongly consistently.
    ///
    /// Digest rows are removed here and not by a filter of the scan. A filter cannot test the end
    /// of a key, so it would also drop some locks. It would not save read units either.
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

    /// The states whose locks or digests are in the table. A state may appear twice. The read is eventually
    /// consistent, at half the price, since this is only for finding names.
    pub(super) async fn seen(&self) -> Result<Vec<Sighting>, Fault> {
        let mut seen = Vec::new();
        // Small pages, since no command waits for them, and a full page of 1 MB would stay in
        // memory.
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

    /// Calls `row` with every row and its key, over all pages. Continues after empty pages.
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

/// The kind of a row in a lock table.
enum Kind {
    /// It blocks Terraform, whether or not it can be read.
    Lock,
    /// The digest of a state's content.
    Digest,
    /// It has a digest's key but no digest. Terraform writes no such row.
    Neither,
}

impl Kind {
    /// Terraform writes a lock under the condition `attribute_not_exists(LockID)`, so any row at a
    /// state's own `LockID` blocks it. Only a row with a digest's key and without a record may be
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

/// The lock in a row. `None` if the row is not a lock. A record that is not a string keeps its
/// bytes if its type has any. If there is no record, a digest takes its place to distinguish this
/// row from another one at the same key.
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

/// `DynamoDB`'s name for a type, from its API reference, "`AttributeValue`".
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
