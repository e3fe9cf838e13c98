//! Lockfiles in a store that is only compatible with S3, and may ignore conditions. The bot says so, and reads the
//! lockfile again right before its delete.

use std::sync::Arc;

use insta::assert_snapshot;
use locktender::aws::AwsStoreChecks;
use locktender::command::Command;
use locktender::lock::StoreCheck;
use locktender::people::RequestId;
use locktender::ports::{CheckedStore, StoreChecks};

use crate::support::dynamodb::{BUCKET, TABLE, tables, text};
use crate::support::far::{Far, LOCKFILE, STATE};
use crate::support::given::NOW;
use crate::support::office::{PLACE, approver};
use crate::support::proxy::{Fate, Gate, Seen};
use crate::support::two_stores::{LOCKFILE_ALONE, ours, theirs};

/// A lockfile in a store of which nothing is known. It ignores conditions.
async fn unverified() -> Far {
    let far = Far::new(LOCKFILE_ALONE).await;
    far.s3.ignore_conditions();
    far
}

/// The same, with what doctor has found about it.
async fn checked(found: StoreCheck) -> Far {
    let far = unverified().await;
    remember(&far, &far.proxy.endpoint(), found).await;
    far.office.context.reading.locks.learn().await.unwrap();
    far
}

async fn remember(far: &Far, endpoint: &str, found: StoreCheck) {
    let found = CheckedStore {
        endpoint: endpoint.to_owned(),
        bucket: BUCKET.to_owned(),
        found,
        at: NOW.parse().unwrap(),
    };
    checks(far).remember(&found).await.unwrap();
}

fn checks(far: &Far) -> AwsStoreChecks {
    AwsStoreChecks::connect(&far.office.db.session(), tables())
}

async fn status(far: &Far) -> String {
    far.office.told(&approver("alice"), Command::Status { state: STATE.to_owned() }).await
}

async fn open(far: &Far) -> RequestId {
    far.office.open(&approver("alice"), STATE).await
}

async fn approve(far: &Far, request: RequestId) {
    far.office.approve(&approver("bob"), request).await;
}

/// What the trail says of the start of the release.
async fn started(far: &Far) -> String {
    let trail = far.office.trail(STATE).await;
    let started = trail.iter().find(|entry| entry.text("action") == Some("unlock.started"));
    started.unwrap().text("detail").unwrap_or_default().to_owned()
}

/// The requests about the lockfile since the last rule, `GET` or `DELETE`.
fn asked(far: &Far) -> Vec<String> {
    let seen = far.proxy.seen().into_iter().map(|seen| seen.what);
    let of_lockfile = seen.filter(|what| what.contains(".tflock"));
    of_lockfile.map(|what| what.split(' ').next().unwrap().to_owned()).collect()
}

/// The request of this method and number, counted from 0, meets this fate. All others pass.
fn at(method: &'static str, number: usize, fate: Fate) -> impl Fn(&Seen) -> Fate {
    let count = std::sync::atomic::AtomicUsize::new(0);
    move |seen| {
        let is_it = seen.what.starts_with(method)
            && count.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == number;
        if is_it { fate.clone() } else { Fate::Pass }
    }
}

#[tokio::test]
async fn a_store_that_was_not_checked_is_said_to_be_unknown_on_the_status_the_card_and_the_trail() {
    let far = unverified().await;
    let status = status(&far).await;
    let request = open(&far).await;
    let card = far.office.wall.read(PLACE.channel).concat();
    approve(&far, request).await;
    assert_eq!(far.office.outcome(request).await, "Unlocked");
    assert_snapshot!(format!("{status}\n----\n{card}\n----\n{}", started(&far).await));
}

#[tokio::test]
async fn a_store_that_ignores_conditions_is_named_with_the_remedy() {
    let far = checked(StoreCheck::Ignored).await;
    let status = status(&far).await;
    let request = open(&far).await;
    let card = far.office.wall.read(PLACE.channel).concat();
    approve(&far, request).await;
    assert_eq!(far.office.outcome(request).await, "Unlocked");
    assert_snapshot!(format!("{status}\n----\n{card}\n----\n{}", started(&far).await));
}

#[tokio::test]
async fn a_free_state_in_such_a_store_says_it_too() {
    let far = checked(StoreCheck::Ignored).await;
    far.s3.remove(LOCKFILE);
    assert!(status(&far).await.contains("does not keep two runs apart"));
}

#[tokio::test]
async fn nothing_is_said_of_a_store_that_keeps_conditions_and_it_is_not_read_twice() {
    let far = checked(StoreCheck::Kept).await;
    assert!(!status(&far).await.contains("two runs"));
    let request = open(&far).await;
    assert!(!far.office.wall.read(PLACE.channel).concat().contains("two runs"));
    far.proxy.rule(|_| Fate::Pass);
    approve(&far, request).await;
    assert_eq!(
        (started(&far).await, asked(&far)),
        (String::new(), vec!["GET".into(), "DELETE".into()])
    );
}

#[tokio::test]
async fn nothing_is_said_of_a_lock_that_has_no_lockfile() {
    let far = Far::new(crate::support::far::ROW_ALONE).await;
    assert!(!status(&far).await.contains("two runs"));
}

#[tokio::test]
async fn a_lock_that_is_taken_before_the_second_look_stays_although_the_store_ignores_conditions() {
    for far in [unverified().await, checked(StoreCheck::Ignored).await] {
        let request = open(&far).await;
        let gate = Arc::new(Gate::default());
        far.proxy.rule(at("GET", 1, Fate::Wait(gate.clone())));
        let step = async {
            gate.reached().await;
            far.s3.put(LOCKFILE, &theirs());
            gate.open();
        };
        tokio::join!(approve(&far, request), step);
        assert_eq!(far.office.outcome(request).await, "Superseded");
        assert_eq!(far.s3.get(LOCKFILE), Some(theirs()));
        assert_eq!(far.proxy.count(&format!("DELETE /{BUCKET}/{LOCKFILE}")), 0);
    }
}

#[tokio::test]
async fn the_same_bytes_under_another_etag_are_another_lockfile() {
    let far = unverified().await;
    let request = open(&far).await;
    far.s3.put(LOCKFILE, &ours());
    approve(&far, request).await;
    assert_eq!(
        (far.office.outcome(request).await.as_str(), far.s3.get(LOCKFILE)),
        ("Superseded", Some(ours()))
    );
}

/// This is what no bot can prevent in such a store. The trail says that it can happen.
#[tokio::test]
async fn a_lock_that_is_taken_between_the_second_look_and_the_delete_is_deleted_as_the_trail_says()
{
    let far = checked(StoreCheck::Ignored).await;
    let request = open(&far).await;
    let gate = Arc::new(Gate::default());
    far.proxy.rule(at("DELETE", 0, Fate::Wait(gate.clone())));
    let step = async {
        gate.reached().await;
        far.s3.put(LOCKFILE, &theirs());
        gate.open();
    };
    tokio::join!(approve(&far, request), step);
    assert_eq!(far.s3.get(LOCKFILE), None);
    assert!(started(&far).await.contains("takes in between is deleted too"));
}

#[tokio::test]
async fn an_unanswered_delete_is_not_sent_again_without_another_look() {
    let far = checked(StoreCheck::Ignored).await;
    let request = open(&far).await;
    far.proxy.rule(at("DELETE", 0, Fate::LoseAnswer));
    approve(&far, request).await;
    assert_eq!(asked(&far), ["GET", "GET", "DELETE", "GET", "GET"]);
    assert_eq!(far.office.outcome(request).await, "Unlocked");
}

#[tokio::test]
async fn a_lock_that_is_taken_after_an_unanswered_delete_stays() {
    let far = checked(StoreCheck::Ignored).await;
    let request = open(&far).await;
    let gate = Arc::new(Gate::default());
    let (lost, third) = (at("DELETE", 0, Fate::LoseAnswer), at("GET", 2, Fate::Wait(gate.clone())));
    far.proxy.rule(move |seen| match lost(seen) {
        Fate::Pass => third(seen),
        fate => fate,
    });
    let step = async {
        gate.reached().await;
        far.s3.put(LOCKFILE, &theirs());
        gate.open();
    };
    tokio::join!(approve(&far, request), step);
    assert_eq!(
        (far.office.outcome(request).await.as_str(), far.s3.get(LOCKFILE)),
        ("Unlocked", Some(theirs()))
    );
}

#[tokio::test]
async fn a_finding_is_about_one_bucket_at_one_address_and_can_be_forgotten() {
    let far = unverified().await;
    let locks = far.office.context.reading.locks.clone();
    let state = far.office.context.reading.catalog.resolve(STATE).unwrap();
    remember(&far, "http://127.0.0.1:1", StoreCheck::Ignored).await;
    // An item of another version, or one that a person wrote by hand.
    let odd = [("pk", text("store")), ("sk", text("odd")), ("found", text("\"perhaps\""))];
    far.office.db.put_item(&tables().table, &odd).await;
    locks.learn().await.unwrap();
    assert_eq!(locks.guarantees(&state).lockfiles, StoreCheck::Unverified);
    remember(&far, &far.proxy.endpoint(), StoreCheck::Kept).await;
    locks.learn().await.unwrap();
    assert_eq!(locks.guarantees(&state).lockfiles, StoreCheck::Kept);
    assert_eq!(checks(&far).remembered().await.unwrap().len(), 2);
    remember(&far, &far.proxy.endpoint(), StoreCheck::Unverified).await;
    locks.learn().await.unwrap();
    assert_eq!(locks.guarantees(&state).lockfiles, StoreCheck::Unverified);
    // What cannot be read changes nothing that is known.
    remember(&far, &far.proxy.endpoint(), StoreCheck::Ignored).await;
    locks.learn().await.unwrap();
    far.own.rule(|_| Fate::Cut);
    locks.learn().await.unwrap_err();
    assert_eq!(locks.guarantees(&state).lockfiles, StoreCheck::Ignored);
}

#[tokio::test]
async fn a_store_of_aws_is_never_looked_up() {
    let far = Far::new(crate::support::far::ROW_ALONE).await;
    far.own.rule(|_| Fate::Pass);
    far.office.context.reading.locks.learn().await.unwrap();
    assert!(far.own.seen().is_empty(), "no lockfiles, no findings");
    assert!(far.office.db.rows(TABLE).await.is_empty());
}
