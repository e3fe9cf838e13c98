//! The requests in the bot's own table.
//!
//! | `pk` | `sk` | what it is |
//! |---|---|---|
//! | `request#ID` | `request` | a request, with its version and the end of its path's chain |
//! | `open` | hash of a state path | the guard that keeps the path to one open request |
//! | `event#ID` | `event` | an interaction that has had its effect |
//! | `outbox` | when, what of | something that people are still to be told |
//! | `hold` | hash of a state path | a lock that is held, as it was last seen |
//! | `past#`hash of a path | when, which | a hold that is over |
//! | `host#`hash of a machine | when, which | that the machine has ended a hold |
//! | `watch` | hash of a state path | who waits for the lock |
//! | `checkpoint` | `last` | the last checkpoint of the trail |
//! | `checkpoint#`when | which part | the heads that a checkpoint has seen |
//! | `migration` | its name | a migration that was applied |

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use futures::stream::{self, StreamExt, TryStreamExt};

use super::own::{OwnTable, PK, SK};
use super::values::{Item, text, text_of};
use super::{AwsTrail, Session};
use crate::audit::Tail;
use crate::error::{Fault, WriteFault};
use crate::lock::{BackendStores, StatePath};
use crate::message::visible;
use crate::people::MessageId;
use crate::ports::{Change, Committed, Filed, Ledger};
use crate::unlock::RequestId;

pub(super) const REQUEST: &str = "request";
pub(super) const OPEN: &str = "open";
pub(super) const EVENT: &str = "event";
pub(super) const VERSION: &str = "version";
pub(super) const TAIL: &str = "tail";
const CARD: &str = "card";

/// How many open requests are read at once.
const AT_ONCE: usize = 16;

/// The names of the bot's own tables.
#[derive(Clone, Debug)]
pub struct LedgerTables {
    /// Requests and all else that the bot remembers.
    pub table: String,
    /// The audit trail.
    pub audit_table: String,
}

/// The requests, and the outbox beside them.
#[derive(Debug)]
pub struct AwsLedger {
    pub(super) client: Client,
    pub(super) own: OwnTable,
    pub(super) audit_table: String,
    pub(super) trail: AwsTrail,
    pub(super) backends: Vec<BackendStores>,
    pub(super) region: String,
}

impl AwsLedger {
    /// Makes the clients. Does no network I/O: a table that is missing shows when it is first read.
    #[must_use]
    pub fn connect(session: &Session, tables: LedgerTables, backends: &[BackendStores]) -> Self {
        let client = session.dynamodb();
        Self {
            own: OwnTable::new(client.clone(), tables.table.clone(), session.region()),
            audit_table: tables.audit_table.clone(),
            trail: AwsTrail::connect(session, tables),
            backends: backends.to_vec(),
            region: session.region().to_owned(),
            client,
        }
    }

    /// A request out of its item.
    pub(super) fn filed(&self, item: &Item) -> Result<Filed, Fault> {
        let understood = |error| self.own.not_understood(error);
        let request = text_of(item, REQUEST).unwrap_or_default();
        let tail = text_of(item, TAIL).unwrap_or_default();
        Ok(Filed {
            request: serde_json::from_str(request).map_err(understood)?,
            tail: serde_json::from_str::<Tail>(tail).map_err(understood)?,
            card: text_of(item, CARD).and_then(|card| card.parse().ok()),
            event: text_of(item, EVENT).and_then(|event| event.parse().ok()),
        })
    }
}

/// The `pk` of a request.
pub(super) fn request_key(id: RequestId) -> String {
    format!("{REQUEST}#{id}")
}

/// A path as a part of a key: its hash, since a path may be longer than a sort key's 1,024 bytes.
pub(super) fn path_key(path: &StatePath) -> String {
    crate::audit::Hash::of(path.as_str()).to_string()
}

/// The request that a guard stands for.
pub(super) fn guarded(guard: &Item) -> Option<RequestId> {
    text_of(guard, REQUEST)?.parse().ok()
}

#[async_trait]
impl Ledger for AwsLedger {
    async fn request(&self, id: RequestId) -> Result<Option<Filed>, Fault> {
        let item = self.own.get(&request_key(id), REQUEST).await?;
        item.map(|item| self.filed(&item)).transpose()
    }

    async fn open_request(&self, path: &StatePath) -> Result<Option<Filed>, Fault> {
        let guard = self.own.get(OPEN, &path_key(path)).await?;
        let Some(id) = guard.as_ref().and_then(guarded) else {
            return Ok(None);
        };
        Ok(self.request(id).await?.filter(|filed| filed.request.is_open()))
    }

    async fn open_requests(&self) -> Result<Vec<Filed>, Fault> {
        let guards = self.own.query(OPEN, None).await?;
        stream::iter(guards.iter().filter_map(guarded))
            .map(|id| async move {
                let item = self.own.get(&request_key(id), REQUEST).await?;
                Ok(item.and_then(|item| match self.filed(&item) {
                    Ok(filed) => Some(filed),
                    Err(fault) => {
                        // Of another version, which is to see to it; all others need not wait.
                        tracing::warn!(
                            request = %id,
                            cause = fault.cause().map(|cause| visible(&cause)),
                            "a request is not understood"
                        );
                        None
                    }
                }))
            })
            .buffer_unordered(AT_ONCE)
            .try_filter_map(|filed| std::future::ready(Ok(filed)))
            .try_filter(|filed| std::future::ready(filed.request.is_open()))
            .try_collect()
            .await
    }

    async fn commit(&self, change: &Change<'_>) -> Result<Committed, WriteFault> {
        self.commit_change(change).await
    }

    async fn set_card(&self, id: RequestId, card: Option<MessageId>) -> Result<(), Fault> {
        let update = self
            .client
            .update_item()
            .table_name(self.own.name())
            .key(PK, text(request_key(id)))
            .key(SK, text(REQUEST))
            .condition_expression("attribute_exists(#pk)")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_names("#card", CARD);
        let update = match card {
            Some(card) => update
                .update_expression("SET #card = :card")
                .expression_attribute_values(":card", text(card.to_string())),
            None => update.update_expression("REMOVE #card"),
        };
        update
            .send()
            .await
            .map_err(|error| self.own.fault("allow dynamodb:UpdateItem on it", error))?;
        Ok(())
    }
}
