//! The bot's own table. Its key has two parts, and an item may expire.

mod audit_table;
pub(in crate::aws) mod hold_items;
pub(in crate::aws) mod holds;
pub(in crate::aws) mod lease;
pub(in crate::aws) mod outbox;
pub(in crate::aws) mod reach;
pub(in crate::aws) mod store_checks;
pub(in crate::aws) mod stored;
pub(in crate::aws) mod trail;
pub(in crate::aws) mod weeks;

pub(in crate::aws) use self::audit_table::{PATH, SEQ, entry_item};
use std::error::Error;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{CancellationReason, TransactWriteItem};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use crate::audit::Hash;
use crate::aws::answers::Answers;
use crate::aws::error::Subject;
use crate::aws::own::stored::{LeftOut, Odd};
use crate::aws::pauses::{PAUSES, wait};
use crate::aws::reads::Reads;
use crate::aws::session::Session;
use crate::aws::values::{Item, text, text_of};
use crate::error::{Fault, WriteFault};
use crate::lock::StatePath;
use crate::text::visible;

/// The key of an item: its kind, and its name within that kind.
pub(in crate::aws) const PK: &str = "pk";
pub(in crate::aws) const SK: &str = "sk";

/// The version of an item, for conditional writes.
pub(in crate::aws) const VERSION: &str = "version";

/// When an item expires, in seconds since 1970.
pub(in crate::aws) const TTL: &str = "ttl";

const ALLOW: &str = "allow dynamodb:PutItem and dynamodb:DeleteItem on it";

/// A path as part of a key. It is hashed because a path may exceed the 1,024 bytes of a sort key.
pub(in crate::aws) fn path_key(path: &StatePath) -> String {
    Hash::of(path.as_str()).to_string()
}

/// The names of the bot's own tables.
#[derive(Clone, Debug)]
pub struct LedgerTables {
    /// Requests, and everything else that the bot stores.
    pub table: String,
    /// The audit trail.
    pub audit_table: String,
}

/// The result of a transaction that was answered.
#[derive(Debug)]
pub(in crate::aws) enum Transacted {
    /// All items are written.
    Written,
    /// Nothing is written, because these conditions failed.
    ConditionFailed(FailedConditions),
}

impl Transacted {
    pub(in crate::aws) fn is_written(&self) -> bool {
        matches!(self, Self::Written)
    }
}

/// Which items of a transaction had a failed condition.
#[derive(Debug)]
pub(in crate::aws) struct FailedConditions(Vec<bool>);

impl FailedConditions {
    /// Whether the condition of the item at this index failed.
    pub(in crate::aws) fn at(&self, place: usize) -> bool {
        self.0.get(place).copied().unwrap_or(false)
    }
}

/// The table that stores all kinds of items.
#[derive(Clone, Debug)]
pub(in crate::aws) struct OwnTable {
    reads: Reads,
    client: Client,
    name: String,
    subject: Subject,
}

impl OwnTable {
    pub(in crate::aws) fn new(session: &Session, name: String) -> Self {
        Self {
            reads: session.reads(),
            client: session.dynamodb(),
            subject: Subject::own_table(&name, session.reached()),
            name,
        }
    }

    pub(in crate::aws) fn name(&self) -> &str {
        &self.name
    }

    /// One item, read strongly consistently.
    pub(in crate::aws) async fn get(&self, pk: &str, sk: &str) -> Result<Option<Item>, Fault> {
        self.reads.get(&self.subject, vec![(PK, pk.to_owned()), (SK, sk.to_owned())]).await
    }

    /// The items of one `pk` in the order of their `sk`, at most `limit` or all of them. The read
    /// is strongly consistent.
    pub(in crate::aws) async fn query(
        &self,
        pk: &str,
        limit: Option<usize>,
    ) -> Result<Vec<Item>, Fault> {
        self.pages(self.select(pk), limit).await
    }

    /// Counts the wanted items of one `pk` from an `sk` on, up to `limit`. Stops reading at
    /// `limit`.
    pub(in crate::aws) async fn count_from(
        &self,
        pk: &str,
        sk: &str,
        limit: usize,
        is_wanted: impl Fn(&Item) -> bool,
    ) -> Result<usize, Fault> {
        let query = self.select_from(pk, sk).set_limit(i32::try_from(limit).ok());
        let wanted = self.gather(query, limit, |item| is_wanted(&item).then_some(())).await?;
        Ok(wanted.len())
    }

    /// The items of one `pk` from an `sk` on, in the order of their `sk`.
    pub(in crate::aws) async fn query_from(&self, pk: &str, sk: &str) -> Result<Vec<Item>, Fault> {
        self.pages(self.select_from(pk, sk), None).await
    }

    /// Applies `take` to the items of one `pk` in the order of their `sk`, and collects at most
    /// `limit` results. Keeps no other item in memory, and reads no further page when it has
    /// enough.
    pub(in crate::aws) async fn query_for<T>(
        &self,
        pk: &str,
        limit: usize,
        take: impl FnMut(Item) -> Option<T>,
    ) -> Result<Vec<T>, Fault> {
        self.gather(self.select(pk), limit, take).await
    }

    /// The items of one `pk` in descending order of their `sk`, at most `limit`.
    pub(in crate::aws) async fn newest(&self, pk: &str, limit: usize) -> Result<Vec<Item>, Fault> {
        self.pages(self.select(pk).scan_index_forward(false), Some(limit)).await
    }

    fn select(&self, pk: &str) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.name)
            .key_condition_expression("#pk = :pk")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_values(":pk", text(pk))
            .consistent_read(true)
    }

    fn select_from(&self, pk: &str, sk: &str) -> QueryFluentBuilder {
        self.select(pk)
            .key_condition_expression("#pk = :pk AND #sk >= :sk")
            .expression_attribute_names("#sk", SK)
            .expression_attribute_values(":sk", text(sk))
    }

    async fn pages(
        &self,
        query: QueryFluentBuilder,
        limit: Option<usize>,
    ) -> Result<Vec<Item>, Fault> {
        let limit = limit.unwrap_or(usize::MAX);
        self.gather(query.set_limit(i32::try_from(limit).ok()), limit, Some).await
    }

    async fn gather<T>(
        &self,
        query: QueryFluentBuilder,
        limit: usize,
        mut take: impl FnMut(Item) -> Option<T>,
    ) -> Result<Vec<T>, Fault> {
        let mut pages = query.into_paginator().send();
        let mut taken = Vec::new();
        while taken.len() < limit
            && let Some(page) = pages.next().await
        {
            let page = page.map_err(|error| self.fault("allow dynamodb:Query on it", error))?;
            let items = page.items.unwrap_or_default().into_iter();
            let left = limit - taken.len();
            taken.extend(items.filter_map(&mut take).take(left));
        }
        Ok(taken)
    }

    /// Starts a write of one item that may have a condition.
    pub(in crate::aws) fn put_item(&self, item: Item) -> PutItemFluentBuilder {
        self.client.put_item().table_name(&self.name).set_item(Some(item))
    }

    /// Starts an update of one item.
    pub(in crate::aws) fn update(&self, pk: &str, sk: &str) -> UpdateItemFluentBuilder {
        self.client.update_item().table_name(&self.name).key(PK, text(pk)).key(SK, text(sk))
    }

    /// Writes an item, replacing any stored one.
    pub(in crate::aws) async fn put(&self, item: Item) -> Result<(), WriteFault> {
        let answers = Answers::default();
        let sent = self.put_item(item).customize().interceptor(answers.clone()).send().await;
        let fault = |error| answers.judge(self.fault("allow dynamodb:PutItem on it", error));
        sent.map(|_| ()).map_err(fault)
    }

    /// Removes an item if it exists.
    pub(in crate::aws) async fn remove(&self, pk: &str, sk: &str) -> Result<(), WriteFault> {
        let answers = Answers::default();
        let delete = self.client.delete_item().table_name(&self.name);
        let delete = delete.key(PK, text(pk)).key(SK, text(sk));
        let sent = delete.customize().interceptor(answers.clone()).send().await;
        let fault = |error| answers.judge(self.fault("allow dynamodb:DeleteItem on it", error));
        sent.map(|_| ()).map_err(fault)
    }

    /// Writes all of these items or none. Retries after a conflict with another write: the SDK does
    /// not retry a cancelled transaction.
    pub(in crate::aws) async fn transact(
        &self,
        items: Vec<TransactWriteItem>,
    ) -> Result<Transacted, WriteFault> {
        // All tries share one count: AWS may still carry out a try that was never answered while it
        // refuses later ones.
        let answers = Answers::default();
        for pause in PAUSES {
            wait(pause).await;
            let transaction = self.client.transact_write_items();
            let transaction = transaction.set_transact_items(Some(items.clone()));
            let sent = transaction.customize().interceptor(answers.clone()).send().await;
            let Err(error) = sent else {
                return Ok(Transacted::Written);
            };
            let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
                error.as_service_error()
            else {
                return Err(answers.judge(self.fault(ALLOW, error)));
            };
            let failed =
                |reason: &CancellationReason| reason.code() == Some("ConditionalCheckFailed");
            let failed: Vec<bool> = cancelled.cancellation_reasons().iter().map(failed).collect();
            if failed.contains(&true) {
                return Ok(Transacted::ConditionFailed(FailedConditions(failed)));
            }
            // Otherwise the transaction conflicted with another write, or capacity was short.
        }
        Err(answers.judge(self.throttled()))
    }

    /// Converts an SDK error to a fault.
    pub(in crate::aws) fn fault<E>(&self, allow: &str, error: SdkError<E, HttpResponse>) -> Fault
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        self.subject.fault(allow, error)
    }

    /// The fault for a value that this version cannot convert.
    pub(in crate::aws) fn not_understood(
        &self,
        error: impl Error + Send + Sync + 'static,
    ) -> Fault {
        self.subject.unexpected(error)
    }

    /// The fault for one stored item that this version cannot read.
    pub(in crate::aws) fn odd_item(&self, item: &Item, odd: Odd) -> Fault {
        let key = |name| visible(text_of(item, name).unwrap_or_default());
        self.subject.item_not_understood(&key(PK), &key(SK), odd)
    }

    /// The items of a list that this version can read. The others are logged and left out, so they
    /// do not affect the rest.
    pub(in crate::aws) fn understood<T>(
        &self,
        items: &[Item],
        read: impl Fn(&Item) -> Result<T, Odd>,
    ) -> Vec<T> {
        let mut left_out = LeftOut::default();
        let understood = items
            .iter()
            .filter_map(|item| {
                read(item).map_err(|odd| left_out.note(|| self.odd_item(item, odd))).ok()
            })
            .collect();
        left_out.log();
        understood
    }

    /// The fault for a table that is still busy after the last retry.
    pub(in crate::aws) fn throttled(&self) -> Fault {
        self.subject.throttled()
    }
}
