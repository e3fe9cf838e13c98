//! Watchers, their order, and the moment at which each is told.

use std::sync::atomic::{AtomicUsize, Ordering};

use locktender::aws::AwsLocks;
use locktender::command::Command;

use crate::support::dynamodb::{DynamoDb, session, text};
use crate::support::given::record;
use crate::support::office::{ANNOUNCE, Office, PLACE, actor, approver, lookout, user};
use crate::support::proxy::{Fate, Proxy};

const PATH: &str = "states/env/prod/terraform.tfstate";

fn watch(keep: bool) -> Command {
    Command::Watch { state: "env/prod".to_owned(), keep }
}

async fn take(office: &Office, id: &str) {
    let record = record(id, "OperationTypeApply", "root@vm", "2026-11-23T11:50:00Z");
    office.db.put(PATH, &[("Info", text(&record))]).await;
}

#[tokio::test]
async fn those_who_wait_are_told_once_in_their_order_where_they_asked() {
    let office = Office::new().await;
    take(&office, "a").await;
    let lookout = lookout(&office.context);
    lookout.pass().await.unwrap();
    let mut told = Vec::new();
    for (name, keep) in [("alice", false), ("bob", true), ("carol", false), ("alice", false)] {
        told.push(office.told(&actor(name, &[]), watch(keep)).await);
    }
    insta::assert_snapshot!(told.join("\n"));
    let watches = office.told(&actor("carol", &[]), Command::Watches).await;
    insta::assert_snapshot!(watches);

    office.db.delete(PATH).await;
    lookout.pass().await.unwrap();
    let here = office.wall.read(PLACE.channel);
    insta::assert_snapshot!(here.join("\n"));
    let pinged = office.wall.posted().into_iter().find(|one| one.channel == PLACE.channel).unwrap();
    assert_eq!(pinged.message.pings, ["alice", "bob", "carol"].map(user));
    let everywhere = office.wall.posted().into_iter().find(|one| one.channel == ANNOUNCE).unwrap();
    assert!(everywhere.message.pings.is_empty(), "only those who asked, where they asked");

    // The next time only bob is told, because he watches permanently.
    take(&office, "b").await;
    lookout.pass().await.unwrap();
    office.db.delete(PATH).await;
    lookout.pass().await.unwrap();
    lookout.pass().await.unwrap();
    let told: Vec<_> =
        office.wall.posted().into_iter().filter(|one| one.channel == PLACE.channel).collect();
    assert_eq!(told.len(), 2);
    assert_eq!(told[1].message.pings, [user("bob")]);
}

#[tokio::test]
async fn who_leaves_the_line_is_not_told() {
    let office = Office::new().await;
    take(&office, "a").await;
    let lookout = lookout(&office.context);
    lookout.pass().await.unwrap();
    let alice = actor("alice", &[]);
    office.told(&alice, watch(false)).await;
    let told = office.told(&alice, Command::Unwatch { state: "env/prod".to_owned() }).await;
    insta::assert_snapshot!(told);
    insta::assert_snapshot!(office.told(&alice, Command::Watches).await);
    office.db.delete(PATH).await;
    lookout.pass().await.unwrap();
    assert_eq!(office.wall.read(PLACE.channel), Vec::<String>::new());
}

#[tokio::test]
async fn for_a_free_state_there_is_nothing_to_wait_for_unless_one_wants_to_know_every_time() {
    let office = Office::new().await;
    office.db.put(&format!("{PATH}-md5"), &[("Digest", text("0"))]).await;
    let alice = actor("alice", &[]);
    insta::assert_snapshot!(office.told(&alice, watch(false)).await);
    insta::assert_snapshot!(office.told(&alice, watch(true)).await);
}

#[tokio::test]
async fn those_who_wait_are_told_of_an_approved_unlock_too() {
    let office = Office::new().await;
    take(&office, "a").await;
    let lookout = lookout(&office.context);
    lookout.pass().await.unwrap();
    office.told(&actor("carol", &[]), watch(false)).await;
    let request = office.open(&approver("alice"), "env/prod").await;
    office.approve(&approver("bob"), request).await;
    lookout.pass().await.unwrap();
    let pinged: Vec<_> =
        office.wall.posted().into_iter().filter(|one| !one.message.pings.is_empty()).collect();
    assert_eq!(pinged.len(), 1);
    assert_eq!(
        (pinged[0].channel, &*pinged[0].message.pings),
        (PLACE.channel, &[user("carol")][..])
    );
}

#[tokio::test]
async fn while_somebody_else_holds_it_at_once_all_wait_on() {
    let office = Office::new().await;
    take(&office, "a").await;
    let lookout = lookout(&office.context);
    lookout.pass().await.unwrap();
    office.told(&actor("carol", &[]), watch(false)).await;
    take(&office, "b").await;
    lookout.pass().await.unwrap();
    assert_eq!(office.wall.read(PLACE.channel), Vec::<String>::new());
    office.db.delete(PATH).await;
    lookout.pass().await.unwrap();
    assert_eq!(office.wall.read(PLACE.channel).len(), 1);
}

#[tokio::test]
async fn many_who_ask_at_once_all_get_their_place() {
    let office = Office::new().await;
    take(&office, "a").await;
    let people: Vec<_> = (0..6).map(|n| actor(&format!("p{n}"), &[])).collect();
    let asked = people.iter().map(|by| office.ask(by, watch(false)));
    for answer in futures::future::join_all(asked).await {
        assert_eq!(answer.outcome, "answered");
    }
    let line = office.context.watches.line(&office.path("env/prod")).await.unwrap();
    assert_eq!(line.watchers().len(), 6);
}

#[tokio::test]
async fn one_person_watches_so_many_states_and_no_more() {
    let office = Office::new().await;
    let alice = actor("alice", &[]);
    // By full path, because these states have not been seen yet.
    let path = |n: usize| format!("states/env/{n}/terraform.tfstate");
    let watch = |n: usize| Command::Watch { state: path(n), keep: true };
    for n in 0..50 {
        assert_eq!(office.ask(&alice, watch(n)).await.outcome, "answered", "{n}");
    }
    insta::assert_snapshot!(office.told(&alice, watch(50)).await, @"You watch 50 states, the most that one person can: stop watching one with /lock unwatch first.");
    // A person who already watches a state can ask again. Other people are not limited.
    assert_eq!(office.ask(&alice, watch(7)).await.outcome, "answered");
    assert_eq!(office.ask(&actor("bob", &[]), watch(50)).await.outcome, "answered");
    office.told(&alice, Command::Unwatch { state: path(7) }).await;
    assert_eq!(office.ask(&alice, watch(50)).await.outcome, "answered");
    let watches = office.told(&alice, Command::Watches).await;
    assert_eq!(watches.lines().count(), 51, "each can be left: {watches}");
}

#[tokio::test]
async fn who_joined_is_not_told_that_nothing_was_changed_where_the_next_look_fails() {
    let mut office = Office::new().await;
    take(&office, "a").await;
    let proxy = Proxy::start(&office.db.endpoint()).await;
    let session = session(&proxy.endpoint());
    office.context.reading.locks =
        std::sync::Arc::new(AwsLocks::connect(&session, vec![DynamoDb::backend()]));
    let denied = serde_json::json!({
        "__type": "com.amazon.coral.service#AccessDeniedException", "Message": "no",
    });
    let looks = AtomicUsize::new(0);
    proxy.rule(move |_| match looks.fetch_add(1, Ordering::Relaxed) {
        0 => Fate::Pass,
        _ => Fate::Answer(400, denied.to_string()),
    });
    let told = office.told(&actor("alice", &[]), watch(false)).await;
    insta::assert_snapshot!(told, @"You will be told in this channel when env/prod clears. You \
         are first in line. It could not be read whether the lock has just cleared: look at \
              /lock status.");
    let line = office.context.watches.line(&office.path("env/prod")).await.unwrap();
    assert_eq!(line.watchers().len(), 1);
}
