//! The store under stress: lost answers, throttling, replicas, and duplicate events.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use locktender::command::Command;
use locktender::people::{ChannelId, RequestId};
use locktender::ports::Courier;
use serde_json::json;

use crate::support::dynamodb::{TABLE, session};
use crate::support::office::{ANNOUNCE, Office, PLACE, approver, ask, words};
use crate::support::proxy::{Fate, Proxy};

const STATE: &str = "env/prod";
const KEY: &str = "env/prod/terraform.tfstate";
const WRITE: &str = "TransactWriteItems";

/// An office with an open request, whose bot reaches its tables through a proxy.
async fn behind_a_proxy() -> (Office, Proxy, RequestId) {
    let mut office = Office::new().await;
    office.db.lock(KEY).await;
    let proxy = Proxy::start(&office.db.endpoint()).await;
    office.context = office.replica(&session(&proxy.endpoint()));
    let request = office.open(&approver("alice"), STATE).await;
    (office, proxy, request)
}

async fn assert_released_once(office: &Office, request: RequestId) {
    assert_eq!(office.outcome(request).await, "Unlocked");
    assert_eq!(office.db.rows(TABLE).await.len(), 0);
    assert_eq!(office.actions(STATE).await, ["request.opened", "request.approved", "unlock.done"]);
    office.context.courier.deliver().await;
    assert_eq!(office.wall.read(ANNOUNCE).len(), 1);
    assert!(office.wall.read(PLACE.channel)[0].contains("unlocked"));
}

/// Gives a fate to the first `times` writes, and lets the others pass.
fn first_writes(times: usize, fate: Fate) -> impl Fn(&crate::support::proxy::Seen) -> Fate {
    let met = AtomicUsize::new(0);
    move |seen| {
        if seen.what == WRITE && met.fetch_add(1, Ordering::Relaxed) < times {
            fate.clone()
        } else {
            Fate::Pass
        }
    }
}

fn error(code: &str) -> Fate {
    let body = json!({
        "__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": "no",
    });
    Fate::Answer(400, body.to_string())
}

/// A cancelled transaction of four items. The first has this reason.
fn cancelled(reason: &str) -> Fate {
    let none = json!({"Code": "None"});
    let reasons = [json!({"Code": reason, "Message": "no"}), none.clone(), none.clone(), none];
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": "Transaction cancelled", "CancellationReasons": reasons,
    });
    Fate::Answer(400, body.to_string())
}

#[tokio::test]
async fn from_the_click_to_the_released_lock_it_is_one_read_and_one_write() {
    let (office, proxy, request) = behind_a_proxy().await;
    proxy.rule(|_| Fate::Pass);
    office.approve(&approver("bob"), request).await;
    let asked: Vec<String> = proxy.seen().iter().map(|seen| seen.what.clone()).collect();
    assert_eq!(asked[..2], ["GetItem", WRITE], "{asked:?}");
    assert_eq!(proxy.count(WRITE), 1);
    assert_released_once(&office, request).await;
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_done_and_done_once() {
    // The SDK tries three times. After that the bot reads the result itself.
    for lost in [1, 3] {
        let (office, proxy, request) = behind_a_proxy().await;
        proxy.rule(first_writes(lost, Fate::LoseAnswer));
        let answer = office.approve(&approver("bob"), request).await;
        assert_eq!((answer.outcome, words(&answer)), ("answered", String::new()), "{lost}");
        assert_released_once(&office, request).await;
    }
}

#[tokio::test]
async fn an_opening_whose_answer_is_lost_is_one_request() {
    let mut office = Office::new().await;
    office.db.lock(KEY).await;
    let proxy = Proxy::start(&office.db.endpoint()).await;
    office.context = office.replica(&session(&proxy.endpoint()));
    proxy.rule(first_writes(3, Fate::LoseAnswer));
    let request = office.open(&approver("alice"), STATE).await;
    assert_eq!(office.outcome(request).await, "Pending");
    assert_eq!(office.actions(STATE).await, ["request.opened"]);
    assert_eq!(office.wall.read(PLACE.channel).len(), 1);
}

#[tokio::test]
async fn a_write_that_does_not_arrive_changes_nothing_and_is_not_called_done() {
    let (office, proxy, request) = behind_a_proxy().await;
    proxy.rule(first_writes(usize::MAX, Fate::Cut));
    let told = words(&office.approve(&approver("bob"), request).await);
    assert!(told.contains("It is not known yet whether it was done"), "{told}");
    assert_eq!(office.outcome(request).await, "Pending");
    assert_eq!(office.db.rows(TABLE).await.len(), 1);
    proxy.rule(|_| Fate::Pass);
    office.approve(&approver("bob"), request).await;
    assert_released_once(&office, request).await;
}

#[tokio::test]
async fn what_is_throttled_and_then_well_has_one_effect() {
    for trouble in [
        error("ProvisionedThroughputExceededException"),
        error("ThrottlingException"),
        cancelled("TransactionConflict"),
        cancelled("ThrottlingError"),
        cancelled("ProvisionedThroughputExceeded"),
    ] {
        let (office, proxy, request) = behind_a_proxy().await;
        proxy.rule(first_writes(2, trouble.clone()));
        let answer = office.approve(&approver("bob"), request).await;
        assert_eq!(words(&answer), "", "{trouble:?}");
        assert_released_once(&office, request).await;
    }
}

#[tokio::test]
async fn what_is_throttled_throughout_changes_nothing_and_says_so() {
    for trouble in [error("ThrottlingException"), cancelled("TransactionConflict")] {
        let (office, proxy, request) = behind_a_proxy().await;
        proxy.rule(first_writes(usize::MAX, trouble));
        let told = words(&office.approve(&approver("bob"), request).await);
        assert!(told.starts_with("Nothing was changed."), "{told}");
        assert!(told.contains("throttling") && told.contains("try again"), "{told}");
        assert_eq!(office.outcome(request).await, "Pending");
        assert_eq!(office.actions(STATE).await, ["request.opened"]);
        assert_eq!(office.db.rows(TABLE).await.len(), 1);
    }
}

#[tokio::test]
async fn a_transaction_that_is_refused_for_its_form_is_a_mistake_of_the_bot() {
    let (office, proxy, request) = behind_a_proxy().await;
    proxy.rule(first_writes(usize::MAX, cancelled("ValidationError")));
    let told = words(&office.approve(&approver("bob"), request).await);
    assert!(told.starts_with("Nothing was changed."), "{told}");
    assert!(told.contains("failed because of a bug"), "{told}");
    assert_eq!(office.outcome(request).await, "Pending");
}

#[tokio::test]
async fn a_release_that_is_not_allowed_fails_with_its_remedy() {
    let (office, proxy, request) = behind_a_proxy().await;
    let denied = json!({
        "__type": "com.amazon.coral.service#AccessDeniedException",
        "Message": "User: arn:aws:iam::1:user/bot is not authorized to perform: \
            dynamodb:DeleteItem on resource: arn:aws:dynamodb:us-east-1:1:table/locks because no \
            identity-based policy allows the dynamodb:DeleteItem action",
    });
    proxy.rule(move |seen| {
        let releases = seen.what == WRITE && String::from_utf8_lossy(&seen.body).contains("LockID");
        if releases { Fate::Answer(400, denied.to_string()) } else { Fate::Pass }
    });
    office.approve(&approver("bob"), request).await;
    assert_eq!(office.outcome(request).await, "Failed");
    assert_eq!(office.db.rows(TABLE).await.len(), 1);
    assert_eq!(
        office.actions(STATE).await,
        ["request.opened", "request.approved", "unlock.failed"]
    );
    let card = &office.wall.read(PLACE.channel)[0];
    assert!(card.contains("failed") && card.contains("allow dynamodb:DeleteItem on it"), "{card}");
    assert!(card.contains("The lock table locks") || card.contains("`locks`"), "{card}");
}

#[tokio::test]
async fn a_release_that_cannot_be_recorded_for_a_moment_does_not_fail() {
    for table in ["locktender-audit", "locktender"] {
        let (office, proxy, request) = behind_a_proxy().await;
        let denied = json!({
            "__type": "com.amazon.coral.service#AccessDeniedException",
            "Message": format!("User is not authorized to perform: dynamodb:PutItem on resource: \
                arn:aws:dynamodb:us-east-1:1:table/{table} because no policy allows it"),
        });
        proxy.rule(first_writes(1, Fate::Answer(400, denied.to_string())));
        let told = words(&office.approve(&approver("bob"), request).await);
        assert!(told.starts_with("Nothing was changed.") && told.contains(table), "{told}");
        assert_eq!(office.outcome(request).await, "Pending");
        office.approve(&approver("bob"), request).await;
        assert_released_once(&office, request).await;
    }
}

#[tokio::test]
async fn a_row_that_is_the_approved_one_has_never_changed_hands() {
    let (office, proxy, request) = behind_a_proxy().await;
    let record = office.filed(request).await.request.pinned.row().unwrap().record.to_text();
    let none = json!({"Code": "None"});
    let row = json!({
        "Code": "ConditionalCheckFailed",
        "Item": {
            "LockID": {"S": office.path(STATE).as_str()},
            "Info": {"S": record},
        },
    });
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": "Transaction cancelled",
        "CancellationReasons": [row, none, none, none, none, none, none, none],
    });
    proxy.rule(first_writes(1, Fate::Answer(400, body.to_string())));
    let told = words(&office.approve(&approver("bob"), request).await);
    assert!(told.starts_with("Nothing was changed."), "{told}");
    assert_eq!(office.outcome(request).await, "Pending");
    office.approve(&approver("bob"), request).await;
    assert_released_once(&office, request).await;
}

#[tokio::test]
async fn the_same_event_at_two_replicas_and_again_later_has_one_effect() {
    for _ in 0..5 {
        let office = Office::new().await;
        office.db.lock(KEY).await;
        let other = office.replica(&office.db.session());
        let alice = approver("alice");
        let opening = office.event();
        let unlock = Command::Unlock { state: STATE.to_owned(), reason: Some("died".to_owned()) };
        tokio::join!(
            office.ask_as(opening, &alice, unlock.clone()),
            ask(&other, opening, &alice, unlock.clone()),
        );
        office.ask_as(opening, &alice, unlock).await;
        assert_eq!(office.actions(STATE).await, ["request.opened"]);
        assert_eq!(office.wall.read(PLACE.channel).len(), 1);

        let request = RequestId::of(opening);
        let bob = approver("bob");
        let refused = office.event();
        let press = Command::Approve { request, typed: None };
        tokio::join!(
            office.ask_as(refused, &alice, press.clone()),
            ask(&other, refused, &alice, press.clone()),
        );
        assert_eq!(office.actions(STATE).await, ["request.opened", "approval.refused"]);

        let click = office.event();
        tokio::join!(
            office.ask_as(click, &bob, press.clone()),
            ask(&other, click, &bob, press.clone()),
        );
        ask(&other, click, &bob, press).await;
        assert_eq!(
            office.actions(STATE).await,
            ["request.opened", "approval.refused", "request.approved", "unlock.done"]
        );
        assert_eq!(office.wall.read(ANNOUNCE).len(), 1);
        assert_eq!(office.db.rows(TABLE).await.len(), 0);
    }
}

#[tokio::test]
async fn entries_that_are_appended_at_once_make_no_fork_and_no_gap() {
    let office = Office::new().await;
    office.db.lock(KEY).await;
    let request = office.open(&approver("alice"), STATE).await;
    let people: Vec<_> =
        (0..8).map(|n| crate::support::office::actor(&format!("p{n}"), &[])).collect();
    let tries = people.iter().map(|by| office.ask(by, Command::Approve { request, typed: None }));
    let answers = futures::future::join_all(tries).await;
    let recorded = answers.iter().filter(|answer| answer.outcome == "refused").count();
    // `trail` asserts that the chain holds. Commands with too many conflicts were told to try again.
    let actions = office.actions(STATE).await;
    assert!(recorded > 0 && actions.len() == recorded + 1, "{recorded} of {actions:?}");
}

#[tokio::test]
async fn a_transaction_that_is_under_way_throughout_is_not_said_to_have_changed_nothing() {
    for code in ["TransactionInProgressException", "IdempotentParameterMismatchException"] {
        let (office, proxy, request) = behind_a_proxy().await;
        proxy.rule(first_writes(usize::MAX, error(code)));
        let told = words(&office.approve(&approver("bob"), request).await);
        assert!(told.starts_with("It is not known yet whether it was done"), "{code}: {told}");
    }
}

#[tokio::test]
async fn what_an_earlier_try_may_have_done_is_not_denied_by_the_last_one() {
    // The first attempt is carried out and its answer is lost. The SDK's retry is refused, and so is the
    // read of the result.
    for code in ["ThrottlingException", "AccessDeniedException"] {
        let (office, proxy, request) = behind_a_proxy().await;
        let writes = AtomicUsize::new(0);
        proxy.rule(move |seen| match &*seen.what {
            WRITE if writes.fetch_add(1, Ordering::Relaxed) == 0 => Fate::LoseAnswer,
            WRITE => error(code),
            _ if writes.load(Ordering::Relaxed) > 0 => error(code),
            _ => Fate::Pass,
        });
        let told = words(&office.approve(&approver("bob"), request).await);
        assert!(told.starts_with("It is not known yet whether it was done"), "{code}: {told}");
        proxy.rule(|_| Fate::Pass);
        assert_released_once(&office, request).await;
    }
}

#[tokio::test]
async fn a_watch_whose_answer_is_lost_is_not_said_to_have_changed_nothing() {
    let mut office = Office::new().await;
    office.db.lock(KEY).await;
    let proxy = Proxy::start(&office.db.endpoint()).await;
    office.context = office.replica(&session(&proxy.endpoint()));
    let watch = Command::Watch { state: STATE.to_owned(), keep: false };
    proxy.rule(first_writes(3, Fate::LoseAnswer));
    let told = office.told(&approver("alice"), watch.clone()).await;
    assert!(told.starts_with("It is not known whether you are in line"), "{told}");
    let told = office.told(&approver("alice"), Command::Watches).await;
    assert!(told.contains(STATE), "{told}");
    // A write that was refused at every attempt has changed nothing.
    proxy.rule(first_writes(usize::MAX, error("ThrottlingException")));
    let told = office.told(&approver("bob"), watch).await;
    assert!(told.starts_with("Nothing was changed."), "{told}");
}

#[tokio::test]
async fn a_lock_with_an_impossible_time_can_be_asked_for() {
    let office = Office::new().await;
    let record = crate::support::given::record("a", "x", "y", "+262142-12-31T23:30:00Z");
    let path = format!("{}/{KEY}", crate::support::dynamodb::BUCKET);
    office.db.put(&path, &[("Info", crate::support::dynamodb::text(&record))]).await;
    let request = office.open(&approver("alice"), STATE).await;
    assert_eq!(office.filed(request).await.request.stale_from, None);
}

/// A courier with a mistake in it.
struct Broken;

#[async_trait]
impl Courier for Broken {
    async fn deliver(&self) {
        panic!("a mistake, made on purpose")
    }

    async fn deliver_to(&self, _: ChannelId) {}

    async fn refresh(&self, _: RequestId) {}
}

#[tokio::test]
async fn a_mistake_of_the_bot_after_a_release_is_not_said_to_have_changed_nothing() {
    let mut office = Office::locked(&[STATE]).await;
    let request = office.open(&approver("alice"), STATE).await;
    office.context.courier = Arc::new(Broken);
    let told = words(&office.approve(&approver("bob"), request).await);
    assert_eq!(office.outcome(request).await, "Unlocked");
    assert!(told.starts_with("It is not known yet whether it was done"), "{told}");
}
