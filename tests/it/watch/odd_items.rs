//! One stored item that this version cannot read does not affect the others.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::TimeDelta;
use locktender::command::Command;
use locktender::error::FaultKind;

use crate::support::dynamodb::{session, tables, text};
use crate::support::given::record;
use crate::support::office::{ANNOUNCE, Office, PLACE, actor, approver, lookout, words};
use crate::support::proxy::{Fate, Proxy};

type Row = HashMap<String, AttributeValue>;

const PROD: &str = "states/env/prod/terraform.tfstate";
const TEST: &str = "states/env/test/terraform.tfstate";

async fn take(office: &Office, path: &str, id: &str) {
    let record = record(id, "OperationTypeApply", "root@vm", "2026-11-23T11:50:00Z");
    office.db.put(path, &[("Info", text(&record))]).await;
}

/// An office with two held locks that the bot has seen.
async fn two_held() -> Office {
    let office = Office::new().await;
    take(&office, PROD, "a").await;
    take(&office, TEST, "b").await;
    lookout(&office.context).pass().await.unwrap();
    office
}

/// Changes those items of one kind in the bot's table that contain this text.
async fn change(office: &Office, pk: &str, says: &str, change: impl Fn(&mut Row)) {
    let client = &office.db.client;
    let mut changed = 0;
    for mut row in office.db.rows(&tables().table).await {
        let is_it = row["pk"].as_s().unwrap().starts_with(pk)
            && row.values().any(|value| value.as_s().is_ok_and(|text| text.contains(says)));
        if is_it {
            change(&mut row);
            let put = client.put_item().table_name(tables().table).set_item(Some(row));
            put.send().await.unwrap();
            changed += 1;
        }
    }
    assert!(changed > 0, "no {pk} says {says}");
}

fn odd(name: &'static str) -> impl Fn(&mut Row) {
    move |row| {
        row.insert(name.to_owned(), text(r#"{"of":"a newer version"}"#));
    }
}

fn watch(state: &str) -> Command {
    Command::Watch { state: state.to_owned(), keep: false }
}

fn unlock(state: &str) -> Command {
    Command::Unlock { state: state.to_owned(), reason: Some("the runner died".to_owned()) }
}

#[tokio::test]
async fn a_hold_that_cannot_be_read_is_replaced_when_its_lock_is_seen_and_announced_when_it_clears()
{
    let office = two_held().await;
    change(&office, "hold", "env/prod", odd("hold")).await;
    let lookout = lookout(&office.context);
    lookout.pass().await.unwrap();
    assert_eq!(office.context.holds.current().await.unwrap().len(), 2);
    office.db.delete(PROD).await;
    office.db.delete(TEST).await;
    lookout.pass().await.unwrap();
    insta::assert_snapshot!(office.wall.read(ANNOUNCE).join("\n"), @"
    🔓 env/prod is free. Held 10 min by root@vm (apply).
    🔓 env/test is free. Held 10 min by root@vm (apply).
    ");
}

#[tokio::test]
async fn a_hold_that_cannot_be_read_keeps_no_other_from_being_announced() {
    let office = two_held().await;
    change(&office, "hold", "env/prod", odd("hold")).await;
    office.db.delete(PROD).await;
    office.db.delete(TEST).await;
    lookout(&office.context).pass().await.unwrap();
    insta::assert_snapshot!(office.wall.read(ANNOUNCE).join("\n"), @"🔓 env/test is free. Held 10 min by root@vm (apply).");
    // The next hold of that state is followed like any other.
    let lookout = lookout(&office.context);
    take(&office, PROD, "c").await;
    lookout.pass().await.unwrap();
    office.db.delete(PROD).await;
    lookout.pass().await.unwrap();
    assert!(office.wall.read(ANNOUNCE)[1].contains("env/prod is free"));
}

#[tokio::test]
async fn a_hold_is_announced_without_what_cannot_be_read_of_it() {
    let office = two_held().await;
    change(&office, "hold", "env/prod", |row| {
        let hold = row["hold"].as_s().unwrap().replace(r#""root@vm""#, r#"{"user":"root"}"#);
        row.insert("hold".to_owned(), text(&hold));
    })
    .await;
    office.db.delete(PROD).await;
    lookout(&office.context).pass().await.unwrap();
    let said = office.wall.read(ANNOUNCE).join("\n");
    assert!(said.contains("env/prod is free. Held 10 min by an unknown holder"), "{said}");
}

#[tokio::test]
async fn a_hold_that_contradicts_its_key_is_replaced_and_not_tried_for_ever() {
    for name in ["id", "sk"] {
        let office = two_held().await;
        let other = "0".repeat(64);
        change(&office, "hold", "env/prod", |row| {
            row.insert(name.to_owned(), text(&other));
        })
        .await;
        let mut context = office.replica(&office.db.session());
        let proxy = Proxy::start(&office.db.endpoint()).await;
        let behind = office.replica(&session(&proxy.endpoint()));
        (context.holds, context.ledger) = (behind.holds, behind.ledger);
        let lookout = lookout(&context);
        lookout.pass().await.unwrap();
        proxy.rule(|_| Fate::Pass);
        lookout.pass().await.unwrap();
        assert_eq!(proxy.count("TransactWriteItems"), 0, "{name}");
    }
}

#[tokio::test]
async fn nobody_is_told_twice_that_a_hold_is_stale_because_it_cannot_be_read() {
    let office = Office::new().await;
    let record = record("a", "OperationTypeApply", "root@vm", "2026-11-23T09:00:00Z");
    office.db.put(PROD, &[("Info", text(&record))]).await;
    lookout(&office.context).pass().await.unwrap();
    change(&office, "hold", "env/prod", odd("hold")).await;
    for _ in 0..2 {
        lookout(&office.context).pass().await.unwrap();
    }
    assert_eq!(office.wall.read(ANNOUNCE).len(), 1);
}

#[tokio::test]
async fn a_past_hold_that_cannot_be_read_stands_before_no_release() {
    let office = two_held().await;
    office.time.advance(TimeDelta::minutes(1));
    office.db.delete(PROD).await;
    lookout(&office.context).pass().await.unwrap();
    change(&office, "past#", "env/prod", odd("past")).await;
    take(&office, PROD, "c").await;
    let request = office.open(&approver("alice"), "env/prod").await;
    assert!(office.filed(request).await.request.stale_from.is_some());
}

#[tokio::test]
async fn a_past_that_cannot_be_read_at_all_stands_before_no_release_and_no_history() {
    let mut office = two_held().await;
    let proxy = Proxy::start(&office.db.endpoint()).await;
    office.context.holds = office.replica(&session(&proxy.endpoint())).holds;
    let throttled = serde_json::json!({
        "__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException", "message": "no",
    });
    proxy.rule(move |seen| match &*seen.what {
        "Query" => Fate::Answer(400, throttled.to_string()),
        _ => Fate::Pass,
    });
    let alice = approver("alice");
    let request = office.open(&alice, "env/prod").await;
    // The hold is unknown, so an approval needs the typed name.
    assert_eq!(office.filed(request).await.request.stale_from, None);
    let history = Command::History { state: "env/prod".to_owned(), before: None, count: 5 };
    let told = office.told(&alice, history).await;
    assert!(told.contains("request.opened"), "{told}");
    assert!(told.contains("Its past holds could not be read. The log says why."), "{told}");
}

#[tokio::test]
async fn a_line_that_cannot_be_read_is_a_fault_about_itself_alone() {
    let office = two_held().await;
    let alice = actor("alice", &[]);
    for state in ["env/prod", "env/test"] {
        office.told(&alice, watch(state)).await;
    }
    change(&office, "watch", "env/prod", odd("line")).await;
    let watches = office.told(&alice, Command::Watches).await;
    assert!(watches.contains("env/test") && !watches.contains("env/prod"), "{watches}");
    let told = office.told(&actor("bob", &[]), watch("env/prod")).await;
    insta::assert_snapshot!(told.lines().next().unwrap());
    // Watchers of other states, and the announcement channel, are still told.
    office.db.delete(PROD).await;
    office.db.delete(TEST).await;
    lookout(&office.context).pass().await.unwrap();
    let announced = office.wall.read(ANNOUNCE).join("\n");
    assert!(announced.contains("env/prod is free"), "{announced}");
    assert!(office.wall.read(PLACE.channel)[0].contains("env/test is free"));
}

#[tokio::test]
async fn an_open_request_that_cannot_be_read_keeps_its_path_and_no_hold_from_ending() {
    let office = two_held().await;
    let alice = approver("alice");
    office.open(&alice, "env/prod").await;
    change(&office, "request#", "env/prod", odd("request")).await;
    // A newer version may be in the middle of the release, so no process may break its guard.
    let told = office.told(&alice, unlock("env/prod")).await;
    insta::assert_snapshot!(told.lines().next().unwrap());
    let guards = office.db.rows(&tables().table).await;
    assert!(guards.iter().any(|row| row["pk"].as_s().unwrap() == "open"));
    office.open(&alice, "env/test").await;
    assert_eq!(office.context.ledger.open_requests().await.unwrap().len(), 1);
    let fault = office.context.ledger.open_request(&office.path("env/prod")).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::NotUnderstood);
    office.db.delete(PROD).await;
    lookout(&office.context).pass().await.unwrap();
    let announced = office.wall.read(ANNOUNCE).join("\n");
    assert!(announced.contains("env/prod is free"), "{announced}");
}

#[tokio::test]
async fn a_guard_whose_request_is_not_there_is_named_and_not_called_throttling() {
    let office = two_held().await;
    let alice = approver("alice");
    let request = office.open(&alice, "env/prod").await;
    let delete = office.db.client.delete_item().table_name(tables().table);
    let key = text(&format!("request#{request}"));
    delete.key("pk", key).key("sk", text("request")).send().await.unwrap();
    let told = words(&office.ask(&alice, unlock("env/prod")).await);
    insta::assert_snapshot!(told.lines().next().unwrap());
}
