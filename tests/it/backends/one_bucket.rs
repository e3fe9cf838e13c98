//! Several backends in one bucket.

use std::sync::Arc;

use locktender::aws::{AwsLocks, Sandbox};
use locktender::clock::SystemClock;
use locktender::error::{Error, Refusal};
use locktender::finding::Reading;
use locktender::lock::{
    Access, Backend, BackendName, BackendStores, Catalog, LockRecord, LockState, StateName,
    StatePath,
};
use locktender::ports::{Directory, Locks};
use locktender::workers::{LiveDirectory, PatientDirectory};

use crate::support::dynamodb::{BUCKET, DynamoDb, TABLE, backend, record};

const NARROW: &str = "states/special/x/terraform.tfstate";

fn keyed(name: &str, key: &str, table: &str) -> BackendStores {
    let key = key.parse().unwrap();
    let backend = Backend::new(BackendName::new(name).unwrap(), BUCKET, key, "env:").unwrap();
    BackendStores::new(backend, Some(table.to_owned()), false).unwrap()
}

/// A backend for every key, and one for the keys in a folder, with this table.
fn wide_and_narrow(table: &str) -> [BackendStores; 2] {
    [
        backend("wide", BUCKET, Some(TABLE), false),
        keyed("narrow", "special/{state}/terraform.tfstate", table),
    ]
}

fn path(text: &str) -> StatePath {
    text.to_owned().try_into().unwrap()
}

async fn connect(db: &DynamoDb, backends: &[BackendStores]) -> (Arc<AwsLocks>, Reading) {
    let session = db.session().for_backends(backends).await;
    let locks = Arc::new(AwsLocks::connect(&session, backends.to_vec()));
    let reading = Reading {
        catalog: Catalog::new(backends.iter().map(|b| b.backend().clone()).collect()),
        directory: Arc::new(PatientDirectory::new(locks.clone())),
        locks: locks.clone(),
        clock: Arc::new(SystemClock),
    };
    (locks, reading)
}

/// The state that a text means, and whether it is locked.
async fn found(reading: &Reading, typed: &str) -> (String, bool) {
    let report = reading.look(typed).await.unwrap();
    (report.state.full_name(), report.lock != LockState::Free)
}

#[tokio::test]
async fn a_lock_in_a_table_that_backends_share_is_one() {
    let db = DynamoDb::start().await;
    let (_, reading) = connect(&db, &wide_and_narrow(TABLE)).await;
    db.sandbox.lock(&path(NARROW), &record(&path(NARROW))).await.unwrap();
    for typed in ["narrow:x", "special/x", "wide:special/x", NARROW] {
        assert_eq!(found(&reading, typed).await, ("narrow:x".to_owned(), true), "{typed}");
    }
}

#[tokio::test]
async fn of_two_locks_at_one_path_the_backend_before_the_name_says_which() {
    let db = DynamoDb::start().await;
    let other = Sandbox::open(&db.session(), "other-locks").await.unwrap();
    let (_, reading) = connect(&db, &wide_and_narrow("other-locks")).await;
    let path = path(NARROW);
    db.sandbox.lock(&path, &record(&path)).await.unwrap();
    let changed = String::from_utf8(record(&path).as_bytes().to_vec()).unwrap();
    let changed = changed.replace("root@vm", "root@other");
    other.lock(&path, &LockRecord::new(changed)).await.unwrap();
    for name in ["narrow:x", "wide:special/x"] {
        assert_eq!(found(&reading, name).await, (name.to_owned(), true));
    }
    let refused = reading.look(NARROW).await.unwrap_err();
    let Error::Refusal(Refusal::Ambiguous { states, .. }) = refused else { panic!("{refused}") };
    let states: Vec<&str> = states.iter().map(StateName::as_str).collect();
    assert_eq!(states, ["narrow:x", "wide:special/x"]);
}

#[tokio::test]
async fn a_store_that_two_backends_reach_in_two_ways_gives_each_its_own_states() {
    let db = DynamoDb::start().await;
    let by = |external_id: Option<&str>| Access {
        endpoint: Some(db.endpoint()),
        external_id: external_id.map(str::to_owned),
        ..Access::default()
    };
    let (locks, reading) = connect(
        &db,
        &[
            keyed("a", "a/{state}/terraform.tfstate", TABLE).reached_by(by(None)),
            keyed("b", "b/{state}/terraform.tfstate", TABLE).reached_by(by(Some("b"))),
        ],
    )
    .await;
    let path = path("states/b/prod/terraform.tfstate");
    db.sandbox.lock(&path, &record(&path)).await.unwrap();
    // One lookout looks at both: two would write two holds of this lock.
    assert_eq!(locks.groups().len(), 1);
    let [held] = &*locks.list().await.unwrap().held else { panic!("one lock") };
    assert_eq!(held.state.name.as_str(), "b:prod");
    let names = LiveDirectory::new(reading.locks.clone());
    names.refresh().await.unwrap();
    let known = names.known().await.unwrap();
    assert_eq!(known.by_handle(&path.handle()).unwrap().name.as_str(), "b:prod");
}

#[tokio::test]
async fn the_name_of_a_lock_in_the_table_of_another_backend_leads_to_that_lock() {
    let db = DynamoDb::start().await;
    let other = Sandbox::open(&db.session(), "other-locks").await.unwrap();
    let backends =
        [backend("main", BUCKET, Some(TABLE), false), keyed("other", "x/{state}", "other-locks")];
    let (locks, reading) = connect(&db, &backends).await;
    let path = path("states/env/prod/terraform.tfstate");
    db.sandbox.write_digest(&path).await.unwrap();
    other.lock(&path, &record(&path)).await.unwrap();
    let [held] = &*locks.list().await.unwrap().held else { panic!("one lock") };
    let name = held.state.name.as_str();
    assert_eq!(name, "other:env/prod/terraform.tfstate");
    assert_eq!(found(&reading, name).await, (name.to_owned(), true));
    let names = Arc::new(LiveDirectory::new(locks.clone()));
    names.refresh().await.unwrap();
    let reading = Reading { directory: names, ..reading };
    assert_eq!(reading.shown(held.state.clone()).name.as_str(), name);
    assert_eq!(found(&reading, "env/prod").await, ("main:env/prod".to_owned(), false));
}
