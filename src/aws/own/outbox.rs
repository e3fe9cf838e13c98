//! The outbox: undelivered notices, in the order of their events.
//!
//! After a day of failed deliveries, a notice moves from the `pk` `outbox` to `outbox#aside`. The bot does
//! not read it there, and it expires.

use async_trait::async_trait;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::Put;
use chrono::{DateTime, TimeDelta, Utc};

use crate::aws::own::LedgerTables;
use crate::aws::own::{OwnTable, PK, SK, TTL};
use crate::aws::session::Session;
use crate::aws::values::{Item, moment, number, text, text_of};
use crate::error::{Fault, WriteFault};
use crate::ports::{Due, Notice, NoticeId, Outbox};

const OUTBOX: &str = "outbox";
const ASIDE: &str = "outbox#aside";
const NOTICE: &str = "notice";
const REFUSED_SINCE: &str = "refused_since";
const WHY: &str = "why";

/// How long a notice is kept after it was set aside.
const KEPT_ASIDE: TimeDelta = TimeDelta::days(30);

/// Puts a notice into the outbox, after all earlier events. `of` and `place` distinguish notices of
/// the same moment. A retry of the write uses the same values.
pub(in crate::aws) fn put_notice(
    table: &OwnTable,
    at: DateTime<Utc>,
    of: &str,
    place: usize,
    notice: &Notice,
) -> Result<Put, Fault> {
    let id = NoticeId(format!("{}#{of}#{place}", moment(at)));
    Put::builder()
        .table_name(table.name())
        .set_item(Some(item(table, &id, notice)?))
        .build()
        .map_err(|error| table.not_understood(error))
}

fn item(table: &OwnTable, id: &NoticeId, notice: &Notice) -> Result<Item, Fault> {
    let written = serde_json::to_string(notice).map_err(|error| table.not_understood(error))?;
    Ok(Item::from([
        (PK.to_owned(), text(OUTBOX)),
        (SK.to_owned(), text(id.0.as_str())),
        (NOTICE.to_owned(), text(written)),
    ]))
}

fn due(item: &Item) -> Option<Due> {
    let id = NoticeId(text_of(item, SK)?.to_owned());
    let notice = text_of(item, NOTICE).and_then(|notice| serde_json::from_str(notice).ok());
    let refused_since = text_of(item, REFUSED_SINCE).and_then(|since| since.parse().ok());
    Some(Due { id, notice, refused_since })
}

/// The notices that are not delivered yet.
#[derive(Debug)]
pub struct AwsOutbox {
    own: OwnTable,
}

impl AwsOutbox {
    /// Makes the client. Does no network I/O.
    #[must_use]
    pub fn connect(session: &Session, tables: LedgerTables) -> Self {
        Self { own: OwnTable::new(session, tables.table) }
    }
}

#[async_trait]
impl Outbox for AwsOutbox {
    async fn due(&self, limit: usize) -> Result<Vec<Due>, Fault> {
        let items = self.own.query(OUTBOX, Some(limit)).await?;
        Ok(items.iter().filter_map(due).collect())
    }

    async fn remove(&self, id: &NoticeId) -> Result<(), Fault> {
        // Removing it twice does no harm, so a lost answer counts as a refusal.
        self.own.remove(OUTBOX, &id.0).await.map_err(WriteFault::into_fault)
    }

    async fn add(&self, id: &NoticeId, notice: &Notice) -> Result<(), Fault> {
        self.own.put(item(&self.own, id, notice)?).await.map_err(WriteFault::into_fault)
    }

    async fn set_refused_since(&self, id: &NoticeId, since: DateTime<Utc>) -> Result<(), Fault> {
        let sent = self
            .own
            .update(OUTBOX, &id.0)
            // Another process may have delivered it by now.
            .condition_expression("attribute_exists(#pk)")
            .update_expression("SET #since = :since")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_names("#since", REFUSED_SINCE)
            .expression_attribute_values(":since", text(moment(since)))
            .send()
            .await;
        match sent {
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                Ok(())
            }
            sent => sent
                .map(|_| ())
                .map_err(|error| self.own.fault("allow dynamodb:UpdateItem on it", error)),
        }
    }

    async fn set_aside(&self, id: &NoticeId, why: &str, now: DateTime<Utc>) -> Result<(), Fault> {
        // The copy is written before the original is removed. After a crash in between both exist, and the
        // next try sets the notice aside again.
        if let Some(mut item) = self.own.get(OUTBOX, &id.0).await? {
            item.insert(PK.to_owned(), text(ASIDE));
            item.insert(WHY.to_owned(), text(why));
            item.insert(TTL.to_owned(), number((now + KEPT_ASIDE).timestamp()));
            self.own.put(item).await.map_err(WriteFault::into_fault)?;
        }
        Outbox::remove(self, id).await
    }
}
