//! Locks that are rows of a `DynamoDB` table.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::scan::builders::ScanFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;

use super::Sighting;
use super::error::Subject;
use crate::error::Fault;
use crate::lock::{Flaw, LockRecord, StatePath, StoredLock};

/// The lock table's key, and the attributes that tell its rows apart (Terraform's `s3/client.go`).
pub(super) const KEY: &str = "LockID";
pub(super) const RECORD: &str = "Info";
pub(super) const DIGEST: &str = "Digest";

/// Rows that are locks, and those that no lock table can have, so that a table of another kind is
/// an error and not an empty list. A digest row has a `Digest` and no `Info`; its key tells nothing.
const LOCKS: &str = "NOT attribute_type(#key, :string) \
    OR attribute_exists(#record) OR attribute_not_exists(#digest)";

/// Rows of one page of the scan for names.
const SEEN_PAGE: i32 = 500;

type Row = HashMap<String, AttributeValue>;

/// A lock table, which may serve several backends.
#[derive(Debug)]
pub(super) struct LockTable {
    name: String,
    subject: Subject,
    client: Client,
}

impl LockTable {
    pub(super) fn new(client: Client, name: &str, region: &str) -> Self {
        Self { name: name.to_owned(), subject: Subject::lock_table(name, region), client }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The lock row of one state, read strongly consistently.
    pub(super) async fn get(&self, path: &StatePath) -> Result<Option<StoredLock>, Fault> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.name)
            .key(KEY, AttributeValue::S(path.as_str().to_owned()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| self.subject.fault("allow dynamodb:GetItem on it", error))?;
        Ok(answer.item.and_then(stored))
    }

    /// Every lock row of the table, whichever bucket it is for, each row strongly consistent.
    pub(super) async fn list(&self) -> Result<Vec<(StatePath, StoredLock)>, Fault> {
        let scan = self.scan().consistent_read(true).filter_expression(LOCKS);
        let scan = scan.expression_attribute_values(":string", AttributeValue::S("S".to_owned()));
        let mut locks = Vec::new();
        self.each_row(scan, |key, row| {
            if let (Ok(path), Some(stored)) = (StatePath::parse(&key), stored(row)) {
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
            let held = is_lock(&row);
            let path =
                if held { StatePath::parse(&key).ok() } else { StatePath::of_digest_row(&key) };
            seen.extend(path.map(|path| Sighting { path, held }));
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

    /// Hands over every row with its key, over all pages, also past empty ones.
    async fn each_row(
        &self,
        scan: ScanFluentBuilder,
        mut row: impl FnMut(String, Row),
    ) -> Result<(), Fault> {
        let mut pages = scan.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page =
                page.map_err(|error| self.subject.fault("allow dynamodb:Scan on it", error))?;
            for mut item in page.items.unwrap_or_default() {
                let Some(AttributeValue::S(key)) = item.remove(KEY) else {
                    return Err(self.subject.has_another_key());
                };
                row(key, item);
            }
        }
        Ok(())
    }
}

fn is_lock(row: &Row) -> bool {
    row.contains_key(RECORD) || !row.contains_key(DIGEST)
}

/// The lock that a row is; `None` for a digest row. A record that is no string is kept as far as
/// `DynamoDB` has bytes for it.
pub(super) fn stored(mut row: Row) -> Option<StoredLock> {
    if !is_lock(&row) {
        return None;
    }
    let (flaw, bytes) = match row.remove(RECORD) {
        Some(AttributeValue::S(text)) => return Some(StoredLock::new(LockRecord::new(text), None)),
        Some(AttributeValue::N(number)) => (Flaw::NotAString("N"), number.into_bytes()),
        Some(AttributeValue::B(bytes)) => (Flaw::NotAString("B"), bytes.into_inner()),
        Some(other) => (Flaw::NotAString(type_of(&other)), Vec::new()),
        None => (Flaw::Missing, Vec::new()),
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
