//! Locks that are `.tflock` objects, with canned answers of S3.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use locktender::aws::{AwsLocks, Patience, Session};
use locktender::error::FaultKind;
use locktender::lock::{
    Catalog, Flaw, Half, KnownStates, LockState, RECORD_LIMIT, State, StatePath, Store,
};
use locktender::ports::Locks;
use serde_json::json;

use crate::support::dynamodb::{BUCKET, TABLE, backend, record, session};
use crate::support::stub::{self, Answer, Asked, Stub};

fn path(name: &str) -> StatePath {
    StatePath::new(BUCKET, &format!("{name}/terraform.tfstate")).unwrap()
}

fn state(name: &str) -> State {
    let backend = backend("main", BUCKET, None, true).backend().clone();
    Catalog::new(vec![backend]).state_at(path(name)).unwrap()
}

fn lockfiles(stub: &Stub) -> AwsLocks {
    AwsLocks::connect(&session(stub.endpoint()), vec![backend("main", BUCKET, None, true)])
}

fn both(stub: &Stub) -> AwsLocks {
    AwsLocks::connect(&session(stub.endpoint()), vec![backend("main", BUCKET, Some(TABLE), true)])
}

/// The objects of locked states: the state and its lockfile.
fn objects(names: &[&str]) -> BTreeMap<String, Vec<u8>> {
    let of = |name: &&str| {
        let path = path(name);
        let lockfile = (path.lockfile_key(), record(&path).as_bytes().to_vec());
        [(path.key().to_owned(), b"{}".to_vec()), lockfile]
    };
    names.iter().flat_map(of).collect()
}

fn row(name: &str) -> serde_json::Value {
    json!({"LockID": {"S": path(name).as_str()}, "Info": {"S": record(&path(name)).to_text()}})
}

async fn inspect_object(body: impl Into<Vec<u8>>) -> LockState {
    let objects = [(path("a").lockfile_key(), body.into())].into();
    let stub = Stub::start(stub::bucket(objects, 1000)).await;
    lockfiles(&stub).inspect(&state("a")).await.unwrap()
}

#[tokio::test]
async fn a_lockfile_is_read_byte_for_byte_with_the_time_that_s3_gives_it() {
    let stub = Stub::start(stub::bucket(objects(&["env/prod"]), 1000)).await;

    let lock = lockfiles(&stub).inspect(&state("env/prod")).await.unwrap();

    assert_eq!(lock.info().unwrap().who, "root@vm");
    let sources = lock.sources().unwrap();
    assert_eq!((sources.stores(), sources.half()), (vec![Store::S3], None));
    let lockfile = sources.lockfile.as_ref().unwrap();
    assert_eq!(lockfile.record, record(&path("env/prod")));
    assert_eq!(lockfile.stored_at.unwrap().to_rfc3339(), "2026-11-23T08:50:22+00:00");
    let asked = &stub.asked()[0];
    assert_eq!(asked.uri.path(), "/states/env/prod/terraform.tfstate.tflock");
    assert!(!asked.uri.query().unwrap_or_default().contains("versionId"), "{}", asked.uri);
}

#[tokio::test]
async fn a_store_at_a_host_name_is_asked_without_a_host_name_for_each_bucket() {
    let stub = Stub::start(stub::bucket(objects(&["a"]), 1000)).await;
    let endpoint = stub.endpoint().replace("127.0.0.1", "localhost");
    let locks = AwsLocks::connect(&session(&endpoint), vec![backend("main", BUCKET, None, true)]);
    assert!(matches!(locks.inspect(&state("a")).await.unwrap(), LockState::Held(_)));
}

#[tokio::test]
async fn a_state_without_a_lockfile_is_free() {
    let missing = Stub::start(|_: &Asked| stub::s3_error(404, "NoSuchKey")).await;
    assert_eq!(lockfiles(&missing).inspect(&state("a")).await.unwrap(), LockState::Free);
    // The longest possible keys leave no room for the lockfile's suffix.
    let too_long = Stub::start(|_: &Asked| stub::s3_error(400, "KeyTooLongError")).await;
    assert_eq!(lockfiles(&too_long).inspect(&state("a")).await.unwrap(), LockState::Free);
}

#[tokio::test]
async fn whatever_a_lockfile_holds_the_lock_is_held_and_said_to_be_unreadable() {
    for body in ["", "not json", "{}", "null"] {
        let lock = inspect_object(body).await;
        let LockState::Unreadable(unreadable) = &lock else { panic!("{body:?}: {lock:?}") };
        assert_eq!(
            unreadable.sources.lockfile.as_ref().unwrap().record.as_bytes(),
            body.as_bytes()
        );
    }
    assert!(matches!(inspect_object([0xff, 0xfe]).await, LockState::Unreadable(_)));
}

#[tokio::test]
async fn of_a_huge_lockfile_only_the_first_bytes_are_taken() {
    let size = 64 * RECORD_LIMIT;
    let LockState::Unreadable(unreadable) = inspect_object(vec![b'x'; size]).await else {
        panic!("a huge lockfile is no lock record")
    };
    assert_eq!(unreadable.flaw, Flaw::TooLarge(size as u64));
    let lockfile = unreadable.sources.lockfile.unwrap();
    assert_eq!(lockfile.record.as_bytes().len(), RECORD_LIMIT);
}

#[tokio::test]
async fn a_lockfile_that_stops_in_the_middle_is_an_error_and_not_half_a_record() {
    let stub = Stub::start(|_: &Asked| stub::object(stub::unfinished("{\"ID\":"))).await;
    let patience = Patience { attempt: Duration::from_millis(200), ..Patience::default() };
    let session = Session::at(stub.endpoint(), patience);
    let locks = AwsLocks::connect(&session, vec![backend("main", BUCKET, None, true)]);
    assert_eq!(locks.inspect(&state("a")).await.unwrap_err().kind, FaultKind::Unreachable);
}

#[tokio::test]
async fn every_lockfile_is_listed_once_over_many_pages() {
    let names: Vec<String> = (0..60).map(|at| format!("team/state-{at}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let stub = Stub::start(stub::bucket(objects(&names), 7)).await;

    let list = lockfiles(&stub).list().await.unwrap().held;

    let listed: BTreeSet<&str> = list.iter().map(|held| held.state.name.as_str()).collect();
    assert_eq!((list.len(), listed), (names.len(), names.into_iter().collect()));
}

#[tokio::test]
async fn a_key_with_characters_that_no_xml_has_does_not_spoil_the_list() {
    let odd = "a+b \u{1}%41é";
    let stub = Stub::start(stub::bucket(objects(&[odd, "plain"]), 1000)).await;
    let list = lockfiles(&stub).list().await.unwrap().held;
    let paths: BTreeSet<StatePath> = list.into_iter().map(|held| held.state.path).collect();
    assert_eq!(paths, [path(odd), path("plain")].into());
    assert!(stub.asked()[0].uri.query().unwrap().contains("encoding-type=url"));
}

#[tokio::test]
async fn a_lockfile_that_is_removed_while_the_list_is_read_is_left_out() {
    let listing = stub::bucket(objects(&["a", "b"]), 1000);
    let stub = Stub::start(move |asked: &Asked| match asked.uri.path() {
        "/states/a/terraform.tfstate.tflock" => stub::s3_error(404, "NoSuchKey"),
        _ => listing(asked),
    })
    .await;
    let list = lockfiles(&stub).list().await.unwrap().held;
    assert_eq!(list.iter().map(|held| held.state.name.as_str()).collect::<Vec<_>>(), ["b"]);
}

#[tokio::test]
async fn states_are_seen_by_their_objects_and_lockfiles_and_nothing_else_is() {
    let mut objects = objects(&["a"]);
    for key in [
        "b/terraform.tfstate",
        "env:/blue/c/terraform.tfstate",
        "b/terraform.tfstate.backup",
        "logs/2026/11/23.gz",
        "odd-name.tflock",
    ] {
        objects.insert(key.to_owned(), Vec::new());
    }
    let stub = Stub::start(stub::bucket(objects, 3)).await;

    let seen = KnownStates::new(lockfiles(&stub).seen().await.unwrap().states);

    let names: Vec<&str> = seen.matching("", 25).iter().map(|state| state.name.as_str()).collect();
    assert_eq!(names, ["a", "states/odd-name", "b", "c@blue"], "held ones first");
}

#[tokio::test]
async fn the_row_and_the_lockfile_of_one_lock_are_one_whole_lock() {
    let bucket = stub::bucket(objects(&["a"]), 1000);
    let stub = Stub::start(move |asked: &Asked| match asked.dynamodb() {
        Some("GetItem") => stub::json(&json!({"Item": row("a")})),
        Some(_) => stub::json(&json!({"Items": [row("a")]})),
        None => bucket(asked),
    })
    .await;

    let lock = both(&stub).inspect(&state("a")).await.unwrap();
    assert_eq!(lock.sources().unwrap().stores(), [Store::DynamoDb, Store::S3]);
    assert_eq!(lock.sources().unwrap().half(), None);

    let list = both(&stub).list().await.unwrap().held;
    assert_eq!(list.iter().map(|held| &held.lock).collect::<Vec<_>>(), [&lock]);
}

#[tokio::test]
async fn half_a_lock_is_seen_as_half_in_the_list_too() {
    let bucket = stub::bucket(objects(&["a"]), 1000);
    let stub = Stub::start(move |asked: &Asked| match asked.dynamodb() {
        Some("GetItem") if asked.json()["Key"]["LockID"]["S"] == *path("b").as_str() => {
            stub::json(&json!({"Item": row("b")}))
        }
        Some("GetItem") => stub::json(&json!({})),
        Some(_) => stub::json(&json!({"Items": [row("b")]})),
        None => bucket(asked),
    })
    .await;

    let halves: BTreeMap<String, Option<Half>> = both(&stub)
        .list()
        .await
        .unwrap()
        .held
        .into_iter()
        .map(|held| (held.state.name.to_string(), held.lock.sources().unwrap().half()))
        .collect();
    let expected = [("a", Some(Half::RowMissing)), ("b", Some(Half::LockfileMissing))];
    assert_eq!(halves, expected.map(|(name, half)| (name.to_owned(), half)).into());
}

#[tokio::test]
async fn a_lock_that_is_taken_while_the_list_is_read_is_not_called_half() {
    let bucket = stub::bucket(objects(&["a"]), 1000);
    // The scan comes before the row. The second look finds the row.
    let stub = Stub::start(move |asked: &Asked| match asked.dynamodb() {
        Some("GetItem") => stub::json(&json!({"Item": row("a")})),
        Some(_) => stub::json(&json!({"Items": []})),
        None => bucket(asked),
    })
    .await;
    let list = both(&stub).list().await.unwrap().held;
    assert_eq!(list.len(), 1);
    assert_eq!(list[0].lock.sources().unwrap().half(), None);
}

#[tokio::test]
async fn a_store_that_cannot_be_read_is_never_taken_for_free() {
    let stub = Stub::start(|asked: &Asked| -> Answer {
        match asked.dynamodb() {
            Some(_) => stub::json(&json!({})),
            None => stub::s3_error(403, "AccessDenied"),
        }
    })
    .await;
    let fault = both(&stub).inspect(&state("a")).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Denied);
}

#[tokio::test]
async fn names_are_offered_from_the_stores_that_may_be_read() {
    let stub = Stub::start(|asked: &Asked| match asked.dynamodb() {
        Some(_) => stub::json(&json!({"Items": [row("a")]})),
        None => stub::s3_error(403, "AccessDenied"),
    })
    .await;
    let seen = both(&stub).seen().await.unwrap().states;
    assert_eq!(seen.iter().map(|known| known.state.name.as_str()).collect::<Vec<_>>(), ["a"]);
    assert_eq!(lockfiles(&stub).seen().await.unwrap_err().kind, FaultKind::Denied);
}

#[tokio::test]
async fn with_a_lock_table_alone_state_objects_are_a_help_and_no_need() {
    let bucket = stub::bucket(objects(&["b"]), 1000);
    let rows = |asked: &Asked| asked.dynamodb().map(|_| stub::json(&json!({"Items": [row("a")]})));
    let readable = Stub::start(move |asked: &Asked| rows(asked).unwrap_or_else(|| bucket(asked)));
    let broken =
        move |asked: &Asked| rows(asked).unwrap_or_else(|| stub::s3_error(400, "NotImplemented"));
    let (readable, broken) = tokio::join!(readable, Stub::start(broken));
    for (stub, names) in [(&readable, &["a", "b"][..]), (&broken, &["a"])] {
        let stores = backend("main", BUCKET, Some(TABLE), false);
        let table = AwsLocks::connect(&session(stub.endpoint()), vec![stores]);
        let seen = KnownStates::new(table.seen().await.unwrap().states);
        let found: Vec<_> = seen.matching("", 25).iter().map(|state| state.name.as_str()).collect();
        assert_eq!(found, names);
        assert_eq!(
            table.list().await.unwrap().held.len(),
            1,
            "a lockfile is no lock of this backend"
        );
    }
}
