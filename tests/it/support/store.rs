//! Buckets and lock tables in moto, read and written with raw requests.

use std::fmt::Write;

use serde_json::{Value, json};

use super::endpoint::{Endpoint, Request, Response};

/// A DynamoDB table as Terraform needs it: one key, `LockID`, a string.
///
/// Rows are items in DynamoDB's JSON, `{"LockID":{"S":"…"},"Info":{"S":"…"}}`, so that a test can also
/// write rows that Terraform never writes.
#[derive(Clone, Debug)]
pub struct LockTable {
    endpoint: Endpoint,
    pub name: String,
}

impl LockTable {
    pub async fn create(endpoint: Endpoint, name: impl Into<String>) -> Self {
        let table = Self { endpoint, name: name.into() };
        let key = json!({
            "KeySchema": [{"AttributeName": "LockID", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "LockID", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
        });
        table.call("CreateTable", key).await;
        table
    }

    pub async fn put(&self, item: &Value) {
        self.call("PutItem", json!({ "Item": item })).await;
    }

    pub async fn get(&self, lock_id: &str) -> Option<Value> {
        let key = json!({ "Key": key(lock_id), "ConsistentRead": true });
        self.call("GetItem", key).await.get("Item").cloned()
    }

    pub async fn delete(&self, lock_id: &str) {
        self.call("DeleteItem", json!({ "Key": key(lock_id) })).await;
    }

    /// Every row, sorted by `LockID`, so that two readings can be compared.
    pub async fn rows(&self) -> Vec<Value> {
        let mut rows = Vec::new();
        let mut request = json!({ "ConsistentRead": true });
        loop {
            let mut page = self.call("Scan", request.clone()).await;
            rows.append(page["Items"].as_array_mut().expect("Scan answers Items"));
            match page.get("LastEvaluatedKey") {
                Some(last) => request["ExclusiveStartKey"] = last.clone(),
                None => break,
            }
        }
        rows.sort_by_cached_key(|row| row["LockID"]["S"].as_str().map(str::to_owned));
        rows
    }

    async fn call(&self, operation: &str, mut body: Value) -> Value {
        body["TableName"] = json!(self.name);
        let body = body.to_string();
        let request = Request {
            service: "dynamodb",
            method: "POST",
            target: "/",
            headers: &[
                ("Content-Type", "application/x-amz-json-1.0"),
                ("X-Amz-Target", &format!("DynamoDB_20120810.{operation}")),
            ],
            body: body.as_bytes(),
        };
        let answer = self.endpoint.send(request).await;
        accept(&format!("{operation} on {}", self.name), &answer, &[200]);
        serde_json::from_slice(&answer.body).expect("DynamoDB answers JSON")
    }
}

fn key(lock_id: &str) -> Value {
    json!({ "LockID": { "S": lock_id } })
}

#[derive(Clone, Debug)]
pub struct Bucket {
    endpoint: Endpoint,
    pub name: String,
}

/// The number of versions and delete markers of one key.
#[derive(Debug, PartialEq, Eq)]
pub struct History {
    pub versions: usize,
    pub delete_markers: usize,
}

impl Bucket {
    pub async fn create(endpoint: Endpoint, name: impl Into<String>) -> Self {
        let bucket = Self { endpoint, name: name.into() };
        bucket.call("PUT", "", b"", &[200]).await;
        bucket
    }

    pub async fn enable_versioning(&self) {
        let enabled = br#"<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status></VersioningConfiguration>"#;
        self.call("PUT", "?versioning", enabled, &[200]).await;
    }

    pub async fn put(&self, key: &str, body: &[u8]) {
        self.call("PUT", &object(key), body, &[200]).await;
    }

    pub async fn get(&self, key: &str) -> Option<Vec<u8>> {
        let answer = self.call("GET", &object(key), b"", &[200, 404]).await;
        (answer.status == 200).then_some(answer.body)
    }

    /// Deletes without a version. A versioned bucket adds a delete marker. A missing key is no error.
    pub async fn delete(&self, key: &str) {
        self.call("DELETE", &object(key), b"", &[204]).await;
    }

    pub async fn history(&self, key: &str) -> History {
        let target = format!("?versions&prefix={}", percent_encoded(key));
        let answer = self.call("GET", &target, b"", &[200]).await;
        let listing = String::from_utf8(answer.body).expect("S3 answers UTF-8");
        History {
            versions: listing.matches("<Version>").count(),
            delete_markers: listing.matches("<DeleteMarker>").count(),
        }
    }

    async fn call(&self, method: &str, rest: &str, body: &[u8], expected: &[u16]) -> Response {
        let target = format!("/{}{rest}", self.name);
        let request = Request { service: "s3", method, target: &target, headers: &[], body };
        let answer = self.endpoint.send(request).await;
        accept(&format!("{method} {target}"), &answer, expected);
        answer
    }
}

fn object(key: &str) -> String {
    format!("/{}", percent_encoded(key))
}

/// Encodes all bytes except unreserved characters and slashes.
fn percent_encoded(key: &str) -> String {
    key.bytes().fold(String::new(), |mut encoded, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                encoded.push(char::from(byte));
            }
            _ => write!(encoded, "%{byte:02X}").expect("a String takes all"),
        }
        encoded
    })
}

fn accept(what: &str, answer: &Response, expected: &[u16]) {
    assert!(
        expected.contains(&answer.status),
        "{what}: {} {}",
        answer.status,
        String::from_utf8_lossy(&answer.body)
    );
}
