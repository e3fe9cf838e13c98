//! What a list that is watched shows, look by look.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use locktender::commands::{self, LiveList};
use locktender::console::{Live, Output, Style};
use locktender::finding::Reading;

use crate::support::given::{Given, NOW, record};
use crate::support::sites::Sites;

const EVERY: Duration = Duration::from_secs(5);

fn live(filter: &str, width: usize) -> Live<'_> {
    let output = Output { style: Style::Plain, width: Some(width) };
    Live { filter, every: EVERY, output }
}

fn noon() -> DateTime<Utc> {
    NOW.parse().unwrap()
}

fn given(state: &str, minutes: i64) -> Given {
    let since = (noon() - TimeDelta::minutes(minutes)).to_rfc3339();
    Given::default().row(state, &record(state, "OperationTypeApply", "ci@runner-1", &since))
}

fn known(reading: &Reading) -> LiveList {
    let backends = reading.catalog.backends().iter().map(|backend| backend.name.clone());
    LiveList::new(backends, noon())
}

async fn look(list: &mut LiveList, reading: &Reading, at: DateTime<Utc>) {
    list.take(commands::list(reading, "").await, at);
}

#[tokio::test]
async fn each_look_says_what_is_new_what_has_cleared_and_what_was_not_read() {
    let sites = Sites::open().await;
    let reading = &sites.office.context.reading;
    let mut list = known(reading);
    let mut told = Vec::new();
    let mut at = noon();
    let mut show = |list: &LiveList, at| told.push(live("", 100).frame(list, at, 24));
    sites.lock_main("env/prod").await;
    sites.lock_team("env/prod").await;
    look(&mut list, reading, at).await;
    show(&list, at);
    // One is taken and another clears.
    sites.lock_main("env/dev").await;
    sites.team.delete("team-states/env/prod/terraform.tfstate").await;
    sites.lock_team("env/qa").await;
    at += TimeDelta::seconds(6);
    look(&mut list, reading, at).await;
    show(&list, at);
    // The other account is gone, and here one more clears.
    sites.team_is_down();
    sites.office.db.delete("states/env/prod/terraform.tfstate").await;
    at += TimeDelta::minutes(3);
    look(&mut list, reading, at).await;
    show(&list, at);
    // No look ends any more.
    at += TimeDelta::minutes(1);
    show(&list, at);
    insta::assert_snapshot!(told.join("\n----\n"));
}

#[tokio::test]
async fn a_backend_that_was_never_read_is_missing_and_not_free() {
    let sites = Sites::open().await;
    let reading = &sites.office.context.reading;
    sites.team_is_down();
    let mut list = known(reading);
    look(&mut list, reading, noon()).await;
    let frame = live("", 80).frame(&list, noon(), 24);
    assert!(!frame.contains("No lock is held"), "{frame}");
    insta::assert_snapshot!(frame, @"
    No lock is known to be held, and not all could be read.
    ⚠️ team could not be read yet, so its locks are missing. The lock table `locks`
    refused access: allow dynamodb:Scan on it

    Looked at 12:00:00 UTC, every 5 s. Ctrl-C ends this.
    ");
}

#[tokio::test]
async fn a_lock_that_changed_hands_is_a_new_one() {
    let (before, after) = (given("env/prod", 60), given("env/dev", 2));
    let reading = before.reading();
    let mut list = known(&reading);
    look(&mut list, &reading, noon()).await;
    let other = record("8c0d5b1e", "OperationTypePlan", "mira@laptop", "2026-11-23T11:59:00Z");
    let reading = after.row("env/prod", &other).reading();
    look(&mut list, &reading, noon()).await;
    let frame = live("env", 100).frame(&list, noon(), 24);
    insta::assert_snapshot!(frame, @r#"
    2 locks are held, of those that match "env".

       STATE     HELD FOR  OPERATION  HOLDER       LOCK ID   LIVES IN
    -  env/prod  cleared   apply      ci@runner-1  env/prod  dynamodb
    +  env/dev   2 min     apply      ci@runner-1  env/dev   dynamodb
    +  env/prod  1 min     plan       mira@laptop  8c0d5b1e  dynamodb

    + new since the last look   - cleared since then   ? not read, as it was before
    Looked at 12:00:00 UTC, every 5 s. Ctrl-C ends this.
    "#);
}

#[tokio::test]
async fn a_small_window_says_what_it_has_no_room_for() {
    let many = (0..30).fold(Given::default(), |many, at| {
        let record = record("a", "OperationTypePlan", "ci@runner", "2026-11-23T08:00:00Z");
        many.row(&format!("services/{at:02}"), &record)
    });
    let reading = many.reading();
    let mut list = known(&reading);
    look(&mut list, &reading, noon()).await;
    for rows in 1..50 {
        let frame = live("", 40).frame(&list, noon(), rows);
        assert!(frame.lines().count() <= rows, "{rows}: {frame}");
    }
    insta::assert_snapshot!(live("", 40).frame(&list, noon(), 10), @"
    30 locks are held.

       STATE        HELD FOR  OPERATION
       services/00  4 h       plan
       services/01  4 h       plan
       services/02  4 h       plan
    … and 27 more lines: this window is too small.

    Looked at 12:00:00 UTC, every 5 s.
    Ctrl-C ends this.
    ");
}

#[tokio::test]
async fn a_lock_that_became_unreadable_has_not_cleared() {
    let before = given("env/prod", 60).reading();
    let mut list = known(&before);
    look(&mut list, &before, noon()).await;
    let after = Given::default().row("env/prod", "no JSON").reading();
    look(&mut list, &after, noon()).await;
    let frame = live("", 100).frame(&list, noon(), 24);
    assert!(frame.contains("1 lock is held.") && !frame.contains("cleared"), "{frame}");
}
