//! What `locktender doctor` found about stores of lockfiles.
//!
//! An item for each bucket at an address that is not AWS's own: `pk` is `store`, `sk` the hash of address and
//! bucket.

use async_trait::async_trait;
use chrono::SecondsFormat;
use serde_json::{Value, json};

use crate::audit::Hash;
use crate::aws::own::stored::{Odd, json as json_of};
use crate::aws::own::{LedgerTables, OwnTable, PK, SK};
use crate::aws::session::Session;
use crate::aws::values::{Item, text, text_of};
use crate::error::{Fault, WriteFault};
use crate::lock::StoreCheck;
use crate::ports::{CheckedStore, StoreChecks};

const STORE: &str = "store";
const ENDPOINT: &str = "endpoint";
const BUCKET: &str = "bucket";
const FOUND: &str = "found";
const AT: &str = "at";

/// The findings in the bot's own table.
#[derive(Debug)]
pub struct AwsStoreChecks {
    own: OwnTable,
}

impl AwsStoreChecks {
    /// Makes the client. Does no network I/O.
    #[must_use]
    pub fn connect(session: &Session, tables: LedgerTables) -> Self {
        Self { own: OwnTable::new(session, tables.table) }
    }
}

#[async_trait]
impl StoreChecks for AwsStoreChecks {
    async fn remember(&self, found: &CheckedStore) -> Result<(), WriteFault> {
        let key = key(&found.endpoint, &found.bucket);
        if found.found == StoreCheck::Unverified {
            return self.own.remove(STORE, &key).await;
        }
        let written = |value: Value| text(value.to_string());
        self.own
            .put(Item::from([
                (PK.to_owned(), text(STORE)),
                (SK.to_owned(), text(key)),
                (ENDPOINT.to_owned(), text(found.endpoint.as_str())),
                (BUCKET.to_owned(), text(found.bucket.as_str())),
                (FOUND.to_owned(), written(json!(found.found))),
                (AT.to_owned(), text(found.at.to_rfc3339_opts(SecondsFormat::Millis, true))),
            ]))
            .await
    }

    async fn remembered(&self) -> Result<Vec<CheckedStore>, Fault> {
        let items = self.own.query(STORE, None).await?;
        Ok(self.own.understood(&items, checked_of))
    }
}

fn key(endpoint: &str, bucket: &str) -> String {
    // No bucket has a line break in its name.
    Hash::of(format!("{endpoint}\n{bucket}")).to_string()
}

fn checked_of(item: &Item) -> Result<CheckedStore, Odd> {
    let of = |name| text_of(item, name).map(str::to_owned).ok_or(Odd::Missing(name));
    Ok(CheckedStore {
        endpoint: of(ENDPOINT)?,
        bucket: of(BUCKET)?,
        found: json_of(item, FOUND)?,
        at: of(AT)?.parse().map_err(|_| Odd::Contradiction(AT))?,
    })
}
