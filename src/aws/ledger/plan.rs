//! The transaction of a change, item by item.

use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use chrono::{DateTime, TimeDelta, Utc};

use crate::audit::{Hash, Tail};
use crate::aws::error::Subject;
use crate::aws::ledger::AwsLedger;
use crate::aws::ledger::openings::put_openings;
use crate::aws::ledger::{EVENT, GUARD, PLACE, REQUEST, REQUESTER, TAIL, request_key};
use crate::aws::locks::delete_row;
use crate::aws::own::outbox::put_notice;
use crate::aws::own::{PATH, entry_item};
use crate::aws::own::{PK, SK, TTL, VERSION, path_key};
use crate::aws::values::{Item, number, text};
use crate::error::{Fault, FaultKind};
use crate::people::EventId;
use crate::ports::{Filed, notices};
use crate::unlock::{ApprovedUnlock, Transition, UnlockRequest};

/// What one transaction writes.
#[derive(Clone, Copy)]
pub(in crate::aws) struct Write<'w> {
    /// The request that was decided on; `None` where one is opened.
    pub(in crate::aws) from: Option<&'w Filed>,
    /// What was decided.
    pub(in crate::aws) transition: &'w Transition,
    /// The interaction that it is the effect of.
    pub(in crate::aws) event: Option<EventId>,
    /// The lock whose row is deleted.
    pub(in crate::aws) release_row: Option<&'w ApprovedUnlock>,
}

/// How long a request is kept after its end. A click on its card is answered with how it ended.
const REQUEST_KEPT: TimeDelta = TimeDelta::days(90);

/// How long an event is remembered. Discord repeats a delivery within minutes or never.
const EVENT_KEPT: TimeDelta = TimeDelta::days(1);

/// Longest client token of a transaction (API reference, "`TransactWriteItems`").
const TOKEN: usize = 36;

const ALLOW: &str = "allow dynamodb:PutItem, dynamodb:UpdateItem and dynamodb:DeleteItem on it";

/// The purpose of an item of the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::aws) enum Purpose {
    /// The lock's row is deleted.
    Row,
    /// The request is written over the version that it was decided on.
    Request,
    /// The path is guarded against a second open request, or no longer.
    Guard,
    /// An opening is counted.
    Openings,
    /// An entry is put at the end of the chain.
    Entry,
    /// The event is taken.
    Event,
    /// A notice is put into the outbox.
    Notice,
}

/// A transaction that is ready to be sent, and the request after it.
pub(in crate::aws) struct Plan {
    steps: Vec<(Purpose, TransactWriteItem)>,
    filed: Filed,
    token: String,
}

impl Plan {
    /// Lays out a change whose first entry goes after `tail`.
    pub(in crate::aws) fn new(
        ledger: &AwsLedger,
        write: Write<'_>,
        tail: &Tail,
    ) -> Result<Self, Fault> {
        let own = &ledger.own;
        let next = &write.transition.next;
        let entries = tail.append(&write.transition.entries);
        let filed = Filed {
            request: next.clone(),
            card: write.from.and_then(|from| from.card),
            tail: entries.last().map_or_else(|| tail.clone(), Tail::at),
            event: write.event,
        };
        let at = write.transition.entries.last().map_or(next.opened_at, |entry| entry.at);
        let written = serde_json::to_string(next).map_err(|error| own.not_understood(error))?;
        let put = |put: Result<Put, BuildError>| {
            let item = put.map(|put| TransactWriteItem::builder().put(put).build());
            item.map_err(|error| own.not_understood(error))
        };
        let delete = |delete| TransactWriteItem::builder().delete(delete).build();
        let mut steps = Vec::new();
        if let Some(unlock) = write.release_row {
            let table = ledger.lock_table(next)?;
            let row = delete_row(table, unlock).ok_or_else(|| ledger.no_row(table))?;
            steps.push((Purpose::Row, delete(row)));
        }
        let update = request(own.name(), write, &filed, &written, at);
        let update = update.map_err(|error| own.not_understood(error))?;
        steps.push((Purpose::Request, TransactWriteItem::builder().update(update).build()));
        match (write.from, next.is_open()) {
            (None, _) => steps.push((Purpose::Guard, put(guard(own.name(), next))?)),
            (Some(_), false) => {
                let no_guard = no_guard(own.name(), next);
                let no_guard = no_guard.map_err(|error| own.not_understood(error))?;
                steps.push((Purpose::Guard, delete(no_guard)));
            }
            (Some(_), true) => {}
        }
        if let Some(openings) = &write.transition.openings {
            let of = (&next.state.path, next.requester.id);
            let puts = put_openings(own.name(), of, openings, at);
            for openings in puts.map_err(|error| own.not_understood(error))? {
                steps.push((Purpose::Openings, put(Ok(openings))?));
            }
        }
        for entry in &entries {
            let entry = put_new(&ledger.audit_table, entry_item(entry), PATH);
            steps.push((Purpose::Entry, put(entry)?));
        }
        if let Some(event) = write.event {
            steps.push((Purpose::Event, put(taken(own.name(), event, at))?));
        }
        let before = write.from.map(|from| &from.request);
        for (place, notice) in notices(before, next).iter().enumerate() {
            let of = format!("{}#{:06}", next.id, next.version);
            steps.push((Purpose::Notice, put(Ok(put_notice(own, at, &of, place, notice)?))?));
        }
        // The token covers the content: another decision on the same version is another transaction.
        let token = Hash::of(format!("{written}{}", filed.tail.hash)).as_str()[..TOKEN].to_owned();
        Ok(Self { steps, filed, token })
    }

    pub(in crate::aws) fn items(&self) -> Vec<TransactWriteItem> {
        self.steps.iter().map(|(_, item)| item.clone()).collect()
    }

    /// The purposes of its items, in order.
    pub(in crate::aws) fn steps(&self) -> impl Iterator<Item = Purpose> {
        self.steps.iter().map(|(step, _)| *step)
    }

    pub(in crate::aws) fn filed(&self) -> &Filed {
        &self.filed
    }

    pub(in crate::aws) fn token(&self) -> &str {
        &self.token
    }
}

/// Writes the request over the version before it, or as a new one. Does not touch its card, which the courier
/// writes.
fn request(
    table: &str,
    write: Write<'_>,
    filed: &Filed,
    written: &str,
    at: DateTime<Utc>,
) -> Result<Update, BuildError> {
    let next = &filed.request;
    let tail = serde_json::json!(filed.tail).to_string();
    let mut set = vec!["#request = :request", "#version = :version", "#tail = :tail"];
    let mut update = Update::builder()
        .table_name(table)
        .key(PK, text(request_key(next.id)))
        .key(SK, text(REQUEST))
        .expression_attribute_names("#request", REQUEST)
        .expression_attribute_names("#version", VERSION)
        .expression_attribute_names("#tail", TAIL)
        .expression_attribute_values(":request", text(written))
        .expression_attribute_values(":version", number(next.version))
        .expression_attribute_values(":tail", text(tail))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    if let Some(event) = filed.event {
        set.push("#event = :event");
        update = update
            .expression_attribute_names("#event", EVENT)
            .expression_attribute_values(":event", text(event.to_string()));
    }
    if !next.is_open() {
        set.push("#ttl = :ttl");
        update = update
            .expression_attribute_names("#ttl", TTL)
            .expression_attribute_values(":ttl", number((at + REQUEST_KEPT).timestamp()));
    }
    let update = update.update_expression(format!("SET {}", set.join(", ")));
    match write.from {
        None => update
            .condition_expression("attribute_not_exists(#pk)")
            .expression_attribute_names("#pk", PK),
        Some(from) => update
            .condition_expression("#version = :before")
            .expression_attribute_values(":before", number(from.request.version)),
    }
    .build()
}

/// The guard also has who asks and where, so an answer can point to the request without reading it.
fn guard(table: &str, request: &UnlockRequest) -> Result<Put, BuildError> {
    let written = |value: serde_json::Value| text(value.to_string());
    let item = Item::from([
        (PK.to_owned(), text(GUARD)),
        (SK.to_owned(), text(path_key(&request.state.path))),
        (PATH.to_owned(), text(request.state.path.as_str())),
        (REQUEST.to_owned(), text(request.id.to_string())),
        (REQUESTER.to_owned(), written(serde_json::json!(request.requester))),
        (PLACE.to_owned(), written(serde_json::json!(request.place))),
    ]);
    put_new(table, item, PK)
}

fn no_guard(table: &str, request: &UnlockRequest) -> Result<Delete, BuildError> {
    Delete::builder()
        .table_name(table)
        .key(PK, text(GUARD))
        .key(SK, text(path_key(&request.state.path)))
        .build()
}

fn taken(table: &str, event: EventId, at: DateTime<Utc>) -> Result<Put, BuildError> {
    let item = Item::from([
        (PK.to_owned(), text(format!("{EVENT}#{event}"))),
        (SK.to_owned(), text(EVENT)),
        (TTL.to_owned(), number((at + EVENT_KEPT).timestamp())),
    ]);
    put_new(table, item, PK)
}

/// Puts an item where there is none. Otherwise `DynamoDB` returns the one that is there.
fn put_new(table: &str, item: Item, key: &str) -> Result<Put, BuildError> {
    Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .condition_expression("attribute_not_exists(#key)")
        .expression_attribute_names("#key", key)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .build()
}

impl AwsLedger {
    /// The lock table of a request's backend, if it is near.
    pub(in crate::aws) fn lock_table(&self, request: &UnlockRequest) -> Result<&str, Fault> {
        // The request may have been opened when the backend had another name.
        let home = self.catalog.home(&request.state);
        let backend = home.map_or(&request.state.backend, |home| &home.name);
        let stores = self.near.iter().find(|stores| stores.backend().name == *backend);
        stores.and_then(|stores| stores.lock_table()).ok_or_else(|| Fault {
            kind: FaultKind::Missing,
            subject: format!("The lock table of the backend `{backend}`"),
            remedy: "add it to the configuration".to_owned(),
            source: None,
        })
    }

    fn no_row(&self, table: &str) -> Fault {
        Subject::lock_table(table, &self.reached).has_another_key()
    }

    /// The lock table, if a transaction failed because of it.
    pub(in crate::aws) fn lock_table_at_fault(
        &self,
        write: Write<'_>,
        error: &SdkError<TransactWriteItemsError, HttpResponse>,
    ) -> Option<&str> {
        write.release_row?;
        // The error does not name the missing table. The bot's own is there: the request was just read from
        // it.
        let is_missing = error.code() == Some("ResourceNotFoundException");
        let table = self.lock_table(&write.transition.next).ok()?;
        (is_missing || names(error, table)).then_some(table)
    }

    /// The fault of a transaction, by the table that an `AccessDenied` names.
    pub(in crate::aws) fn transaction_fault(
        &self,
        write: Write<'_>,
        error: SdkError<TransactWriteItemsError, HttpResponse>,
    ) -> Fault {
        if let Some(table) = self.lock_table_at_fault(write, &error) {
            return Subject::lock_table(table, &self.reached)
                .fault("allow dynamodb:DeleteItem on it", error);
        }
        if names(&error, &self.audit_table) {
            return Subject::own_table(&self.audit_table, &self.reached)
                .fault("allow dynamodb:PutItem on it", error);
        }
        self.own.fault(ALLOW, error)
    }
}

/// Whether the message of an error names a table.
fn names(error: &SdkError<TransactWriteItemsError, HttpResponse>, table: &str) -> bool {
    let is_name = |message: &str| message.split([' ', ':', '/', '"']).any(|word| word == table);
    error.message().is_some_and(is_name)
}
