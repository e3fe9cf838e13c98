//! The report that is posted once a week.

use std::sync::Arc;

use chrono::TimeDelta;
use locktender::aws::AwsWeeks;
use locktender::context::Context;
use locktender::ports::{Notice, Outbox, Weeks};
use locktender::watch::WeekName;
use locktender::workers::WeeklyReports;

use super::{Office, office};
use crate::support::dynamodb::tables;
use crate::support::office::ANNOUNCE;

/// The days of an office begin on a Monday and end on this day, some minutes later.
const AT: &str = "friday 07:00";

fn weeks(office: &Office) -> Arc<AwsWeeks> {
    Arc::new(AwsWeeks::connect(&office.db.session(), tables()))
}

fn weekly(office: &Office, context: &Context) -> WeeklyReports {
    let context = context.clone();
    WeeklyReports { context, weeks: weeks(office), at: AT.parse().unwrap() }
}

/// The reports that were posted.
fn posted(office: &Office) -> Vec<String> {
    let all = office.wall.read(ANNOUNCE);
    all.into_iter().filter(|text| text.contains("State locks")).collect()
}

/// An office that had its last report a week ago, on the day of the next one.
async fn due() -> Office {
    let office = office().await;
    let before = WeekName::stored("2026-W47");
    let now = office.context.reading.clock.now();
    assert!(weeks(&office).advance(None, &before, now, None).await.unwrap());
    assert_eq!(now.format("%a %H").to_string(), "Fri 07", "{now}");
    office
}

#[tokio::test]
async fn a_report_is_posted_once_a_week_from_the_first_full_week_on() {
    let office = office().await;
    let weekly = weekly(&office, &office.context);
    // The setting is new: nobody asked for the week that is over.
    for _ in 0..3 {
        weekly.round().await.unwrap();
        office.time.advance(TimeDelta::days(2));
    }
    assert_eq!(posted(&office).len(), 0);
    for _ in 0..12 {
        weekly.round().await.unwrap();
        office.time.advance(TimeDelta::hours(12));
    }
    assert_eq!(posted(&office).len(), 1);
    // A bot that was down for days leaves a report out, and makes the next one.
    office.time.advance(TimeDelta::days(7));
    weekly.round().await.unwrap();
    assert_eq!(posted(&office).len(), 1);
    for _ in 0..14 {
        weekly.round().await.unwrap();
        office.time.advance(TimeDelta::hours(12));
    }
    assert_eq!(posted(&office).len(), 2);
}

#[tokio::test]
async fn two_replicas_post_one_report() {
    for _ in 0..3 {
        let office = due().await;
        let other = office.replica(&office.db.session());
        let (one, two) = (weekly(&office, &office.context), weekly(&office, &other));
        tokio::try_join!(one.round(), two.round()).unwrap();
        office.context.courier.deliver().await;
        two.round().await.unwrap();
        assert_eq!(posted(&office).len(), 1);
    }
}

#[tokio::test]
async fn a_report_that_was_stored_is_posted_by_the_next_start_and_once() {
    let office = due().await;
    // This courier has no worker: the bot is killed between the write and the post.
    let courier = office.courier.clone();
    let killed = Context { courier, ..office.context.clone() };
    weekly(&office, &killed).round().await.unwrap();
    assert_eq!(posted(&office).len(), 0);
    for _ in 0..2 {
        weekly(&office, &office.context).round().await.unwrap();
        assert!(office.courier.round().await);
        assert_eq!(posted(&office).len(), 1);
    }
}

#[tokio::test]
async fn it_says_what_was_held_and_forced_and_names_no_person() {
    let office = due().await;
    weekly(&office, &office.context).round().await.unwrap();
    let said = posted(&office).remove(0);
    for name in ["alice", "bob", "jjoyner", "mira", "macbook"] {
        assert!(!said.contains(name), "{name} in {said}");
    }
    insta::assert_snapshot!(said);
}

#[tokio::test]
async fn what_is_stored_is_read_back_as_it_was() {
    let office = due().await;
    let killed = Context { courier: office.courier.clone(), ..office.context.clone() };
    weekly(&office, &killed).round().await.unwrap();
    let outbox = locktender::aws::AwsOutbox::connect(&office.db.session(), tables());
    let due = outbox.due(10).await.unwrap();
    let notices: Vec<&Notice> = due.iter().filter_map(|due| due.notice.as_ref()).collect();
    let is_weekly = |notice: &&&Notice| matches!(notice, Notice::Weekly { .. });
    let notice = notices.iter().find(is_weekly).expect("a weekly notice");
    let written = serde_json::to_string(notice).unwrap();
    assert!(written.len() < 50_000, "{} bytes", written.len());
    assert_eq!(serde_json::from_str::<Notice>(&written).unwrap(), **notice);
}
