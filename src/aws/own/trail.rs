//! The audit trail in its own table, and its checkpoints in the bot's table.

use std::ops::ControlFlow;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use chrono::{DateTime, TimeDelta, Utc};

use crate::audit::{Checkpoint, DamagedCheckpoint, Entry, Heads, Tail, digest};
use crate::aws::own::LedgerTables;
use crate::aws::own::audit_table::AuditTable;
use crate::aws::own::outbox::put_notice;
use crate::aws::own::stored::{Odd, json};
use crate::aws::own::{OwnTable, PK, SK, TTL};
use crate::aws::session::Session;
use crate::aws::values::{Item, number, text, text_of};
use crate::error::{Fault, WriteFault};
use crate::lock::StatePath;
use crate::ports::{Extent, Notice, Trail};

/// The key and attributes of the last checkpoint, and of the chain heads of every checkpoint.
const CHECKPOINT: &str = "checkpoint";
const LAST: &str = "last";
const AT: &str = "at";
const HEADS: &str = "heads";

/// The name of the last checkpoint's heads: the time when they were stored, a `#`, and the digest
/// of all of them. An earlier version wrote only the time. Time and digest share one attribute, so
/// that version cannot change one and leave the other.
const HEADS_AT: &str = "heads_at";

/// Bytes of JSON with heads in one item. An item is limited to 400 KiB.
const PART: usize = 200 * 1024;

/// How long the heads of a checkpoint are kept: far longer than the bot is ever down.
const KEPT: TimeDelta = TimeDelta::days(400);

/// The append-only audit trail.
#[derive(Debug)]
pub struct AwsTrail {
    audit: AuditTable,
    own: OwnTable,
}

impl AwsTrail {
    /// Makes the client. Does no network I/O.
    #[must_use]
    pub fn connect(session: &Session, tables: LedgerTables) -> Self {
        Self {
            audit: AuditTable::new(session, tables.audit_table),
            own: OwnTable::new(session, tables.table),
        }
    }

    /// The end of a path's chain, where the next entry is appended.
    pub(in crate::aws) async fn tail(&self, path: &StatePath) -> Result<Tail, Fault> {
        self.audit.tail(path).await
    }

    /// The heads that were stored under this name, if they are unchanged.
    async fn heads(&self, kept: &str) -> Result<Result<Heads, DamagedCheckpoint>, Fault> {
        let (of, expected) = match kept.split_once('#') {
            Some((of, digest)) => (of, Some(digest)),
            None => (kept, None),
        };
        let parts = self.own.query(&parts(kept), None).await?;
        let heads: Result<Vec<Heads>, Odd> = parts.iter().map(|part| json(part, HEADS)).collect();
        let heads = heads.map(|parts| parts.into_iter().flatten().collect::<Heads>());
        Ok(match (heads, expected) {
            (Ok(heads), Some(expected)) if digest(&heads).as_str() == expected => Ok(heads),
            // Every checkpoint has at least one part.
            (Ok(heads), None) if !parts.is_empty() => Ok(heads),
            _ => Err(DamagedCheckpoint { of: of.to_owned() }),
        })
    }

    /// Stores heads and returns their name.
    async fn put_heads(&self, at: DateTime<Utc>, heads: &Heads) -> Result<String, WriteFault> {
        let kept = format!("{}#{}", at.to_rfc3339(), digest(heads));
        for (place, part) in in_parts(heads).iter().enumerate() {
            let part =
                serde_json::to_string(part).map_err(|error| self.own.not_understood(error))?;
            let item = Item::from([
                (PK.to_owned(), text(parts(&kept))),
                (SK.to_owned(), text(format!("{place:06}"))),
                (HEADS.to_owned(), text(part)),
                (TTL.to_owned(), number((at + KEPT).timestamp())),
            ]);
            self.own.put(item).await?;
        }
        Ok(kept)
    }
}

fn parts(kept: &str) -> String {
    format!("{CHECKPOINT}#{kept}")
}

/// Splits the heads into parts that each fit into an item.
fn in_parts(heads: &Heads) -> Vec<Heads> {
    let mut parts = Vec::new();
    let mut part = Heads::new();
    let mut size = 0;
    for (path, tail) in heads {
        // Escaping can make a path six times as long. A head needs about 100 bytes besides its
        // path.
        let more = 6 * path.len() + 200;
        if size + more > PART && !part.is_empty() {
            parts.push(std::mem::take(&mut part));
            size = 0;
        }
        size += more;
        part.insert(path.clone(), tail.clone());
    }
    parts.push(part);
    parts
}

#[async_trait]
impl Trail for AwsTrail {
    async fn newest(
        &self,
        path: &StatePath,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Entry>, Fault> {
        self.audit.newest(path, before, limit).await
    }

    async fn each(
        &self,
        extent: Extent<'_>,
        each: &mut (dyn FnMut(Entry) -> ControlFlow<()> + Send),
    ) -> Result<(), Fault> {
        self.audit.each(extent, each).await
    }

    fn segments(&self) -> u8 {
        self.audit.segments()
    }

    async fn checkpoint(&self) -> Result<Option<Checkpoint>, Fault> {
        let Some(last) = self.own.get(CHECKPOINT, LAST).await? else {
            return Ok(None);
        };
        let at = text_of(&last, AT).and_then(|at| at.parse().ok());
        let at = at.ok_or_else(|| self.own.odd_item(&last, Odd::Missing(AT)))?;
        let heads = match text_of(&last, HEADS_AT) {
            Some(kept) => self.heads(kept).await?,
            None => Ok(Heads::new()),
        };
        Ok(Some(Checkpoint { at, heads }))
    }

    async fn set_checkpoint(
        &self,
        at: DateTime<Utc>,
        heads: Option<&Heads>,
        announcement: &Notice,
    ) -> Result<bool, WriteFault> {
        let last = self.own.get(CHECKPOINT, LAST).await?;
        let before = last.as_ref().and_then(|last| text_of(last, AT));
        let made = before.and_then(|made| made.parse::<DateTime<Utc>>().ok());
        if made.is_some_and(|made| made.date_naive() == at.date_naive()) {
            return Ok(false);
        }
        let mut next = last.clone().unwrap_or_default();
        next.insert(PK.to_owned(), text(CHECKPOINT));
        next.insert(SK.to_owned(), text(LAST));
        next.insert(AT.to_owned(), text(at.to_rfc3339()));
        if let Some(heads) = heads {
            // The heads are stored before the checkpoint refers to them.
            let kept = self.put_heads(at, heads).await?;
            next.insert(HEADS_AT.to_owned(), text(kept));
        }
        let put = Put::builder().table_name(self.own.name()).set_item(Some(next));
        let put = match before {
            None => put
                .condition_expression("attribute_not_exists(#pk)")
                .expression_attribute_names("#pk", PK),
            Some(before) => put
                .condition_expression("#at = :before")
                .expression_attribute_names("#at", AT)
                .expression_attribute_values(":before", text(before)),
        };
        let put = put.build().map_err(|error| self.own.not_understood(error))?;
        let announce = put_notice(&self.own, at, CHECKPOINT, 0, announcement)?;
        // If the condition fails, another replica was first and has announced its checkpoint.
        let items = [put, announce].map(|put| TransactWriteItem::builder().put(put).build());
        Ok(self.own.transact(items.to_vec()).await?.is_written())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_put_into_parts_that_fit_and_none_is_lost() {
        let path = |n: usize| format!("bucket/{}/{n}", "x".repeat(1_000));
        for count in [0, 1, 40, 500] {
            let heads: Heads = (0..count).map(|n| (path(n), Tail::default())).collect();
            let parts = in_parts(&heads);
            for part in &parts {
                assert!(serde_json::to_string(part).unwrap().len() < 2 * PART, "{count}");
            }
            let again: Heads = parts.into_iter().flatten().collect();
            assert_eq!(again, heads, "{count}");
        }
    }
}
