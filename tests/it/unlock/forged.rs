//! What an attacker can do who can write only the bot's table: alone nothing, together with an approver's account too
//! much (SECURITY.md).

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::TimeDelta;
use locktender::audit::Entry;
use locktender::command::Command;
use locktender::people::RequestId;
use serde_json::{Value, json};

use crate::support::dynamodb::{TABLE, tables, text};
use crate::support::office::{Office, PLACE, actor, approver};
use crate::support::trail::TrailTable;

const STATE: &str = "env/prod";
const KEY: &str = "env/prod/terraform.tfstate";

/// Changes a stored request.
pub(super) async fn forge(office: &Office, request: RequestId, change: impl FnOnce(&mut Value)) {
    let key = [("pk", format!("request#{request}")), ("sk", "request".to_owned())];
    let [pk, sk] = key.map(|(name, value)| (name, text(&value)));
    let (client, table) = (&office.db.client, tables().table);
    let get = client.get_item().table_name(&table).key(pk.0, pk.1.clone()).key(sk.0, sk.1.clone());
    let item = get.send().await.unwrap().item.unwrap();
    let mut written: Value = serde_json::from_str(item["request"].as_s().unwrap()).unwrap();
    change(&mut written);
    let put = client.put_item().table_name(&table).set_item(Some(item));
    put.item("request", text(&written.to_string()))
        .item("version", AttributeValue::N(written["version"].to_string()))
        .send()
        .await
        .unwrap();
}

#[tokio::test]
async fn a_request_that_was_written_to_be_approved_ends_as_failed_and_the_lock_stays() {
    let office = Office::new().await;
    office.db.lock(KEY).await;
    let request = office.open(&approver("alice"), STATE).await;
    let bob = approver("bob").person;
    forge(&office, request, |written| {
        written["status"] = json!("executing");
        written["approvals"] = json!([{ "by": bob, "at": written["opened_at"] }]);
    })
    .await;
    office.time.advance(TimeDelta::seconds(10));
    office.round().await;

    assert_eq!(office.db.rows(TABLE).await.len(), 1, "the lock is there");
    assert_eq!(office.outcome(request).await, "Failed");
    let card = &office.wall.read(PLACE.channel)[0];
    let said = "the DynamoDB row was not released: the audit trail does not have its approvals";
    assert!(card.contains(said), "{card}");
    assert_eq!(office.actions(STATE).await, ["request.opened", "unlock.failed"]);
    // The path is free for a genuine request.
    let request = office.open(&approver("alice"), STATE).await;
    office.approve(&approver("bob"), request).await;
    assert_eq!(office.outcome(request).await, "Unlocked");
}

#[tokio::test]
async fn an_entry_with_a_number_below_the_first_is_not_read_for_ever() {
    let office = Office::new().await;
    office.db.lock(KEY).await;
    let request = office.open(&approver("alice"), STATE).await;
    forge(&office, request, |written| written["status"] = json!("executing")).await;
    // The `request.opened` entry, at which the read would end, is gone. One entry has an impossible `seq`.
    let (trail, path) = (TrailTable::of(&office.db), office.path(STATE));
    trail.delete(path.as_str(), 1).await;
    let put = trail.client.put_item().table_name(&trail.name).item("path", text(path.as_str()));
    put.item("seq", AttributeValue::N("-1".to_owned())).send().await.unwrap();
    office.time.advance(TimeDelta::seconds(10));
    office.round().await;
    assert_eq!(office.db.rows(TABLE).await.len(), 1, "the lock is there");
    assert_eq!(office.outcome(request).await, "Failed");
}

#[tokio::test]
async fn a_forged_requester_needs_an_approver_and_shows_in_the_trail() {
    let office = Office::new().await;
    office.db.lock(KEY).await;
    let request = office.open(&approver("alice"), STATE).await;
    forge(&office, request, |written| written["requester"] = json!(actor("mallory", &[]).person))
        .await;
    // The forger needs an account with the role. Without it nothing happens.
    let told = office.told(&actor("eve", &[]), Command::Approve { request, typed: None }).await;
    assert!(told.contains("no approver role"), "{told}");
    assert_eq!(office.db.rows(TABLE).await.len(), 1, "the lock is there");

    office.approve(&approver("alice"), request).await;
    assert_eq!(office.outcome(request).await, "Unlocked");
    let trail = office.trail(STATE).await;
    let by = |action: &str| {
        let is_it = |entry: &&Entry| entry.text("action") == Some(action);
        trail.iter().find(is_it).and_then(|entry| entry.text_of("actor", "id"))
    };
    assert!(by("request.opened").is_some());
    assert_eq!(by("request.opened"), by("request.approved"), "one account did both");
}
