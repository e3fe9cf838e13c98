//! The requests in the bot's own table.
//!
//! | `pk` | `sk` | what it is |
//! |---|---|---|
//! | `request#ID` | `request` | a request, with its version and the end of its path's chain |
//! | `open` | hash of a state path | the guard that keeps the path to one open request, and who asks where |
//! | `event#ID` | `event` | an interaction that has had its effect |
//! | `opened` | `person#ID`, `path#`hash of a path | when requests were opened in the last hour |
//! | `outbox` | when, what of | something that people are still to be told |
//! | `outbox#aside` | the same | something that could not be told for a day |
//! | `hold` | hash of a state path | a lock that is held, as it was last seen |
//! | `past#`hash of a path | when, which | a hold that is over |
//! | `host#`hash of a machine | when, which | that the machine has ended a hold |
//! | `watch` | hash of a state path | who waits for the lock |
//! | `checkpoint` | `last` | the last checkpoint of the trail |
//! | `checkpoint#`when | which part | the heads that a checkpoint has seen |
//! | `store` | hash of address and bucket | what was found about a store of lockfiles |
//! | `migration` | its name | a migration that was applied |

pub(in crate::aws) mod commit;
mod openings;
pub(in crate::aws) mod plan;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use futures::stream::{self, StreamExt, TryStreamExt};

use crate::audit::Tail;
use crate::aws::error::Reached;
use crate::aws::own::stored::{Odd, count, countable, json};
use crate::aws::own::trail::AwsTrail;
use crate::aws::own::{LedgerTables, OwnTable, PK, VERSION, path_key};
use crate::aws::session::Session;
use crate::aws::values::{Item, text, text_of};
use crate::error::{Fault, WriteFault};
use crate::lock::{BackendStores, Catalog, Distance, StatePath};
use crate::people::{MessageId, RequestId, UserId};
use crate::ports::{Asked, Change, Changed, Filed, Ledger, Opened, Opening, Released};
use crate::unlock::{ApprovedUnlock, Lately, UnlockRequest};

pub(in crate::aws) const REQUEST: &str = "request";
pub(in crate::aws) const GUARD: &str = "open";
pub(in crate::aws) const EVENT: &str = "event";
pub(in crate::aws) const TAIL: &str = "tail";
pub(in crate::aws) const REQUESTER: &str = "requester";
pub(in crate::aws) const PLACE: &str = "place";
const CARD: &str = "card";

/// How many open requests are read at once.
const AT_ONCE: usize = 16;

/// The requests.
#[derive(Debug)]
pub struct AwsLedger {
    pub(in crate::aws) client: Client,
    pub(in crate::aws) own: OwnTable,
    pub(in crate::aws) audit_table: String,
    pub(in crate::aws) trail: AwsTrail,
    /// The names of all backends.
    pub(in crate::aws) catalog: Catalog,
    /// The backends whose lock tables are near, and whose locks the bot itself releases.
    pub(in crate::aws) near: Vec<BackendStores>,
    pub(in crate::aws) reached: Reached,
}

impl AwsLedger {
    /// Makes the clients. Does no network I/O: a table that is missing shows when it is first read.
    #[must_use]
    pub fn connect(session: &Session, tables: LedgerTables, backends: &[BackendStores]) -> Self {
        let client = session.dynamodb();
        let is_near = |stores: &&BackendStores| {
            stores.tool().is_none() && session.distance(stores.access()) == Distance::Near
        };
        Self {
            own: OwnTable::new(session, tables.table.clone()),
            audit_table: tables.audit_table.clone(),
            trail: AwsTrail::connect(session, tables),
            catalog: Catalog::new(backends.iter().map(|stores| stores.backend().clone()).collect()),
            near: backends.iter().filter(is_near).cloned().collect(),
            reached: session.reached().clone(),
            client,
        }
    }

    /// An update that writes the card into an item.
    fn put_card(&self, card: MessageId, pk: &str, sk: &str) -> UpdateItemFluentBuilder {
        self.own
            .update(pk, sk)
            .update_expression("SET #card = :card")
            .expression_attribute_names("#card", CARD)
            .expression_attribute_values(":card", text(card.to_string()))
    }

    /// The request that a guard names. If it cannot be read, the path stays guarded: a newer version may be
    /// in the middle of its release.
    pub(in crate::aws) async fn guarded_request(&self, guard: &Item) -> Result<Filed, Fault> {
        let odd = |odd| self.own.odd_item(guard, odd);
        let id = guarded(guard).map_err(odd)?;
        self.request(id).await?.ok_or_else(|| odd(Odd::Orphan))
    }
}

/// Reads a request from its item. Later writes have conditions on the item's key and version, so both must be
/// those of the request.
pub(in crate::aws) fn filed_of(item: &Item) -> Result<Filed, Odd> {
    let request: UnlockRequest = json(item, REQUEST)?;
    let tail: Tail = json(item, TAIL)?;
    countable(tail.seq, TAIL)?;
    if text_of(item, PK) != Some(&request_key(request.id)) {
        return Err(Odd::Contradiction(PK));
    }
    if count(item, VERSION)? != request.version {
        return Err(Odd::Contradiction(VERSION));
    }
    Ok(Filed {
        request,
        tail,
        card: text_of(item, CARD).and_then(|card| card.parse().ok()),
        event: text_of(item, EVENT).and_then(|event| event.parse().ok()),
    })
}

/// The `pk` of a request.
pub(in crate::aws) fn request_key(id: RequestId) -> String {
    format!("{REQUEST}#{id}")
}

/// Reads who asks and where from a guard. `None` for a guard of an earlier version, which did not have it.
pub(in crate::aws) fn asked_of(guard: &Item) -> Result<Option<Asked>, Odd> {
    guarded(guard)?;
    if !guard.contains_key(REQUESTER) {
        return Ok(None);
    }
    let card = text_of(guard, CARD).and_then(|card| card.parse().ok());
    Ok(Some(Asked { requester: json(guard, REQUESTER)?, place: json(guard, PLACE)?, card }))
}

/// The number of the request that a guard names.
pub(in crate::aws) fn guarded(guard: &Item) -> Result<RequestId, Odd> {
    let request = text_of(guard, REQUEST).and_then(|request| request.parse().ok());
    request.ok_or(Odd::Missing(REQUEST))
}

#[async_trait]
impl Ledger for AwsLedger {
    async fn request(&self, id: RequestId) -> Result<Option<Filed>, Fault> {
        let item = self.own.get(&request_key(id), REQUEST).await?;
        item.map(|item| filed_of(&item).map_err(|odd| self.own.odd_item(&item, odd))).transpose()
    }

    async fn open_request(&self, path: &StatePath) -> Result<Option<Filed>, Fault> {
        let Some(guard) = self.own.get(GUARD, &path_key(path)).await? else {
            return Ok(None);
        };
        let filed = self.guarded_request(&guard).await?;
        Ok(Some(filed).filter(|filed| filed.request.is_open()))
    }

    async fn asked(&self, path: &StatePath) -> Result<Option<Asked>, Fault> {
        let Some(guard) = self.own.get(GUARD, &path_key(path)).await? else {
            return Ok(None);
        };
        if let Some(asked) = asked_of(&guard).map_err(|odd| self.own.odd_item(&guard, odd))? {
            return Ok(Some(asked));
        }
        let Filed { request, card, .. } = self.guarded_request(&guard).await?;
        let is_open = request.is_open();
        Ok(is_open.then_some(Asked { requester: request.requester, place: request.place, card }))
    }

    async fn lately(&self, path: &StatePath, person: UserId) -> Result<Lately, Fault> {
        self.read_openings(path, person).await
    }

    async fn open_requests(&self) -> Result<Vec<Filed>, Fault> {
        let guards = self.own.query(GUARD, None).await?;
        let requests: Vec<Option<Item>> = stream::iter(self.own.understood(&guards, guarded))
            .map(|id| async move { self.own.get(&request_key(id), REQUEST).await })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        let requests: Vec<Item> = requests.into_iter().flatten().collect();
        let mut open = self.own.understood(&requests, filed_of);
        open.retain(|filed| filed.request.is_open());
        Ok(open)
    }

    async fn open(&self, opening: &Opening<'_>) -> Result<Opened, WriteFault> {
        self.write_opening(opening).await
    }

    async fn change(&self, change: &Change<'_>) -> Result<Changed, WriteFault> {
        self.write_change(change).await
    }

    async fn release(
        &self,
        change: &Change<'_>,
        unlock: &ApprovedUnlock,
    ) -> Result<Released, WriteFault> {
        self.write_release(change, unlock).await
    }

    async fn set_card(&self, request: &UnlockRequest, card: MessageId) -> Result<(), Fault> {
        let of_request = self.put_card(card, &request_key(request.id), REQUEST);
        let of_request = of_request
            .condition_expression("attribute_exists(#pk)")
            .expression_attribute_names("#pk", PK);
        let of_guard = self.put_card(card, GUARD, &path_key(&request.state.path));
        let of_guard = of_guard
            .condition_expression("#request = :request")
            .expression_attribute_names("#request", REQUEST)
            .expression_attribute_values(":request", text(request.id.to_string()));
        let (of_request, of_guard) = futures::join!(of_request.send(), of_guard.send());
        let fault = |error| self.own.fault("allow dynamodb:UpdateItem on it", error);
        of_request.map_err(fault)?;
        match of_guard {
            // The request has ended.
            Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(()),
            updated => updated.map(|_| ()).map_err(fault),
        }
    }
}
