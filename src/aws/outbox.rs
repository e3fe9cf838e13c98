//! What people are still to be told, as items in the order in which it happened.

use async_trait::async_trait;
use aws_sdk_dynamodb::types::Put;
use chrono::{DateTime, SecondsFormat, Utc};

use super::AwsLedger;
use super::own::{OwnTable, PK, SK};
use super::values::{Item, text, text_of};
use crate::error::{Fault, WriteFault};
use crate::ports::{Notice, NoticeId, Outbox};

const OUTBOX: &str = "outbox";
const NOTICE: &str = "notice";

/// Puts a notice into the outbox, after all that happened before. `of` and `place` tell notices of
/// one moment apart; they are the same when a write is tried again.
pub(super) fn put_notice(
    table: &OwnTable,
    at: DateTime<Utc>,
    of: &str,
    place: usize,
    notice: &Notice,
) -> Result<Put, Fault> {
    let at = at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let written = serde_json::to_string(notice).map_err(|error| table.not_understood(error))?;
    let item = Item::from([
        (PK.to_owned(), text(OUTBOX)),
        (SK.to_owned(), text(format!("{at}#{of}#{place}"))),
        (NOTICE.to_owned(), text(written)),
    ]);
    Put::builder()
        .table_name(table.name())
        .set_item(Some(item))
        .build()
        .map_err(|error| table.not_understood(error))
}

#[async_trait]
impl Outbox for AwsLedger {
    async fn due(&self, limit: usize) -> Result<Vec<(NoticeId, Notice)>, Fault> {
        let read = |item: Item| {
            let id = text_of(&item, SK)?.to_owned();
            match serde_json::from_str(text_of(&item, NOTICE)?) {
                Ok(notice) => Some((NoticeId(id), notice)),
                Err(error) => {
                    // Of a newer version, which is to deliver it; what comes after it need not wait.
                    tracing::warn!(id, %error, "a notice is not understood");
                    None
                }
            }
        };
        let items = self.own.query(OUTBOX, Some(limit)).await?;
        Ok(items.into_iter().filter_map(read).collect())
    }

    async fn strike(&self, id: &NoticeId) -> Result<(), Fault> {
        // Striking out again does no harm, so a lost answer is like a refusal.
        self.own.remove(OUTBOX, &id.0).await.map_err(WriteFault::into_fault)
    }
}
