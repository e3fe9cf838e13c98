//! Limits on pings of approvers and on entries of the trail. The table counts the openings of each person
//! and each state, over all replicas.

use chrono::TimeDelta;
use futures::future::join_all;
use locktender::command::Command;

use crate::support::dynamodb::{tables, text};
use crate::support::office::{Office, PLACE, actor, approver, ask, words};

const STATE: &str = "env/prod";

fn unlock(state: &str) -> Command {
    Command::Unlock { state: state.to_owned(), reason: Some("the runner died".to_owned()) }
}

fn withdraw(state: &str) -> Command {
    Command::WithdrawByState { state: state.to_owned(), reason: None }
}

async fn locked(states: usize) -> Office {
    let office = Office::new().await;
    for n in 0..states {
        office.db.lock(&format!("env/{n}/terraform.tfstate")).await;
    }
    office.db.lock("env/prod/terraform.tfstate").await;
    office
}

#[tokio::test]
async fn asking_again_and_again_calls_the_approvers_once_an_hour_and_ends() {
    let office = locked(0).await;
    let (alice, mira) = (actor("alice", &[]), actor("mira", &[]));
    for n in 0..6 {
        let who = if n % 2 == 0 { &alice } else { &mira };
        office.open(who, STATE).await;
        let calls = office.wall.posted().pop().unwrap().message.calls;
        assert_eq!(calls.len(), usize::from(n == 0), "of card {n}");
        office.ask(who, withdraw(STATE)).await;
    }
    let refused = office.told(&alice, unlock(STATE)).await;
    // An approver can still open one. Its card names the approvers without a ping.
    office.open(&approver("bob"), STATE).await;
    let card = office.wall.posted().pop().unwrap().message;
    assert!(card.calls.is_empty());
    let said = office.wall.read(PLACE.channel).pop().unwrap();
    let who = said.lines().find(|line| line.contains("Who may approve")).unwrap().trim().to_owned();
    insta::assert_snapshot!([refused, who].join("\n"), @"
    6 requests were opened for this state within an hour: ask an approver to open the next one, or open it yourself after 2026-11-23 13:00:00 UTC.
    Who may approve        Members with an approver role, except for their own requests.
    ");
    office.ask(&approver("bob"), withdraw(STATE)).await;

    office.time.advance(TimeDelta::hours(1));
    office.open(&alice, STATE).await;
    assert_eq!(office.wall.posted().pop().unwrap().message.calls.len(), 1, "called again");
}

#[tokio::test]
async fn one_person_opens_ten_requests_an_hour_whichever_replica_takes_them() {
    let office = locked(12).await;
    let alice = actor("alice", &[]);
    let other = office.replica(&office.db.session());
    let asked = (0..12).map(|n| {
        let (office, alice) = (&office, &alice);
        let context = if n % 2 == 0 { &office.context } else { &other };
        async move { ask(context, office.event(), alice, unlock(&format!("env/{n}"))).await }
    });
    // All at once, so that several may read the same count.
    let answers = join_all(asked).await;
    let opened = answers.iter().filter(|answer| answer.outcome == "answered").count();
    let busy = answers.iter().filter(|answer| answer.outcome == "failed").count();
    assert!(opened <= 10 && opened + busy >= 10, "{opened} opened, {busy} met too many others");
    for n in 0..12 {
        office.told(&alice, unlock(&format!("env/{n}"))).await;
    }
    assert_eq!(office.context.ledger.open_requests().await.unwrap().len(), 10);
    // A newly started process has the same count.
    let later = office.replica(&office.db.session());
    let told = words(&ask(&later, office.event(), &alice, unlock(STATE)).await);
    assert!(told.starts_with("You have opened 10 requests within an hour"), "{told}");
    // Other people can still open requests.
    office.open(&actor("mira", &[]), STATE).await;
}

#[tokio::test]
async fn a_request_that_is_not_opened_is_not_counted() {
    let office = locked(0).await;
    office.open(&approver("bob"), STATE).await;
    let alice = actor("alice", &[]);
    for _ in 0..12 {
        let told = office.told(&alice, unlock(STATE)).await;
        assert!(told.contains("There is an open request for this lock"), "{told}");
    }
}

#[tokio::test]
async fn a_count_that_is_not_understood_keeps_nobody_from_asking() {
    let office = locked(0).await;
    let alice = actor("alice", &[]);
    let key = format!("person#{}", alice.person.id);
    let put = office.db.client.put_item().table_name(tables().table);
    let put = put.item("pk", text("opened")).item("sk", text(&key)).item("version", text("odd"));
    put.send().await.unwrap();
    office.open(&alice, STATE).await;
}
