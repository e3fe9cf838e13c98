//! The lease of the replicas: one item, with `pk` `lease` and `sk` `bot`.

use std::fmt::Display;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::aws::answers::Answers;
use crate::aws::own::stored::{Odd, count};
use crate::aws::own::{LedgerTables, OwnTable, PK, SK, VERSION};
use crate::aws::session::Session;
use crate::aws::values::{Item, number, number_of, text, text_of};
use crate::error::{Fault, WriteFault};
use crate::lease::{Lease, Process, Replaces, Replica, Stored};
use crate::ports::Leases;

const LEASE: &str = "lease";
const BOT: &str = "bot";
const HOLDER: &str = "holder";
const HOST: &str = "host";
const SPACE: &str = "pid_space";
const PID: &str = "pid";
const LASTS: &str = "lasts_ms";
const FREE: &str = "free";
const CONNECTED: &str = "connected";

/// The lease in the bot's own table.
#[derive(Debug)]
pub struct AwsLease {
    own: OwnTable,
}

impl AwsLease {
    /// Makes the client. Does no network I/O.
    #[must_use]
    pub fn connect(session: &Session, tables: LedgerTables) -> Self {
        Self { own: OwnTable::new(session, tables.table) }
    }
}

#[async_trait]
impl Leases for AwsLease {
    async fn read(&self) -> Result<Stored, Fault> {
        let Some(item) = self.own.get(LEASE, BOT).await? else {
            return Ok(Stored::Nothing);
        };
        Ok(lease_of(&item).map_or_else(
            |odd| {
                let fault = self.own.odd_item(&item, odd);
                tracing::warn!(cause = fault.cause(), "the lease is not understood: {fault}");
                let version = item.get(VERSION).and_then(|version| version.as_n().ok());
                Stored::Odd(version.cloned())
            },
            Stored::Lease,
        ))
    }

    async fn write(&self, lease: &Lease, replaces: &Replaces) -> Result<bool, WriteFault> {
        let answers = Answers::default();
        let put = self.own.put_item(item_of(lease));
        let put = match replaces {
            Replaces::Nothing => put
                .condition_expression("attribute_not_exists(#pk)")
                .expression_attribute_names("#pk", PK),
            Replaces::Version(version) => if_version_is(put, version),
            Replaces::Odd(Some(version)) => if_version_is(put, version),
            Replaces::Odd(None) => put
                .condition_expression("NOT attribute_type(#version, :number)")
                .expression_attribute_names("#version", VERSION)
                .expression_attribute_values(":number", text("N")),
        };
        let Err(error) = put.customize().interceptor(answers.clone()).send().await else {
            return Ok(true);
        };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(false),
            _ => Err(answers.judge(self.own.fault("allow dynamodb:PutItem on it", error))),
        }
    }
}

fn if_version_is(put: PutItemFluentBuilder, version: impl Display) -> PutItemFluentBuilder {
    put.condition_expression("#version = :before")
        .expression_attribute_names("#version", VERSION)
        .expression_attribute_values(":before", number(version))
}

pub(in crate::aws) fn item_of(lease: &Lease) -> Item {
    let Lease { version, holder, lasts, is_free, is_connected } = lease;
    let Replica { id, host, process } = holder;
    let mut item = Item::from([
        (PK.to_owned(), text(LEASE)),
        (SK.to_owned(), text(BOT)),
        (VERSION.to_owned(), number(version)),
        (HOLDER.to_owned(), text(id)),
        (HOST.to_owned(), text(host)),
        (LASTS.to_owned(), number(lasts.as_millis())),
        (FREE.to_owned(), AttributeValue::Bool(*is_free)),
        (CONNECTED.to_owned(), AttributeValue::Bool(*is_connected)),
    ]);
    if let Some(Process { space, pid }) = process {
        item.insert(SPACE.to_owned(), text(space));
        item.insert(PID.to_owned(), number(pid));
    }
    item
}

pub(in crate::aws) fn lease_of(item: &Item) -> Result<Lease, Odd> {
    let of = |name| text_of(item, name).map(str::to_owned).ok_or(Odd::Missing(name));
    let is = |name| {
        item.get(name).and_then(|value| value.as_bool().ok()).copied().ok_or(Odd::Missing(name))
    };
    let pid = number_of(item, PID).and_then(|pid| u32::try_from(pid).ok());
    let process = of(SPACE).ok().zip(pid).map(|(space, pid)| Process { space, pid });
    Ok(Lease {
        version: count(item, VERSION)?,
        holder: Replica { id: of(HOLDER)?, host: of(HOST)?, process },
        lasts: Duration::from_millis(count(item, LASTS)?),
        is_free: is(FREE)?,
        is_connected: is(CONNECTED)?,
    })
}
