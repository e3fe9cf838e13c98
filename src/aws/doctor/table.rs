//! Looks at one `DynamoDB` table.

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    KeyType, PointInTimeRecoveryStatus, TableDescription, TimeToLiveStatus,
};

use super::{partition, tries};
use crate::aws::error::Subject;
use crate::aws::locks::rows;
use crate::aws::migrations::Migrations;
use crate::aws::own::{LedgerTables, PATH, PK, SEQ, SK};
use crate::aws::session::Session;
use crate::aws::values::{Item, number, text};
use crate::error::Fault;
use crate::lock::BackendName;
use crate::ports::{ExamineTable, TableAction, TableShape, TableUse};

/// The key of an item that no table has.
const NOBODY: &str = "locktender-doctor";

/// A table of the settings.
pub(super) struct Table {
    used_for: TableUse,
    client: Client,
    name: String,
    subject: Subject,
    region: String,
    backends: Vec<BackendName>,
    /// A key at which there is no item: the calls are tried there.
    key: Vec<(&'static str, aws_sdk_dynamodb::types::AttributeValue)>,
    migrations: Option<Migrations>,
}

impl Table {
    /// One of the bot's own tables.
    pub(super) fn own(
        session: &Session,
        tables: &LedgerTables,
        name: &str,
        used_for: TableUse,
    ) -> Self {
        let (key, migrations) = match used_for {
            TableUse::Trail => (vec![(PATH, text(NOBODY)), (SEQ, number(0))], None),
            TableUse::Own | TableUse::Locks => (
                vec![(PK, text(NOBODY)), (SK, text(NOBODY))],
                Some(Migrations::connect(session, tables.clone())),
            ),
        };
        let subject = Subject::own_table(name, session.reached());
        Self {
            used_for,
            client: session.dynamodb(),
            name: name.to_owned(),
            subject,
            region: session.reached().region.clone(),
            backends: Vec::new(),
            key,
            migrations,
        }
    }

    /// A lock table, with locks of this bucket.
    pub(super) fn of_locks(
        session: &Session,
        name: &str,
        bucket: &str,
        backends: Vec<BackendName>,
    ) -> Self {
        Self {
            used_for: TableUse::Locks,
            client: session.dynamodb(),
            name: name.to_owned(),
            subject: Subject::lock_table(name, session.reached()),
            region: session.reached().region.clone(),
            backends,
            // No state has this path, since it has no key. A policy may be limited to paths of the bucket.
            key: vec![(rows::KEY, text(format!("{bucket}/")))],
            migrations: None,
        }
    }

    fn item(&self) -> Item {
        self.key.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }
}

#[async_trait]
impl ExamineTable for Table {
    fn used_for(&self) -> TableUse {
        self.used_for
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn backends(&self) -> &[BackendName] {
        &self.backends
    }

    fn arn(&self) -> String {
        format!("arn:{}:dynamodb:{}:*:table/{}", partition(&self.region), self.region, self.name)
    }

    async fn shape(&self) -> Result<TableShape, Fault> {
        let described = self.client.describe_table().table_name(&self.name).send().await;
        let allow = "allow dynamodb:DescribeTable on it";
        let described = described.map_err(|error| self.subject.fault(allow, error))?;
        Ok(described.table.map(shape).unwrap_or_default())
    }

    async fn has_backups(&self) -> Result<bool, Fault> {
        let asked = self.client.describe_continuous_backups().table_name(&self.name).send().await;
        let allow = "allow dynamodb:DescribeContinuousBackups on it";
        let answer = asked.map_err(|error| self.subject.fault(allow, error))?;
        let backups = answer.continuous_backups_description;
        let recovery = backups.and_then(|backups| backups.point_in_time_recovery_description);
        let status = recovery.and_then(|recovery| recovery.point_in_time_recovery_status);
        Ok(status == Some(PointInTimeRecoveryStatus::Enabled))
    }

    async fn expires_by(&self) -> Result<Option<String>, Fault> {
        let asked = self.client.describe_time_to_live().table_name(&self.name).send().await;
        let allow = "allow dynamodb:DescribeTimeToLive on it";
        let answer = asked.map_err(|error| self.subject.fault(allow, error))?;
        let is_on =
            |status| matches!(status, TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling);
        let expiry = answer.time_to_live_description;
        let expiry = expiry.filter(|it| it.time_to_live_status.clone().is_some_and(is_on));
        Ok(expiry.map(|expiry| expiry.attribute_name.unwrap_or_default()))
    }

    async fn allows(&self, action: TableAction) -> Result<bool, Fault> {
        tries::on_table(&self.client, &self.subject, self.item(), action).await
    }

    async fn pending(&self) -> Result<Vec<String>, Fault> {
        match &self.migrations {
            Some(migrations) => migrations.pending().await,
            None => Ok(Vec::new()),
        }
    }
}

fn shape(table: TableDescription) -> TableShape {
    let kind_of = |name: &str| {
        let mut types = table.attribute_definitions().iter();
        let of = types.find(|attribute| attribute.attribute_name() == name);
        of.map(|attribute| attribute.attribute_type().as_str().to_owned()).unwrap_or_default()
    };
    let part = |wanted: KeyType| {
        let part = table.key_schema().iter().find(|part| *part.key_type() == wanted)?;
        Some((part.attribute_name().to_owned(), kind_of(part.attribute_name())))
    };
    TableShape {
        status: table.table_status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
        key: [part(KeyType::Hash), part(KeyType::Range)].into_iter().flatten().collect(),
        is_protected: table.deletion_protection_enabled() == Some(true),
        arn: table.table_arn,
    }
}
