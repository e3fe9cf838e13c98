//! The audit table. Tests write and change entries here without the program.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use futures::future::try_join_all;
use locktender::audit::{Action, Draft, Entry, Hash, Tail, canonical};
use locktender::lock::{LockRecord, LockState, StatePath, StoredLock, Stores};
use locktender::people::{EventId, Person, RequestId, UserId};
use serde_json::{Map, Value, json};

use super::dynamodb::{DynamoDb, record, tables, text};
use super::given::NOW;

/// The audit table, as an attacker with write access has it.
pub struct TrailTable {
    pub client: Client,
    pub name: String,
}

/// A chain of entries such as requests make, about 1,500 bytes each.
pub fn chain(path: &str, length: usize) -> Vec<Entry> {
    let path = StatePath::parse(path).unwrap();
    let row = StoredLock::new(LockRecord::new(record(&path).as_bytes()), None);
    let expected = Stores { row: true, lockfile: false };
    let draft = |at: usize| Draft {
        at: NOW.parse().unwrap(),
        action: [Action::Opened, Action::Approved, Action::UnlockDone][at % 3],
        actor: Some(Person { id: UserId::new(7), name: "alice".to_owned() }),
        request: RequestId::of(EventId::new(u64::try_from(at / 3).unwrap())),
        state: serde_json::from_value(json!({"name": "x", "path": path, "backend": "main"}))
            .unwrap(),
        lock: LockState::from_stores(expected, Some(row.clone()), None),
        reason: Some("the runner died ".repeat(60)),
        detail: None,
    };
    Tail::default().append(&(0..length).map(draft).collect::<Vec<_>>())
}

/// A changed entry whose hash matches its changed fields.
pub fn forged(entry: &Entry, edit: impl FnOnce(&mut Map<String, Value>)) -> Entry {
    let mut fields = entry.fields().clone();
    edit(&mut fields);
    fields.remove("hash");
    let hash = Hash::of(canonical(&fields));
    fields.insert("hash".to_owned(), json!(hash));
    Entry::read(fields)
}

impl TrailTable {
    /// The audit table of an embedded `DynamoDB`.
    pub fn of(db: &DynamoDb) -> Self {
        Self { client: db.client.clone(), name: tables().audit_table }
    }

    /// Writes an entry, and overwrites the entry in its place.
    pub async fn put(&self, entry: &Entry) {
        let put = self.client.put_item().table_name(&self.name);
        put.set_item(Some(item(entry))).send().await.unwrap();
    }

    /// Writes many entries in batches, in no fixed order.
    pub async fn put_all(&self, entries: &[Entry]) {
        let requests: Vec<WriteRequest> = entries
            .iter()
            .map(|entry| {
                let put = PutRequest::builder().set_item(Some(item(entry))).build().unwrap();
                WriteRequest::builder().put_request(put).build()
            })
            .collect();
        // BatchWriteItem takes 25.
        let batches = requests.chunks(25).map(|batch| {
            let write = self.client.batch_write_item();
            write.request_items(&self.name, batch.to_vec()).send()
        });
        try_join_all(batches).await.unwrap();
    }

    /// Sets one attribute of an entry.
    pub async fn set(&self, path: &str, seq: u64, attribute: &str, value: AttributeValue) {
        self.client
            .update_item()
            .table_name(&self.name)
            .key("path", text(path))
            .key("seq", AttributeValue::N(seq.to_string()))
            .update_expression("SET #attribute = :value")
            .expression_attribute_names("#attribute", attribute)
            .expression_attribute_values(":value", value)
            .send()
            .await
            .unwrap();
    }

    /// Deletes an entry.
    pub async fn delete(&self, path: &str, seq: u64) {
        self.client
            .delete_item()
            .table_name(&self.name)
            .key("path", text(path))
            .key("seq", AttributeValue::N(seq.to_string()))
            .send()
            .await
            .unwrap();
    }
}

/// An entry as an item, without the program's own encoding.
pub fn item(entry: &Entry) -> HashMap<String, AttributeValue> {
    entry.fields().iter().map(|(name, value)| (name.clone(), attribute(value))).collect()
}

fn attribute(value: &Value) -> AttributeValue {
    match value {
        Value::Null => AttributeValue::Null(true),
        Value::String(string) => text(string),
        Value::Number(number) => AttributeValue::N(number.to_string()),
        Value::Object(fields) => AttributeValue::M(
            fields.iter().map(|(name, value)| (name.clone(), attribute(value))).collect(),
        ),
        other => panic!("no entry has {other}"),
    }
}
