//! Creates the bot's own tables with the requests in `migrations/`, each once and in order.
//!
//! An interrupted migration is applied again: each request skips what is already there.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, TableStatus, TimeToLiveSpecification,
    TimeToLiveStatus,
};
use serde::Deserialize;
use tokio::time::sleep;

use crate::aws::error::Reached;
use crate::aws::error::Subject;
use crate::aws::own::LedgerTables;
use crate::aws::own::{OwnTable, PK, SK};
use crate::aws::session::Session;
use crate::aws::values::{Item, text, text_of};
use crate::error::{Fault, FaultKind, WriteFault};

/// Every migration with its name, sorted by name.
const ALL: [(&str, &str); 2] = [
    ("0001_requests", include_str!("../../migrations/0001_requests.json")),
    ("0002_audit_trail", include_str!("../../migrations/0002_audit_trail.json")),
];

const MIGRATION: &str = "migration";

const ALLOW_DESCRIBE: &str = "allow dynamodb:DescribeTable on it";

/// How often the status of a new table is polled, and the pause between. Creating a table takes seconds.
const LOOKS: u32 = 120;
const LOOK: Duration = Duration::from_millis(500);

/// One file of `migrations/`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Migration {
    /// For people who read the file.
    #[serde(rename = "why")]
    _why: String,
    requests: Vec<Request>,
    /// An item as the table contains it after the migration, for the tests.
    #[serde(rename = "sample")]
    _sample: serde_json::Value,
}

/// A request of the `DynamoDB` API, with the API's own names.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
enum Request {
    CreateTable(CreateTable),
    UpdateTimeToLive(UpdateTimeToLive),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CreateTable {
    table_name: String,
    attribute_definitions: Vec<Attribute>,
    key_schema: Vec<Key>,
    billing_mode: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Attribute {
    attribute_name: String,
    attribute_type: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Key {
    attribute_name: String,
    key_type: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct UpdateTimeToLive {
    table_name: String,
    time_to_live_specification: TimeToLive,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct TimeToLive {
    attribute_name: String,
    enabled: bool,
}

/// Applies the migrations.
#[derive(Debug)]
pub struct Migrations {
    client: Client,
    tables: LedgerTables,
    own: OwnTable,
    reached: Reached,
}

impl Migrations {
    /// Makes the client. Does no network I/O.
    #[must_use]
    pub fn connect(session: &Session, tables: LedgerTables) -> Self {
        let client = session.dynamodb();
        let own = OwnTable::new(session, tables.table.clone());
        Self { client, own, tables, reached: session.reached().clone() }
    }

    /// The names of the migrations that have not been applied, in order. A migration whose table no
    /// longer exists counts as not applied.
    ///
    /// # Errors
    /// A fault if the applied migrations cannot be read. A missing table is no fault: then all migrations
    /// are pending.
    pub async fn pending(&self) -> Result<Vec<String>, Fault> {
        let applied = match self.own.query(MIGRATION, None).await {
            Ok(applied) => applied,
            Err(Fault { kind: FaultKind::Missing, .. }) => Vec::new(),
            Err(fault) => return Err(fault),
        };
        let is_applied = |name: &str| applied.iter().any(|item| text_of(item, SK) == Some(name));
        let mut pending = Vec::new();
        for (name, file) in ALL {
            if !is_applied(name) || !self.has_its_tables(&self.read(file)?).await? {
                pending.push(name.to_owned());
            }
        }
        Ok(pending)
    }

    /// Whether the tables that a migration creates exist.
    async fn has_its_tables(&self, migration: &Migration) -> Result<bool, Fault> {
        for request in &migration.requests {
            let Request::CreateTable(table) = request else {
                continue;
            };
            let name = self.name(&table.table_name);
            let subject = Subject::own_table(&name, &self.reached);
            let described = self.client.describe_table().table_name(&name).send().await;
            match described.map_err(|error| subject.fault(ALLOW_DESCRIBE, error)) {
                Ok(_) => {}
                Err(Fault { kind: FaultKind::Missing, .. }) => return Ok(false),
                Err(fault) => return Err(fault),
            }
        }
        Ok(true)
    }

    fn read(&self, file: &str) -> Result<Migration, Fault> {
        serde_json::from_str(file).map_err(|error| self.own.not_understood(error))
    }

    /// Applies the pending migrations and returns their names.
    ///
    /// # Errors
    /// A fault if a request is refused. Earlier migrations stay applied.
    pub async fn apply(&self) -> Result<Vec<String>, Fault> {
        self.apply_telling(&|_| {}).await
    }

    /// As [`apply`](Self::apply), and calls `waits` with the name of a table as often as it is found to be not
    /// active yet.
    ///
    /// # Errors
    /// As for [`apply`](Self::apply).
    pub async fn apply_telling(&self, waits: &(dyn Fn(&str) + Sync)) -> Result<Vec<String>, Fault> {
        let pending = self.pending().await?;
        for (name, file) in ALL.iter().filter(|(name, _)| pending.iter().any(|p| p == name)) {
            for request in &self.read(file)?.requests {
                match request {
                    Request::CreateTable(table) => self.create(table, waits).await?,
                    Request::UpdateTimeToLive(expiry) => self.expire(expiry).await?,
                }
            }
            self.own
                .put(Item::from([
                    (PK.to_owned(), text(MIGRATION)),
                    (SK.to_owned(), text(*name)),
                    ("program".to_owned(), text(env!("CARGO_PKG_VERSION"))),
                ]))
                .await
                .map_err(WriteFault::into_fault)?;
        }
        Ok(pending)
    }

    /// The name of the table that a request names by a placeholder.
    fn name(&self, placeholder: &str) -> String {
        placeholder
            .replace("{table}", &self.tables.table)
            .replace("{audit_table}", &self.tables.audit_table)
    }

    async fn create(
        &self,
        table: &CreateTable,
        waits: &(dyn Fn(&str) + Sync),
    ) -> Result<(), Fault> {
        let name = self.name(&table.table_name);
        let subject = Subject::own_table(&name, &self.reached);
        let (attributes, keys) = schema(table).map_err(|error| subject.unexpected(error))?;
        let made = self
            .client
            .create_table()
            .table_name(&name)
            .set_attribute_definitions(Some(attributes))
            .set_key_schema(Some(keys.clone()))
            .billing_mode(BillingMode::from(table.billing_mode.as_str()))
            .send()
            .await;
        match made {
            Ok(_) => {}
            Err(error) => match error.as_service_error() {
                Some(CreateTableError::ResourceInUseException(_)) => {}
                _ => return Err(subject.fault("allow dynamodb:CreateTable on it", error)),
            },
        }
        for _ in 0..LOOKS {
            let described = self.client.describe_table().table_name(&name).send().await;
            let described = described.map_err(|error| subject.fault(ALLOW_DESCRIBE, error))?;
            let described = described
                .table
                .unwrap_or_else(|| aws_sdk_dynamodb::types::TableDescription::builder().build());
            if described.key_schema() != keys {
                return Err(subject.has_another_key());
            }
            if described.table_status() == Some(&TableStatus::Active) {
                return Ok(());
            }
            waits(&name);
            sleep(LOOK).await;
        }
        Err(subject.throttled())
    }

    async fn expire(&self, expiry: &UpdateTimeToLive) -> Result<(), Fault> {
        let name = self.name(&expiry.table_name);
        let subject = Subject::own_table(&name, &self.reached);
        let now = self.client.describe_time_to_live().table_name(&name).send().await;
        let now = now
            .map_err(|error| subject.fault("allow dynamodb:DescribeTimeToLive on it", error))?
            .time_to_live_description
            .and_then(|description| description.time_to_live_status);
        if matches!(now, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)) {
            return Ok(());
        }
        let wanted = TimeToLiveSpecification::builder()
            .attribute_name(&expiry.time_to_live_specification.attribute_name)
            .enabled(expiry.time_to_live_specification.enabled)
            .build()
            .map_err(|error| subject.unexpected(error))?;
        self.client
            .update_time_to_live()
            .table_name(&name)
            .time_to_live_specification(wanted)
            .send()
            .await
            .map_err(|error| subject.fault("allow dynamodb:UpdateTimeToLive on it", error))?;
        Ok(())
    }
}

type Schema = (Vec<AttributeDefinition>, Vec<KeySchemaElement>);

fn schema(table: &CreateTable) -> Result<Schema, BuildError> {
    let attributes = table.attribute_definitions.iter().map(|attribute| {
        AttributeDefinition::builder()
            .attribute_name(&attribute.attribute_name)
            .attribute_type(attribute.attribute_type.as_str().into())
            .build()
    });
    let keys = table.key_schema.iter().map(|key| {
        KeySchemaElement::builder()
            .attribute_name(&key.attribute_name)
            .key_type(key.key_type.as_str().into())
            .build()
    });
    Ok((attributes.collect::<Result<_, _>>()?, keys.collect::<Result<_, _>>()?))
}
