//! A notice in the outbox that cannot be delivered. It hides no other notice, delays none, and is not
//! lost.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use locktender::aws::AwsOutbox;
use locktender::command::Command;
use locktender::context::Context;
use locktender::people::{EventId, RequestId};
use locktender::ports::{Courier, Notice, NoticeId, Outbox, Undelivered};
use locktender::workers::Warden;
use tokio_util::sync::CancellationToken;

use crate::support::deadline::Deadline;
use crate::support::dynamodb::{tables, text};
use crate::support::office::{ANNOUNCE, Office, PLACE, approver, ask};

const STATE: &str = "env/prod";

/// More notices than one read ever returned.
const MANY: usize = 60;

fn busy() -> Undelivered {
    Undelivered::Later { after: None, why: "busy".to_owned() }
}

fn refused() -> Undelivered {
    Undelivered::Refused { why: "This bot may not write here: allow it to".to_owned() }
}

fn outbox(office: &Office) -> AwsOutbox {
    AwsOutbox::connect(&office.db.session(), tables())
}

/// The ID of a notice that is older than all others in these tests.
fn id(n: usize) -> NoticeId {
    NoticeId(format!("2020-01-01T00:00:00.000Z#{n:04}#0"))
}

/// A notice for the channel of announcements.
fn broken(n: usize) -> Notice {
    let at = "2026-11-23T12:00:00Z".parse().unwrap();
    Notice::TrailBroken { at, what: format!("entry {n}") }
}

async fn announce(office: &Office, notices: usize) {
    let outbox = outbox(office);
    for n in 0..notices {
        outbox.add(&id(n), &broken(n)).await.unwrap();
    }
}

async fn rows(office: &Office, pk: &str) -> usize {
    let rows = office.db.rows("locktender").await;
    rows.iter().filter(|row| row["pk"].as_s().unwrap() == pk).count()
}

async fn puzzle(office: &Office, n: usize) {
    let item = [
        ("pk", text("outbox")),
        ("sk", text(&id(n).0)),
        ("notice", text("{\"kind\":\"of a newer version\"}")),
    ];
    office.db.put_item("locktender", &item).await;
}

/// Delivers the outbox until this holds.
async fn until(office: &Office, what: &str, look: impl AsyncFn() -> bool) {
    let deadline = Deadline::generous();
    loop {
        office.context.courier.deliver().await;
        if look().await {
            return;
        }
        assert!(deadline.look_again().await, "{what}");
    }
}

#[tokio::test]
async fn a_channel_in_trouble_hides_nothing_of_another() {
    let office = Office::locked(&[STATE]).await;
    announce(&office, MANY).await;
    office.wall.shut(ANNOUNCE, busy());
    office.context.courier.deliver().await;
    office.open(&approver("alice"), STATE).await;
    assert_eq!(office.wall.read(PLACE.channel).len(), 1);
    assert_eq!(rows(&office, "outbox").await, MANY);
    office.wall.open(ANNOUNCE);
    until(&office, "all announcements", async || rows(&office, "outbox").await == 0).await;
    let announced = office.wall.read(ANNOUNCE);
    assert_eq!(announced.len(), MANY);
    for (n, announced) in announced.iter().enumerate() {
        assert!(announced.contains(&format!("entry {n}.")), "in order: {announced}");
    }
}

#[tokio::test]
async fn what_this_version_does_not_understand_hides_nothing_and_is_set_aside_after_a_day() {
    let office = Office::locked(&[STATE]).await;
    for n in 0..MANY {
        puzzle(&office, n).await;
    }
    office.open(&approver("alice"), STATE).await;
    assert_eq!(office.wall.read(PLACE.channel).len(), 1);
    office.context.courier.deliver().await;
    // A newer version may run beside this one.
    office.time.advance(TimeDelta::hours(23));
    office.context.courier.deliver().await;
    assert_eq!((rows(&office, "outbox").await, rows(&office, "outbox#aside").await), (MANY, 0));
    office.time.advance(TimeDelta::hours(2));
    office.context.courier.deliver().await;
    assert_eq!((rows(&office, "outbox").await, rows(&office, "outbox#aside").await), (0, MANY));
    let all = office.db.rows("locktender").await;
    let aside = all.iter().find(|row| row["pk"].as_s().unwrap() == "outbox#aside").unwrap();
    assert!(aside["notice"].as_s().unwrap().contains("newer version"));
    assert!(aside.contains_key("ttl"));
}

#[tokio::test]
async fn a_card_whose_request_is_not_understood_hides_nothing_and_is_set_aside_after_a_day() {
    let office = Office::locked(&[STATE]).await;
    let newer = RequestId::of(EventId::new(7));
    let request = [
        ("pk", text("request#7")),
        ("sk", text("request")),
        ("request", text("{\"of\":\"a newer version\"}")),
        ("tail", text("{}")),
    ];
    office.db.put_item("locktender", &request).await;
    let outbox = outbox(&office);
    outbox.add(&id(1), &Notice::Card { request: newer }).await.unwrap();
    // The channel of a release notice is looked up at delivery.
    outbox.add(&id(2), &Notice::Released { request: newer, channel: None }).await.unwrap();
    outbox.add(&id(3), &broken(3)).await.unwrap();
    office.open(&approver("alice"), STATE).await;
    office.context.courier.deliver().await;
    assert_eq!(office.wall.read(PLACE.channel).len(), 1);
    assert_eq!(office.wall.read(ANNOUNCE).len(), 1);
    assert_eq!((rows(&office, "outbox").await, rows(&office, "outbox#aside").await), (2, 0));
    office.time.advance(TimeDelta::hours(25));
    until(&office, "both to be set aside", async || rows(&office, "outbox").await == 0).await;
}

#[tokio::test]
async fn a_channel_that_refuses_for_a_while_loses_no_announcement() {
    let office = Office::locked(&[STATE]).await;
    announce(&office, 3).await;
    office.wall.shut(ANNOUNCE, refused());
    office.context.courier.deliver().await;
    office.context.courier.deliver().await;
    assert_eq!(office.wall.tries(), 1, "a channel that refuses is left alone for a while");
    office.time.advance(TimeDelta::hours(23));
    office.wall.open(ANNOUNCE);
    until(&office, "all announcements", async || office.wall.read(ANNOUNCE).len() == 3).await;
    assert_eq!(rows(&office, "outbox").await, 0);
}

#[tokio::test]
async fn what_is_refused_for_a_day_is_set_aside_and_what_came_later_is_kept() {
    let office = Office::locked(&[STATE]).await;
    announce(&office, 3).await;
    office.wall.shut(ANNOUNCE, refused());
    office.context.courier.deliver().await;
    office.time.advance(TimeDelta::hours(25));
    outbox(&office).add(&id(7), &broken(7)).await.unwrap();
    until(&office, "the old ones", async || rows(&office, "outbox#aside").await == 3).await;
    assert_eq!(rows(&office, "outbox").await, 1);
    office.wall.open(ANNOUNCE);
    until(&office, "the new one", async || office.wall.read(ANNOUNCE).len() == 1).await;
}

#[tokio::test]
async fn one_message_that_is_not_taken_holds_no_other_up() {
    let office = Office::locked(&[STATE]).await;
    announce(&office, 3).await;
    office.wall.trouble([Undelivered::NotTaken { why: "odd".to_owned() }]);
    office.context.courier.deliver().await;
    let announced = office.wall.read(ANNOUNCE);
    assert_eq!(announced.len(), 2, "{announced:?}");
    until(&office, "the first one", async || office.wall.read(ANNOUNCE).len() == 3).await;
}

#[tokio::test]
async fn a_message_at_which_discord_always_fails_holds_no_other_up() {
    let office = Office::locked(&[STATE]).await;
    announce(&office, 3).await;
    office.wall.fail_at(Some("entry 0"));
    until(&office, "the others", async || office.wall.read(ANNOUNCE).len() == 2).await;
    assert!(office.wall.read(ANNOUNCE)[0].contains("entry 1"), "{:?}", office.wall.read(ANNOUNCE));
    assert_eq!(rows(&office, "outbox").await, 1);
    office.wall.fail_at(None);
    until(&office, "the first one", async || office.wall.read(ANNOUNCE).len() == 3).await;
    assert_eq!(rows(&office, "outbox").await, 0);
}

#[tokio::test]
async fn a_release_that_is_not_taken_where_releases_are_announced_is_told_where_it_was_asked_for() {
    let gone = Undelivered::ChannelGone { why: "There is no such channel".to_owned() };
    for why in [refused(), gone] {
        let office = Office::locked(&[STATE]).await;
        office.wall.shut(ANNOUNCE, why.clone());
        let request = office.open(&approver("alice"), STATE).await;
        office.approve(&approver("bob"), request).await;
        office.context.courier.deliver().await;
        let told = office.wall.read(PLACE.channel);
        assert_eq!(told.len(), 2, "the card, and {why}: {told:?}");
        assert!(told[1].contains("env/prod is free. Held"), "{told:?}");
        assert_eq!(rows(&office, "outbox").await, 0);
    }
}

/// The context with the bot's real courier. It wakes a worker that runs until `stop`.
fn with_worker(
    office: &Office,
    stop: &CancellationToken,
) -> (Context, tokio::task::JoinHandle<()>) {
    let courier = office.courier.clone();
    let worker = tokio::spawn(courier.clone().run(stop.clone()));
    (Context { courier: courier as Arc<dyn Courier>, ..office.context.clone() }, worker)
}

#[tokio::test]
async fn a_channel_that_hangs_delays_no_click_no_card_and_no_worker() {
    let office = Office::locked(&[STATE]).await;
    let stop = CancellationToken::new();
    let (context, worker) = with_worker(&office, &stop);
    announce(&office, 1).await;
    let hangs = office.wall.slow(ANNOUNCE);
    context.courier.deliver().await;
    let deadline = Deadline::generous();
    while office.wall.tries() == 0 {
        assert!(deadline.look_again().await, "the announcement is on its way");
    }
    // All of this ends while the announcement still waits.
    let unlock =
        Command::Unlock { state: STATE.to_owned(), reason: Some("the runner died".to_owned()) };
    let event = office.event();
    let answer = ask(&context, event, &approver("alice"), unlock).await;
    assert_eq!(answer.outcome, "answered");
    assert_eq!(office.wall.read(PLACE.channel).len(), 1, "the answer leads to the card");
    office.time.advance(TimeDelta::hours(1));
    Warden::new(context.clone()).round().await.unwrap();
    let deadline = Deadline::generous();
    while !office.wall.read(PLACE.channel)[0].contains("expired") {
        assert!(deadline.look_again().await, "{:?}", office.wall.read(PLACE.channel));
    }
    assert_eq!(office.wall.read(ANNOUNCE), Vec::<String>::new());
    hangs.add_permits(1);
    let deadline = Deadline::generous();
    while office.wall.read(ANNOUNCE).is_empty() {
        assert!(deadline.look_again().await, "the announcement comes when it can");
    }
    stop.cancel();
    worker.await.unwrap();
}

#[tokio::test]
async fn a_refresh_leaves_a_channel_alone_that_has_to_rest() {
    let office = Office::locked(&[STATE]).await;
    let request = office.open(&approver("alice"), STATE).await;
    let long = Undelivered::Later { after: Some(Duration::from_hours(1)), why: "slow".to_owned() };
    office.wall.trouble([long]);
    office.context.courier.refresh(request).await;
    let tries = office.wall.tries();
    office.context.courier.refresh(request).await;
    office.context.courier.deliver_to(PLACE.channel).await;
    assert_eq!(office.wall.tries(), tries, "until Discord's own time is over");
}

#[tokio::test]
async fn a_limit_on_everything_rests_every_channel() {
    let office = Office::locked(&[STATE]).await;
    announce(&office, 1).await;
    let why = "a global limit".to_owned();
    office.wall.trouble([Undelivered::Everywhere { after: Some(Duration::from_hours(1)), why }]);
    office.context.courier.deliver().await;
    let answer = office.open(&approver("alice"), STATE).await;
    assert_eq!((office.wall.tries(), office.outcome(answer).await.as_str()), (1, "Pending"));
}

#[tokio::test]
async fn two_deliveries_at_the_same_time_tell_each_notice_once() {
    let office = Office::locked(&[STATE]).await;
    announce(&office, 5).await;
    let courier = &office.courier;
    tokio::join!(courier.round(), courier.deliver_to(ANNOUNCE), courier.round());
    assert_eq!((office.wall.tries(), rows(&office, "outbox").await), (5, 0));
}

#[tokio::test]
async fn what_was_asked_for_is_delivered_before_the_bot_ends() {
    let office = Office::locked(&[STATE]).await;
    let stop = CancellationToken::new();
    let (context, worker) = with_worker(&office, &stop);
    announce(&office, 3).await;
    context.courier.deliver().await;
    stop.cancel();
    worker.await.unwrap();
    assert_eq!((office.wall.read(ANNOUNCE).len(), rows(&office, "outbox").await), (3, 0));
}
