//! An embedded `DynamoDB` for one test, with the lock table `locks` in it.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use futures::future::try_join_all;
use locktender::aws::{AwsLocks, LedgerTables, Migrations, Patience, Sandbox, Session};
use locktender::embedded::Embedded;
use locktender::lock::BackendStores;
use locktender::lock::{Backend, BackendName, LockRecord, StatePath};

/// The name of the lock table.
pub const TABLE: &str = "locks";

/// The name of the state bucket. The bucket itself does not exist.
pub const BUCKET: &str = "states";

/// An embedded `DynamoDB` and its clients.
pub struct DynamoDb {
    embedded: Embedded,
    pub sandbox: Sandbox,
    pub client: Client,
}

impl DynamoDb {
    /// Starts an empty one, in memory.
    pub async fn start() -> Self {
        let embedded = Embedded::start(None).await.unwrap();
        let sandbox = Sandbox::open(&session(&embedded.endpoint()), TABLE).await.unwrap();
        Self { client: client(&embedded.endpoint()), sandbox, embedded }
    }

    /// Its address.
    pub fn endpoint(&self) -> String {
        self.embedded.endpoint()
    }

    /// A session of the bot's that reaches it.
    pub fn session(&self) -> Session {
        session(&self.embedded.endpoint())
    }

    /// The locks of the bucket `states` in the table `locks`.
    pub fn locks(&self) -> AwsLocks {
        AwsLocks::connect(&self.session(), vec![Self::backend()])
    }

    /// The backend of the bucket `states`, which locks in the table `locks`.
    pub fn backend() -> BackendStores {
        backend("main", BUCKET, Some(TABLE), false)
    }

    /// Creates the bot's own tables.
    pub async fn migrate(&self) {
        Migrations::connect(&self.session(), tables()).apply().await.unwrap();
    }

    /// Every row of a table.
    pub async fn rows(&self, table: &str) -> Vec<HashMap<String, AttributeValue>> {
        let mut pages = self.client.scan().table_name(table).into_paginator().items().send();
        let mut rows = Vec::new();
        while let Some(row) = pages.next().await {
            rows.push(row.unwrap());
        }
        rows
    }

    /// Takes the lock of a state as Terraform does, and returns the lock record.
    pub async fn lock(&self, key: &str) -> LockRecord {
        let path = StatePath::new(BUCKET, key).unwrap();
        let record = record(&path);
        assert!(self.sandbox.lock(&path, &record).await.unwrap(), "{path} is locked already");
        record
    }

    /// Writes a lock row with these attributes.
    pub async fn put(&self, lock_id: &str, attributes: &[(&str, AttributeValue)]) {
        let mut put = self.client.put_item().table_name(TABLE).item("LockID", text(lock_id));
        for (name, value) in attributes {
            put = put.item(*name, value.clone());
        }
        put.send().await.unwrap();
    }

    /// Puts an item into any table.
    pub async fn put_item(&self, table: &str, item: &[(&str, AttributeValue)]) {
        let mut put = self.client.put_item().table_name(table);
        for (name, value) in item {
            put = put.item(*name, value.clone());
        }
        put.send().await.unwrap();
    }

    /// Deletes a lock row, as its holder does at the end.
    pub async fn delete(&self, lock_id: &str) {
        let delete = self.client.delete_item().table_name(TABLE).key("LockID", text(lock_id));
        delete.send().await.unwrap();
    }

    /// Writes many lock rows at once, each with one attribute.
    pub async fn put_all(&self, rows: impl IntoIterator<Item = (String, &str, String)>) {
        let requests: Vec<WriteRequest> = rows
            .into_iter()
            .map(|(lock_id, name, value)| {
                let put =
                    PutRequest::builder().item("LockID", text(&lock_id)).item(name, text(&value));
                WriteRequest::builder().put_request(put.build().unwrap()).build()
            })
            .collect();
        // BatchWriteItem takes 25.
        let batches = requests.chunks(25).map(|batch| {
            self.client.batch_write_item().request_items(TABLE, batch.to_vec()).send()
        });
        try_join_all(batches).await.unwrap();
    }
}

/// The bot's own tables, by their usual names.
pub fn tables() -> LedgerTables {
    LedgerTables { table: "locktender".to_owned(), audit_table: "locktender-audit".to_owned() }
}

/// A session to a double of AWS, with timeouts for a busy machine.
pub fn session(endpoint: &str) -> Session {
    Session::at(endpoint, Patience::default())
}

/// A client that is not the bot's, so that set-up does not go through the code under test.
pub fn client(endpoint: &str) -> Client {
    use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, Region};
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(aws_smithy_http_client::tls::Provider::Rustls(
            aws_smithy_http_client::tls::rustls_provider::CryptoMode::Ring,
        ))
        .build_https();
    let config = Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .endpoint_url(endpoint)
        .http_client(http)
        .build();
    Client::from_conf(config)
}

/// A backend with Terraform's usual naming.
pub fn backend(name: &str, bucket: &str, table: Option<&str>, lockfiles: bool) -> BackendStores {
    let name = BackendName::new(name).unwrap();
    let key = "{state}/terraform.tfstate".parse().unwrap();
    let backend = Backend::new(name, bucket, key, "env:").unwrap();
    BackendStores::new(backend, table.map(str::to_owned), lockfiles).unwrap()
}

/// The lock record that Terraform would write for a state. The lock ID is derived from the path.
pub fn record(path: &StatePath) -> LockRecord {
    LockRecord::new(format!(
        r#"{{"ID":"{id}","Operation":"OperationTypeApply","Info":"","Who":"root@vm","Version":"1.11.4","Created":"2026-11-23T08:50:21.532151069Z","Path":"{path}"}}"#,
        id = &path.handle()[1..],
    ))
}

/// A string attribute.
pub fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}
