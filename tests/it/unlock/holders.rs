//! The person behind the holder of a lock is asked, and may deny.

use chrono::TimeDelta;
use locktender::command::Command;

use crate::support::dynamodb::text;
use crate::support::given::record;
use crate::support::office::{ANNOUNCE, Office, PLACE, actor, approver, lookout, user, words};

const PATH: &str = "states/env/prod/terraform.tfstate";

async fn held_by(who: &str) -> Office {
    let office = Office::new().await;
    let record = record("a", "OperationTypeApply", who, "2026-11-23T11:50:00Z");
    office.db.put(PATH, &[("Info", text(&record))]).await;
    office
}

#[tokio::test]
async fn the_card_asks_the_person_behind_the_holder_who_may_deny_without_a_role() {
    let office = held_by("hal@laptop").await;
    let request = office.open(&approver("alice"), "env/prod").await;
    let posted = office.wall.posted();
    let card = posted.iter().find(|posted| posted.channel == PLACE.channel).unwrap();
    assert_eq!(card.message.pings, [user("hal")]);
    insta::assert_snapshot!(office.wall.read(PLACE.channel).join("\n"));
    // Another person without a role may not, and the holder may not approve.
    let mallory = actor("mallory", &[]);
    let deny = |reason: Option<&str>| Command::Deny { request, reason: reason.map(str::to_owned) };
    let refused = words(&office.ask(&mallory, deny(None)).await);
    assert!(refused.contains("approver role"), "{refused}");
    let hal = actor("hal", &[]);
    let approve = words(&office.ask(&hal, Command::Approve { request, typed: None }).await);
    assert!(approve.contains("approver role"), "{approve}");
    let form = words(&office.ask(&hal, deny(None)).await);
    assert!(form.contains("Deny"), "{form}");
    office.ask(&hal, deny(Some("still applying"))).await;
    assert_eq!(office.outcome(request).await, "Denied");
    let trail = office.trail("env/prod").await;
    let last = trail.last().unwrap();
    assert_eq!(last.text("detail"), Some("as the holder of the lock"));
    assert_eq!(last.text("reason"), Some("still applying"));
}

#[tokio::test]
async fn the_person_behind_the_holder_may_deny_from_anywhere() {
    let office = held_by("hal@laptop").await;
    let request = office.open(&approver("alice"), "env/prod").await;
    let deny = Command::DenyByState { state: "env/prod".to_owned(), reason: None };
    let said = office.told(&actor("hal", &[]), deny).await;
    assert!(said.contains("You have denied the request of alice"), "{said}");
    assert_eq!(office.outcome(request).await, "Denied");
}

#[tokio::test]
async fn a_person_who_asks_for_the_release_of_their_own_lock_is_not_asked_and_does_not_deny() {
    let office = held_by("hal@laptop").await;
    let hal = actor("hal", &[]);
    let request = office.open(&hal, "env/prod").await;
    let posted = office.wall.posted();
    let card = posted.iter().find(|posted| posted.channel == PLACE.channel).unwrap();
    assert_eq!(card.message.pings, []);
    let deny = Command::Deny { request, reason: Some("no".to_owned()) };
    let said = office.told(&hal, deny).await;
    assert!(said.contains("Withdraw"), "{said}");
}

#[tokio::test]
async fn the_person_behind_a_lock_that_looks_stale_is_told() {
    let office = held_by("hal@laptop").await;
    office.time.advance(TimeDelta::hours(3));
    lookout(&office.context).pass().await.unwrap();
    insta::assert_snapshot!(office.wall.read(ANNOUNCE).join("\n"));
    assert_eq!(office.wall.posted()[0].message.pings, [user("hal")]);
}

#[tokio::test]
async fn the_people_behind_several_stale_locks_are_told_in_one_message() {
    let office = held_by("hal@laptop").await;
    for (state, who) in [("b", "hal@laptop"), ("c", "root@vm")] {
        let path = format!("states/{state}/terraform.tfstate");
        let record = record(state, "OperationTypeApply", who, "2026-11-23T11:50:00Z");
        office.db.put(&path, &[("Info", text(&record))]).await;
    }
    office.time.advance(TimeDelta::hours(3));
    lookout(&office.context).pass().await.unwrap();
    insta::assert_snapshot!(office.wall.read(ANNOUNCE).join("\n"));
    assert_eq!(office.wall.posted()[0].message.pings, [user("hal")]);
}
