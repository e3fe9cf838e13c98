//! The `DynamoDB` of all figures, with a small and a large lock table.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use chrono::{DateTime, TimeDelta, Utc};
use futures::stream::{self, StreamExt};
use locktender::aws::{LedgerTables, Migrations, Patience, Sandbox, Session};
use locktender::clock::SystemClock;
use locktender::embedded::Embedded;
use locktender::ports::Clock;

use crate::bare;

/// The lock table of a small team: 100 rows, 20 of them locks.
pub const TABLE: &str = "locks";

/// A large lock table: 5,000 rows, 1,000 of them locks.
pub const LARGE_TABLE: &str = "many-locks";

/// How many locks the large table has.
pub const LARGE_LOCKS: usize = 1_000;

/// The bucket of the states.
pub const BUCKET: &str = "states";

/// The state that is asked about. It is locked in both tables.
pub const STATE: &str = "team-0/service-0/prod";

/// Another state that is locked in both tables.
pub const OTHER_STATE: &str = "team-0/service-1/staging";

/// The lock ID of that state. An answer must contain it.
pub const LOCK_ID: &str = "1f6e7bc2-0ede-e7d2-69ce-000000000000";

/// The age of the locks of both tables at the start.
pub const HELD: TimeDelta = TimeDelta::hours(1);

/// A `DynamoDB` in this process.
pub struct Store {
    embedded: Embedded,
}

impl Store {
    /// Starts it and fills both tables.
    pub async fn start() -> Self {
        let store = Self { embedded: Embedded::start(None).await.unwrap() };
        store.fill(TABLE, 100, 20).await;
        store.fill(LARGE_TABLE, 5_000, LARGE_LOCKS).await;
        store
    }

    /// The port at which it listens.
    pub fn port(&self) -> u16 {
        self.embedded.endpoint().rsplit(':').next().unwrap().parse().unwrap()
    }

    /// Its address.
    pub fn endpoint(&self) -> String {
        self.embedded.endpoint()
    }

    /// A session for the library to use it.
    pub fn session(&self) -> Session {
        Session::at(&self.embedded.endpoint(), Patience::default())
    }

    /// Environment variables with which the SDK and the AWS CLI use it.
    pub fn aws_variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT_URL", self.embedded.endpoint()),
            ("AWS_REGION", "us-east-1".to_owned()),
            // Version 1 of the CLI reads only this one.
            ("AWS_DEFAULT_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "bench".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "bench".to_owned()),
        ]
    }

    /// Environment variables with which the program uses one of its lock tables, and the bot's own
    /// tables that belong to it.
    pub fn variables(&self, table: &str) -> Vec<(&'static str, String)> {
        let mut variables = self.aws_variables();
        let own = own_tables(table);
        variables.push(("LOCKTENDER_TABLE", own.table));
        variables.push(("LOCKTENDER_AUDIT_TABLE", own.audit_table));
        variables.push(("LOCKTENDER_STATE_BUCKET", BUCKET.to_owned()));
        variables.push(("LOCKTENDER_LOCK_TABLE", table.to_owned()));
        variables
    }

    async fn fill(&self, table: &str, rows: usize, locks: usize) {
        Sandbox::open(&self.session(), table).await.unwrap();
        self.make_own_tables(table).await;
        let rows: Vec<WriteRequest> = (0..rows).map(|at| row(at, at < locks)).collect();
        self.write(table, &rows).await;
    }

    /// Writes all of these rows.
    pub async fn write(&self, table: &str, rows: &[WriteRequest]) {
        let client = self.client();
        // BatchWriteItem takes at most 25.
        let batches = rows
            .chunks(25)
            .map(|batch| client.batch_write_item().request_items(table, batch.to_vec()).send());
        stream::iter(batches)
            .for_each_concurrent(4, async |write| drop(write.await.unwrap()))
            .await;
    }

    /// Creates the bot's own tables for a lock table, or for a measurement of this name.
    pub async fn make_own_tables(&self, of: &str) {
        Migrations::connect(&self.session(), own_tables(of)).apply().await.unwrap();
    }

    /// Makes the lease of the small table one of another machine, where nobody can see whether a process has ended.
    pub async fn move_lease_elsewhere(&self) {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let update = self.client().update_item().table_name(own_tables(TABLE).table);
        let update = update.key("pk", text("lease")).key("sk", text("bot"));
        let update = update.update_expression("SET pid_space = :elsewhere");
        update.expression_attribute_values(":elsewhere", text("elsewhere")).send().await.unwrap();
    }

    /// A client that is not part of any measurement.
    pub fn client(&self) -> Client {
        use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, Region};
        let config = Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(Credentials::new("bench", "bench", None, None, "bench"))
            .endpoint_url(self.embedded.endpoint())
            .http_client(bare::http_client());
        Client::from_conf(config.build())
    }
}

/// The bot's own tables that belong to a lock table.
pub fn own_tables(of: &str) -> LedgerTables {
    LedgerTables { table: format!("bot-{of}"), audit_table: format!("audit-{of}") }
}

/// The `LockID` of the state that is asked about.
pub fn lock_row() -> String {
    format!("{BUCKET}/{STATE}/terraform.tfstate")
}

/// A row as Terraform writes it: a lock, or the digest of a free state.
fn row(at: usize, locked: bool) -> WriteRequest {
    let stage = ["prod", "staging", "qa", "dev", "sandbox"][at % 5];
    let path = format!("{BUCKET}/team-{}/service-{}/{stage}/terraform.tfstate", at / 50, at % 50);
    let text = |value: String| AttributeValue::S(value);
    let put = if locked {
        PutRequest::builder()
            .item("LockID", text(path.clone()))
            .item("Info", text(record(at, &holder(at), SystemClock.now() - HELD, &path)))
    } else {
        let digest = format!("{at:032x}");
        PutRequest::builder()
            .item("LockID", text(format!("{path}-md5")))
            .item("Digest", text(digest))
    };
    WriteRequest::builder().put_request(put.build().unwrap()).build()
}

/// A lock record as Terraform writes it. `number` becomes part of the lock ID.
pub fn record(number: usize, who: &str, created: DateTime<Utc>, path: &str) -> String {
    let created = created.to_rfc3339();
    format!(
        r#"{{"ID":"1f6e7bc2-0ede-e7d2-69ce-{number:012x}","Operation":"OperationTypeApply","Info":"","Who":"{who}","Version":"1.11.4","Created":"{created}","Path":"{path}"}}"#
    )
}

/// The holder of the lock with this number, in both tables.
pub fn holder(number: usize) -> String {
    format!("jjoyner@ci-runner-{number}")
}
