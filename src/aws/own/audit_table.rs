//! Reads the table of the audit trail.

use std::ops::ControlFlow;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use tokio_util::task::AbortOnDropHandle;

use crate::audit::{Entry, Tail};
use crate::aws::error::Subject;
use crate::aws::own::stored::countable;
use crate::aws::session::Session;
use crate::aws::values::{Item, fields, item, number, text};
use crate::error::Fault;
use crate::lock::StatePath;
use crate::ports::Extent;
use crate::text::visible;

/// The key of an entry: its state path and its number in that path's chain.
pub(in crate::aws) const PATH: &str = "path";
pub(in crate::aws) const SEQ: &str = "seq";

/// Limit on the entries of one page.
///
/// `DynamoDB` ends a page at 1 MB. The embedded `DynamoDB` reads the whole rest of the table for a page
/// without a limit, so its time would grow with the square of the entries. A smaller page also saves
/// memory, since each segment keeps two pages at once.
const PAGE: i32 = 500;

/// Segments of a scan. One partition of `DynamoDB` serves 3,000 read units a second ("Best practices for
/// designing and using partition keys effectively"). A new on-demand table serves 12,000 ("On-demand
/// capacity mode", "Initial throughput"), which is four partitions. More segments would wait for the same
/// partitions, and each costs two pages of memory.
const SEGMENTS: u8 = 4;

/// The items of a page, and the key where the next page begins.
type Page = (Vec<Item>, Option<Item>);

/// The table of the audit entries.
#[derive(Debug)]
pub(in crate::aws) struct AuditTable {
    client: Client,
    name: String,
    subject: Subject,
    segments: u8,
}

impl AuditTable {
    pub(in crate::aws) fn new(session: &Session, name: String) -> Self {
        // The embedded `DynamoDB` goes through its whole table for each page of a segment. Reading 100,000
        // entries takes it four times as long in 4 segments as in one.
        let segments = if session.has_dynamodb_double() { 1 } else { SEGMENTS };
        let client = session.dynamodb();
        Self { subject: Subject::own_table(&name, session.reached()), client, name, segments }
    }

    /// The number of segments that reads the whole table fastest.
    pub(in crate::aws) fn segments(&self) -> u8 {
        self.segments
    }

    /// An entry as stored. Only its key is checked.
    fn entry(&self, item: Item) -> Result<Entry, Fault> {
        let has_key = item.get(PATH).is_some_and(AttributeValue::is_s)
            && item.get(SEQ).is_some_and(AttributeValue::is_n);
        if has_key { Ok(Entry::read(fields(item))) } else { Err(self.subject.has_another_key()) }
    }

    /// The end of a path's chain, where the next entry is appended.
    pub(in crate::aws) async fn tail(&self, path: &StatePath) -> Result<Tail, Fault> {
        let newest = self.newest(path, None, 1).await?;
        let tail = newest.first().map(Tail::at).unwrap_or_default();
        match countable(tail.seq, SEQ) {
            Ok(_) => Ok(tail),
            Err(odd) => {
                let (path, seq) = (visible(path.as_str()), tail.seq.to_string());
                Err(self.subject.item_not_understood(&path, &seq, odd))
            }
        }
    }

    /// The newest entries of a chain with a number below `before`, newest first. At most `limit`.
    pub(in crate::aws) async fn newest(
        &self,
        path: &StatePath,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Entry>, Fault> {
        let query = self
            .client
            .query()
            .table_name(&self.name)
            .expression_attribute_names("#path", PATH)
            .expression_attribute_values(":path", text(path.as_str()))
            .scan_index_forward(false)
            .consistent_read(true)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let query = match before {
            None => query.key_condition_expression("#path = :path"),
            Some(before) => query
                .key_condition_expression("#path = :path AND #seq < :before")
                .expression_attribute_names("#seq", SEQ)
                .expression_attribute_values(":before", number(before)),
        };
        let page = query
            .send()
            .await
            .map_err(|error| self.subject.fault("allow dynamodb:Query on it", error))?;
        page.items.unwrap_or_default().into_iter().map(|item| self.entry(item)).collect()
    }

    /// Whether the table can be read. No chain has this name, since a path has a bucket and a key.
    pub(in crate::aws) async fn reach(&self) -> Result<(), Fault> {
        let query = self
            .client
            .query()
            .table_name(&self.name)
            .key_condition_expression("#path = :path")
            .expression_attribute_names("#path", PATH)
            .expression_attribute_values(":path", text("reach"))
            .limit(1);
        match query.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.subject.fault("allow dynamodb:Query on it", error)),
        }
    }

    /// Calls `each` with every entry of an extent, until it breaks.
    ///
    /// `DynamoDB` stores the items of one partition key together, ordered by sort key, and a scan
    /// returns them as stored ("Core components", "Partition key and sort key"). A segment is a
    /// range of hashes of partition keys, so it has all items of a key or none ("Scanning tables",
    /// "Parallel scan").
    pub(in crate::aws) async fn each(
        &self,
        extent: Extent<'_>,
        each: &mut (dyn FnMut(Entry) -> ControlFlow<()> + Send),
    ) -> Result<(), Fault> {
        // A task fetches and parses the next page on another core while this page is processed.
        let mut ahead = AbortOnDropHandle::new(tokio::spawn(self.page(extent, None)));
        loop {
            let (items, next) = ahead.await.map_err(|error| self.subject.unexpected(error))??;
            let more = next
                .map(|next| AbortOnDropHandle::new(tokio::spawn(self.page(extent, Some(next)))));
            for item in items {
                if each(self.entry(item)?).is_break() {
                    return Ok(());
                }
            }
            match more {
                Some(more) => ahead = more,
                None => return Ok(()),
            }
        }
    }

    /// One page from `start` on, and the key where the next one begins.
    fn page(
        &self,
        extent: Extent<'_>,
        start: Option<Item>,
    ) -> impl Future<Output = Result<Page, Fault>> + Send + use<> {
        let (client, table, subject) =
            (self.client.clone(), self.name.clone(), self.subject.clone());
        let (path, segment) = match extent {
            Extent::Chain(path) => (Some(text(path.as_str())), None),
            Extent::Segment { number, of } if of > 1 => (None, Some((number, of))),
            Extent::All | Extent::Segment { .. } => (None, None),
        };
        async move {
            let (items, next) = if let Some(path) = path {
                let query = client.query().table_name(table);
                let page = query
                    .key_condition_expression("#path = :path")
                    .expression_attribute_names("#path", PATH)
                    .expression_attribute_values(":path", path)
                    .consistent_read(true)
                    .limit(PAGE)
                    .set_exclusive_start_key(start)
                    .send()
                    .await
                    .map_err(|error| subject.fault("allow dynamodb:Query on it", error))?;
                (page.items, page.last_evaluated_key)
            } else {
                let scan = client.scan().table_name(table);
                let page = scan
                    .set_segment(segment.map(|(number, _)| i32::from(number)))
                    .set_total_segments(segment.map(|(_, of)| i32::from(of)))
                    .consistent_read(true)
                    .limit(PAGE)
                    .set_exclusive_start_key(start)
                    .send()
                    .await
                    .map_err(|error| subject.fault("allow dynamodb:Scan on it", error))?;
                (page.items, page.last_evaluated_key)
            };
            Ok((items.unwrap_or_default(), next))
        }
    }
}

/// An entry as an item of the table.
pub(in crate::aws) fn entry_item(entry: &Entry) -> Item {
    item(entry.fields())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::Patience;

    #[test]
    fn a_double_is_read_in_one_segment_and_dynamodb_itself_in_several() {
        let endpoints =
            [("http://127.0.0.1:8000", 1), ("https://dynamodb.eu-west-1.amazonaws.com", SEGMENTS)];
        for (endpoint, segments) in endpoints {
            let session = Session::at(endpoint, Patience::default());
            let table = AuditTable::new(&session, "audit".to_owned());
            assert_eq!(table.segments(), segments, "{endpoint}");
        }
    }
}
