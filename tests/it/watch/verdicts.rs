//! The verdict on a hold, and the announcement of a stale one.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use locktender::audit::Hash;
use locktender::command::Command;

use crate::support::dynamodb::{tables, text};
use crate::support::given::{NOW, record};
use crate::support::office::{ANNOUNCE, Office, approver, lookout};

const PATH: &str = "states/env/prod/terraform.tfstate";

fn ago(minutes: i64, office: &Office) -> String {
    let now: DateTime<Utc> = office.context.reading.clock.now();
    (now - TimeDelta::minutes(minutes)).to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Locks and clears a state once for each of these durations in minutes.
async fn past(office: &Office, minutes: &[i64]) {
    let lookout = lookout(&office.context);
    for (n, &minutes) in minutes.iter().enumerate() {
        let record =
            record(&format!("past-{n}"), "OperationTypeApply", "ci@ci-runner-04", &ago(0, office));
        office.db.put(PATH, &[("Info", text(&record))]).await;
        lookout.pass().await.unwrap();
        office.time.advance(TimeDelta::minutes(minutes));
        office.db.delete(PATH).await;
        lookout.pass().await.unwrap();
    }
}

async fn lock_since(office: &Office, path: &str, id: &str, minutes: i64) {
    let record = record(id, "OperationTypeApply", "ci@ci-runner-04", &ago(minutes, office));
    office.db.put(path, &[("Info", text(&record))]).await;
}

/// The verdict's line in the answer to `/lock status`.
async fn verdict(office: &Office) -> String {
    let status = Command::Status { state: "env/prod".to_owned() };
    let told = office.told(&approver("alice"), status).await;
    let line = told.lines().find(|line| line.starts_with("This hold looks "));
    line.unwrap_or_else(|| panic!("no verdict in {told}")).to_owned()
}

#[tokio::test]
async fn the_verdict_says_what_it_is_made_of() {
    let office = Office::new().await;
    lock_since(&office, PATH, "now", 12).await;
    let without_a_past = verdict(&office).await;
    office.db.delete(PATH).await;
    past(&office, &[5, 6, 6, 7, 11]).await;
    let mut said = vec![without_a_past];
    for minutes in [4, 12, 40] {
        lock_since(&office, PATH, &format!("now-{minutes}"), minutes).await;
        said.push(verdict(&office).await);
    }
    // The holder's machine has since finished other runs.
    let lookout = lookout(&office.context);
    for n in 0..3 {
        let other = format!("states/env/other-{n}/terraform.tfstate");
        lock_since(&office, &other, &format!("other-{n}"), 1).await;
        lookout.pass().await.unwrap();
        office.db.delete(&other).await;
        lookout.pass().await.unwrap();
    }
    lock_since(&office, PATH, "now-13", 13).await;
    said.push(verdict(&office).await);
    insta::assert_snapshot!(said.join("\n"));
}

#[tokio::test]
async fn a_hold_that_turns_stale_is_announced_once_with_the_way_to_have_it_released() {
    let office = Office::new().await;
    lock_since(&office, PATH, "a", 119).await;
    let first = lookout(&office.context);
    first.pass().await.unwrap();
    assert_eq!(office.wall.posted().len(), 0);
    office.time.advance(TimeDelta::minutes(2));
    first.pass().await.unwrap();
    first.pass().await.unwrap();
    // Neither the next process nor another replica announces it again.
    lookout(&office.context).pass().await.unwrap();
    let posted = office.wall.posted();
    assert_eq!(posted.len(), 1);
    insta::assert_snapshot!(office.wall.read(ANNOUNCE).join("\n"));
    let Command::Unlock { state, reason: None } = &posted[0].message.buttons[0].command else {
        panic!("{:?}", posted[0].message.buttons);
    };
    assert_eq!(state, "env/prod");
}

#[tokio::test]
async fn many_that_are_stale_at_the_first_look_are_few_messages() {
    let office = Office::new().await;
    for n in 10..34 {
        let path = format!("states/env/{n}/terraform.tfstate");
        lock_since(&office, &path, &n.to_string(), 24 * 60).await;
    }
    lookout(&office.context).pass().await.unwrap();
    lookout(&office.context).pass().await.unwrap();
    let announced = office.wall.read(ANNOUNCE);
    assert_eq!(announced.len(), 3, "{announced:?}");
    for n in 10..34 {
        let said = announced.join("\n").matches(&format!("env/{n}: held 1 d so far")).count();
        assert_eq!(said, 1, "{n} in {announced:?}");
    }
    let (first, last) = (announced[0].lines().next(), announced[0].lines().last());
    insta::assert_snapshot!(format!("{}\n{}", first.unwrap(), last.unwrap()), @"
    ⏳ 10 locks look stale
    Look at one with /lock status, and request its release with /lock unlock.
    ");
}

#[tokio::test]
async fn a_request_is_judged_by_the_past_of_its_state() {
    let office = Office::new().await;
    past(&office, &[200, 210, 220, 230, 240]).await;
    // Past the team's limit, but not longer than usual for this state, so an approval needs the typed name.
    lock_since(&office, PATH, "now", 150).await;
    let request = office.open(&approver("alice"), "env/prod").await;
    let asked = office.told(&approver("bob"), Command::Approve { request, typed: None }).await;
    assert!(asked.contains("Type the state's name"), "{asked}");
}

#[tokio::test]
async fn a_free_state_and_its_history_tell_of_past_holds() {
    let office = Office::new().await;
    past(&office, &[5, 6]).await;
    let alice = approver("alice");
    let status = office.told(&alice, Command::Status { state: "env/prod".to_owned() }).await;
    let history = Command::History { state: "env/prod".to_owned(), before: None, count: 5 };
    let history = office.told(&alice, history).await;
    assert!(NOW.starts_with("2026-11-23T12:00"));
    insta::assert_snapshot!(format!("{status}\n\n{history}"));
}

#[tokio::test]
async fn of_a_machine_with_very_many_runs_only_a_hundred_are_counted() {
    let office = Office::new().await;
    lock_since(&office, PATH, "a", 60).await;
    let host = format!("host#{}", Hash::of("ci-runner-04"));
    for n in 0..105 {
        let put = office.db.client.put_item().table_name(tables().table);
        let place = format!("{NOW}#{n:03}");
        let put = put.item("pk", text(&host)).item("sk", text(&place)).item("state", text("other"));
        put.send().await.unwrap();
    }
    lookout(&office.context).pass().await.unwrap();
    let current = office.context.holds.current().await.unwrap();
    let hold = &current[&office.path("env/prod")];
    let count = office.context.holds.ended_by("ci-runner-04", hold.since, &hold.state.path).await;
    assert_eq!(count.unwrap(), 100);
    insta::assert_snapshot!(verdict(&office).await, @"This hold looks active: the limit is 2 h, because there are too few past holds here to compare with. ci-runner-04 has finished 100 or more other runs since.");
}
