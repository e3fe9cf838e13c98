//! Successive looks: taken locks and cleared locks, across restarts and with another replica.

use chrono::TimeDelta;
use locktender::command::Command;
use locktender::unlock::Policy;
use locktender::workers::Lookout;

use crate::support::dynamodb::text;
use crate::support::given::record;
use crate::support::office::{ANNOUNCE, Office, approver, lookout, policy};

const PATH: &str = "states/env/prod/terraform.tfstate";

fn of(id: &str, who: &str) -> String {
    record(id, "OperationTypeApply", who, "2026-11-23T11:50:00Z")
}

async fn lock(office: &Office, path: &str, record: &str) {
    office.db.put(path, &[("Info", text(record))]).await;
}

async fn held() -> (Office, Lookout) {
    let office = Office::new().await;
    lock(&office, PATH, &of("a", "root@vm")).await;
    let lookout = lookout(&office.context);
    lookout.pass().await.unwrap();
    (office, lookout)
}

#[tokio::test]
async fn a_lock_that_clears_is_announced_once_with_its_holder_and_its_length() {
    let (office, lookout) = held().await;
    assert_eq!(office.wall.read(ANNOUNCE), Vec::<String>::new());
    office.time.advance(TimeDelta::minutes(5));
    office.db.delete(PATH).await;
    for _ in 0..3 {
        lookout.pass().await.unwrap();
    }
    insta::assert_snapshot!(office.wall.read(ANNOUNCE).join("\n"), @"🔓 env/prod is free. Held 15 min by root@vm (apply).");
    let past = office.context.holds.past(&office.path("env/prod"), 10).await.unwrap().holds;
    assert_eq!(past.len(), 1);
    assert_eq!(past[0].length(), TimeDelta::minutes(15));
}

#[tokio::test]
async fn a_short_hold_is_announced_only_if_a_person_waited_or_it_looked_stale() {
    let quiet = |minutes| Policy { announce_min_hold: TimeDelta::minutes(minutes), ..policy(1) };
    // The lock was taken ten minutes before the first look.
    let short = cleared(quiet(16), async |_| {}).await;
    assert_eq!(short, "");
    let long = cleared(quiet(15), async |_| {}).await;
    assert!(long.contains("env/prod is free. Held 15 min"), "{long}");
    let waited = cleared(quiet(16), async |office: &Office| {
        let watch = Command::Watch { state: "env/prod".to_owned(), keep: false };
        office.ask(&approver("alice"), watch).await;
    })
    .await;
    assert!(waited.contains("env/prod is free. Held 15 min"), "{waited}");
    let stale = Policy { stale_after: TimeDelta::minutes(5), ..quiet(16) };
    let stale = cleared(stale, async |_| {}).await;
    assert!(stale.contains("looks stale") && stale.contains("env/prod is free"), "{stale}");
}

/// What is announced of a lock that clears 15 minutes after it was taken.
async fn cleared(policy: Policy, meanwhile: impl AsyncFn(&Office)) -> String {
    let office = Office::with(policy).await;
    lock(&office, PATH, &of("a", "root@vm")).await;
    let lookout = lookout(&office.context);
    lookout.pass().await.unwrap();
    meanwhile(&office).await;
    office.time.advance(TimeDelta::minutes(5));
    office.db.delete(PATH).await;
    lookout.pass().await.unwrap();
    office.wall.read(ANNOUNCE).join("\n")
}

#[tokio::test]
async fn an_unreadable_lock_is_called_stale_by_how_long_the_bot_has_seen_it() {
    let office = Office::new().await;
    lock(&office, PATH, "no JSON").await;
    let lookout = lookout(&office.context);
    for minutes in [0, 60, 59] {
        office.time.advance(TimeDelta::minutes(minutes));
        lookout.pass().await.unwrap();
    }
    assert_eq!(office.wall.read(ANNOUNCE), Vec::<String>::new());
    office.time.advance(TimeDelta::minutes(2));
    lookout.pass().await.unwrap();
    let said = office.wall.read(ANNOUNCE).join("\n");
    assert!(said.contains("env/prod looks stale"), "{said}");
}

#[tokio::test]
async fn a_lock_that_clears_while_the_bot_is_down_is_announced_at_the_next_start() {
    let (office, before) = held().await;
    drop(before);
    office.db.delete(PATH).await;
    let after = lookout(&office.context);
    after.pass().await.unwrap();
    after.pass().await.unwrap();
    assert_eq!(office.wall.read(ANNOUNCE).len(), 1);
}

#[tokio::test]
async fn a_restart_at_any_moment_misses_nothing_and_repeats_nothing() {
    let office = Office::new().await;
    for n in 0..12 {
        lock(&office, &format!("states/env/{n}/terraform.tfstate"), &of(&n.to_string(), "a@b"))
            .await;
    }
    // Every look is the first look of a new process.
    for n in 0..12 {
        lookout(&office.context).pass().await.unwrap();
        office.db.delete(&format!("states/env/{n}/terraform.tfstate")).await;
        if n % 3 == 0 {
            lookout(&office.context).pass().await.unwrap();
        }
    }
    lookout(&office.context).pass().await.unwrap();
    let all = office.wall.read(ANNOUNCE).join("\n");
    for n in 0..12 {
        assert_eq!(all.matches(&format!("env/{n} is free")).count(), 1, "{n} in {all}");
    }
}

#[tokio::test]
async fn two_replicas_say_it_once() {
    for _ in 0..5 {
        let (office, first) = held().await;
        let other = office.replica(&office.db.session());
        let second = lookout(&other);
        second.pass().await.unwrap();
        office.db.delete(PATH).await;
        let (a, b) = tokio::join!(first.pass(), second.pass());
        a.unwrap();
        b.unwrap();
        first.pass().await.unwrap();
        second.pass().await.unwrap();
        assert_eq!(office.wall.read(ANNOUNCE).len(), 1);
        // Each replica continues from what the other has seen.
        lock(&office, PATH, &of("b", "mira@laptop")).await;
        second.pass().await.unwrap();
        first.pass().await.unwrap();
        office.db.delete(PATH).await;
        first.pass().await.unwrap();
        assert_eq!(office.wall.read(ANNOUNCE).len(), 2);
    }
}

#[tokio::test]
async fn a_lock_that_changes_hands_between_two_looks_is_said_to_have_done_so() {
    let (office, lookout) = held().await;
    // The first hold ended when the second began, whenever the bot sees it.
    let next = record("b", "OperationTypeApply", "mira@laptop", "2026-11-23T11:58:00Z");
    lock(&office, PATH, &next).await;
    lookout.pass().await.unwrap();
    insta::assert_snapshot!(office.wall.read(ANNOUNCE).join("\n"), @"🔁 env/prod changed hands. Held 8 min by root@vm (apply). Now held by mira@laptop.");
    office.db.delete(PATH).await;
    lookout.pass().await.unwrap();
    assert!(office.wall.read(ANNOUNCE)[1].contains("is free. Held 2 min by mira@laptop"));
}

#[tokio::test]
async fn what_comes_and_goes_between_two_looks_is_not_invented() {
    let office = Office::new().await;
    let lookout = lookout(&office.context);
    lookout.pass().await.unwrap();
    lock(&office, PATH, &of("a", "root@vm")).await;
    office.db.delete(PATH).await;
    lookout.pass().await.unwrap();
    assert_eq!(office.wall.posted().len(), 0);
    assert_eq!(office.context.holds.past(&office.path("env/prod"), 10).await.unwrap().holds, []);
}

#[tokio::test]
async fn locks_that_cannot_be_read_are_not_taken_for_cleared() {
    let (office, _) = held().await;
    let proxy = crate::support::proxy::Proxy::start(&office.db.endpoint()).await;
    let session = crate::support::dynamodb::session(&proxy.endpoint());
    let locks = std::sync::Arc::new(locktender::aws::AwsLocks::connect(
        &session,
        vec![crate::support::dynamodb::DynamoDb::backend()],
    ));
    let mut context = office.context.clone();
    context.reading.locks = locks;
    let blind = lookout(&context);
    let denied = serde_json::json!({
        "__type": "com.amazon.coral.service#AccessDeniedException", "Message": "no",
    });
    proxy.rule(move |_| crate::support::proxy::Fate::Answer(400, denied.to_string()));
    assert!(blind.pass().await.is_err());
    proxy.rule(|_| crate::support::proxy::Fate::Pass);
    blind.pass().await.unwrap();
    assert_eq!(office.wall.posted().len(), 0);
}

#[tokio::test]
async fn an_approved_unlock_is_announced_once_and_remembered_as_forced() {
    let (office, lookout) = held().await;
    let request = office.open(&approver("alice"), "env/prod").await;
    office.approve(&approver("bob"), request).await;
    assert_eq!(office.outcome(request).await, "Unlocked");
    lookout.pass().await.unwrap();
    lookout.pass().await.unwrap();
    let announced = office.wall.read(ANNOUNCE);
    insta::assert_snapshot!(announced.join("\n"), @"🔓 env/prod is free. Held 10 min by root@vm (apply), released by bob at the request of alice.");
    let past = office.context.holds.past(&office.path("env/prod"), 10).await.unwrap().holds;
    assert_eq!(past[0].ending, locktender::watch::Ending::Unlocked { request });
}

#[tokio::test]
async fn a_clock_that_jumps_makes_no_hold_of_negative_length() {
    let (office, lookout) = held().await;
    office.time.advance(TimeDelta::hours(-5));
    lookout.pass().await.unwrap();
    office.db.delete(PATH).await;
    lookout.pass().await.unwrap();
    assert!(office.wall.read(ANNOUNCE)[0].contains("Held 0 s"), "{:?}", office.wall.read(ANNOUNCE));
}

#[tokio::test]
async fn a_thousand_locks_are_each_seen_and_cleared_once() {
    let office = Office::new().await;
    let path = |n: usize| format!("states/team-{}/env-{n}/terraform.tfstate", n % 7);
    let rows = (0..1_000).map(|n| (path(n), "Info", of(&n.to_string(), "ci@runner")));
    office.db.put_all(rows).await;
    let lookout = lookout(&office.context);
    lookout.pass().await.unwrap();
    assert_eq!(office.context.holds.current().await.unwrap().len(), 1_000);
    for n in 0..50 {
        office.db.delete(&path(n)).await;
    }
    lookout.pass().await.unwrap();
    for _ in 0..3 {
        office.context.courier.deliver().await;
    }
    let announced = office.wall.read(ANNOUNCE);
    // Fifty clearings at once are announced in few messages.
    assert!(announced.len() <= 7, "{} messages", announced.len());
    assert_eq!(announced.join("\n").matches(" is free. Held").count(), 50);
    assert_eq!(office.context.holds.current().await.unwrap().len(), 950);
}
