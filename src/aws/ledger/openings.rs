//! The last openings by a person and for a state, which limit how many there are in an hour.
//!
//! They are written in the transaction of the opening that they count, under the condition that they are
//! unchanged. So two openings at once cannot both be the last one allowed.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::Put;
use chrono::{DateTime, Utc};

use crate::aws::ledger::AwsLedger;
use crate::aws::own::{PK, SK, TTL, VERSION, path_key};
use crate::aws::values::{Item, number, number_of, text, text_of};
use crate::error::Fault;
use crate::lock::StatePath;
use crate::people::UserId;
use crate::text::visible;
use crate::unlock::{Lately, Openings, WINDOW};

const OPENED: &str = "opened";
const OPENINGS: &str = "openings";

/// Their keys: of one person, and of one state.
fn keys(path: &StatePath, person: UserId) -> [String; 2] {
    [format!("person#{person}"), format!("path#{}", path_key(path))]
}

impl AwsLedger {
    /// Reads the openings of a person and of a state.
    pub(in crate::aws) async fn read_openings(
        &self,
        path: &StatePath,
        person: UserId,
    ) -> Result<Lately, Fault> {
        let [person, state] = keys(path, person);
        let (person, state) =
            tokio::try_join!(self.own.get(OPENED, &person), self.own.get(OPENED, &state))?;
        Ok(Lately { by_person: openings(person.as_ref()), of_state: openings(state.as_ref()) })
    }
}

/// Reads the openings of an item. An item that is not understood counts none: it must not block people, and
/// the next opening replaces it.
fn openings(item: Option<&Item>) -> Openings {
    let Some(item) = item else {
        return Openings::default();
    };
    let read = serde_json::from_str(text_of(item, OPENINGS).unwrap_or_default());
    let openings = read.unwrap_or_else(|error| {
        tracing::warn!(cause = visible(&error.to_string()), "openings are not understood");
        Openings::default()
    });
    Openings { version: number_of(item, VERSION).unwrap_or(0), ..openings }
}

/// Replaces the openings that were read with those that count one more.
pub(in crate::aws) fn put_openings(
    table: &str,
    (path, person): (&StatePath, UserId),
    now: &Lately,
    at: DateTime<Utc>,
) -> Result<[Put; 2], BuildError> {
    let [of_person, of_state] = keys(path, person);
    Ok([put(table, of_person, &now.by_person, at)?, put(table, of_state, &now.of_state, at)?])
}

fn put(
    table: &str,
    key: String,
    openings: &Openings,
    at: DateTime<Utc>,
) -> Result<Put, BuildError> {
    let put = Put::builder()
        .table_name(table)
        .item(PK, text(OPENED))
        .item(SK, text(key))
        .item(OPENINGS, text(serde_json::json!(openings).to_string()))
        .item(VERSION, number(openings.version))
        .item(TTL, number((at + WINDOW).timestamp()))
        .expression_attribute_names("#version", VERSION);
    match openings.version.wrapping_sub(1) {
        // An item whose version is not understood is replaced too.
        0 => put
            .condition_expression(
                "attribute_not_exists(#version) OR NOT attribute_type(#version, :number)",
            )
            .expression_attribute_values(":number", text("N")),
        before => put
            .condition_expression("#version = :before")
            .expression_attribute_values(":before", number(before)),
    }
    .build()
}
