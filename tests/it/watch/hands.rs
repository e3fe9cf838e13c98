//! Locks that change hands. The bot's main case is a stale lock that a waiting run takes as soon as it is
//! released.

use chrono::{DateTime, TimeDelta, Utc};
use locktender::ports::Undelivered;
use locktender::watch::Ending;

use crate::support::dynamodb::{session, tables, text};
use crate::support::given::record;
use crate::support::office::{ANNOUNCE, Office, approver, lookout};
use crate::support::proxy::{Fate, Proxy};

const PATH: &str = "states/env/prod/terraform.tfstate";

async fn take(office: &Office, id: &str, who: &str, created: &str) {
    let record = record(id, "OperationTypeApply", who, created);
    office.db.put(PATH, &[("Info", text(&record))]).await;
}

/// An office with root's lock, which has been announced as stale.
async fn stale() -> Office {
    let office = Office::new().await;
    take(&office, "a", "root@vm", "2026-11-23T09:00:00Z").await;
    lookout(&office.context).pass().await.unwrap();
    assert!(office.wall.read(ANNOUNCE)[0].contains("looks stale"));
    office
}

#[tokio::test]
async fn a_stale_lock_that_changes_hands_is_followed_to_its_next_holder() {
    let office = stale().await;
    let lookout = lookout(&office.context);
    take(&office, "b", "mira@laptop", "2026-11-23T12:00:00Z").await;
    lookout.pass().await.unwrap();
    let current = office.context.holds.current().await.unwrap();
    let hold = &current[&office.path("env/prod")];
    assert_eq!((hold.who.as_deref(), hold.told_stale), (Some("mira@laptop"), false));
    office.time.advance(TimeDelta::minutes(30));
    office.db.delete(PATH).await;
    lookout.pass().await.unwrap();
    insta::assert_snapshot!(office.wall.read(ANNOUNCE)[1..].join("\n"), @"
    🔁 env/prod changed hands. Held 3 h by root@vm (apply). Now held by mira@laptop.
    🔓 env/prod is free. Held 30 min by mira@laptop (apply).
    ");
}

#[tokio::test]
async fn a_stale_lock_that_is_released_and_taken_at_once_is_followed_to_its_next_holder() {
    let office = stale().await;
    let request = office.open(&approver("alice"), "env/prod").await;
    office.approve(&approver("bob"), request).await;
    take(&office, "b", "mira@laptop", "2026-11-23T12:00:00Z").await;
    let lookout = lookout(&office.context);
    lookout.pass().await.unwrap();
    office.time.advance(TimeDelta::minutes(30));
    office.db.delete(PATH).await;
    lookout.pass().await.unwrap();
    let announced = office.wall.read(ANNOUNCE);
    assert!(announced[1].contains("released by bob"), "{announced:?}");
    assert!(announced[2].contains("is free. Held 30 min by mira@laptop"), "{announced:?}");
    let past = office.context.holds.past(&office.path("env/prod"), 10).await.unwrap().holds;
    let endings: Vec<&Ending> = past.iter().map(|past| &past.ending).collect();
    assert_eq!(endings, [&Ending::Cleared, &Ending::Unlocked { request }]);
}

#[tokio::test]
async fn a_change_of_hands_is_written_at_the_first_try_and_not_looked_at_again() {
    let mut office = stale().await;
    let proxy = Proxy::start(&office.db.endpoint()).await;
    office.context = office.replica(&session(&proxy.endpoint()));
    let lookout = lookout(&office.context);
    lookout.pass().await.unwrap();
    take(&office, "b", "mira@laptop", "2026-11-23T12:00:00Z").await;
    proxy.rule(|_| Fate::Pass);
    lookout.pass().await.unwrap();
    assert_eq!(proxy.count("TransactWriteItems"), 1);
    proxy.rule(|_| Fate::Pass);
    lookout.pass().await.unwrap();
    assert_eq!(proxy.seen().len(), 0, "{:?}", proxy.seen());
}

#[tokio::test]
async fn a_hold_that_another_process_has_ended_is_not_tried_again_and_again() {
    let mut office = stale().await;
    let proxy = Proxy::start(&office.db.endpoint()).await;
    let other = office.replica(&office.db.session());
    office.context = office.replica(&session(&proxy.endpoint()));
    let (first, second) = (lookout(&other), lookout(&office.context));
    first.pass().await.unwrap();
    second.pass().await.unwrap();
    take(&office, "b", "mira@laptop", "2026-11-23T12:00:00Z").await;
    first.pass().await.unwrap();
    proxy.rule(|_| Fate::Pass);
    second.pass().await.unwrap();
    assert_eq!(proxy.count("TransactWriteItems"), 1);
}

#[tokio::test]
async fn a_notice_has_its_place_by_the_bots_clock_and_not_by_a_holders() {
    let office = stale().await;
    // The next holder's clock is one hour behind.
    take(&office, "b", "mira@laptop", "2026-11-23T11:00:00Z").await;
    let later = Undelivered::Later { after: None, why: "busy".to_owned() };
    office.wall.trouble([later]);
    lookout(&office.context).pass().await.unwrap();
    let rows = office.db.rows(&tables().table).await;
    let of = |pk: &str, name: &str| {
        let row = rows.iter().find(|row| row["pk"].as_s().unwrap().starts_with(pk)).unwrap();
        row[name].clone()
    };
    let place = of("outbox", "sk");
    assert!(place.as_s().unwrap().starts_with("2026-11-23T12:00:00.000Z#"), "{place:?}");
    let kept = of("past#", "ttl").as_n().unwrap().parse().unwrap();
    let kept = DateTime::<Utc>::from_timestamp(kept, 0).unwrap();
    assert_eq!(kept - TimeDelta::days(90), office.context.reading.clock.now());
}

#[tokio::test]
async fn a_next_holder_whose_clock_is_wrong_does_not_make_a_hold_shorter_than_it_was() {
    let office = stale().await;
    take(&office, "b", "mira@laptop", "2014-07-28T00:00:00Z").await;
    lookout(&office.context).pass().await.unwrap();
    let said = &office.wall.read(ANNOUNCE)[1];
    assert!(said.contains("changed hands. Held 3 h by root@vm"), "{said}");
}
