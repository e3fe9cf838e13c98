//! Locks that are rows of a `DynamoDB` table.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use locktender::aws::AwsLocks;
use locktender::lock::{
    Catalog, Flaw, KnownStates, LockInfo, LockState, RECORD_LIMIT, State, StatePath, Store,
};
use locktender::ports::Locks;

use crate::support::dynamodb::{BUCKET, DynamoDb, TABLE, backend, text};

/// The value of a digest row.
const DIGEST: &str = "0123456789abcdef0123456789abcdef";

fn state(key: &str) -> State {
    let backend = backend("main", BUCKET, Some(TABLE), false).backend().clone();
    Catalog::new(vec![backend]).state_at(StatePath::new(BUCKET, key).unwrap()).unwrap()
}

async fn inspect(db: &DynamoDb, key: &str) -> LockState {
    db.locks().inspect(&state(key)).await.unwrap()
}

/// The number of held locks, and their names.
async fn listed(locks: &AwsLocks) -> (usize, BTreeSet<String>) {
    let list = locks.list().await.unwrap().held;
    let names = list.iter().map(|held| held.state.name.to_string()).collect();
    (list.len(), names)
}

#[tokio::test]
async fn a_held_lock_is_read_in_full_and_byte_for_byte() {
    let db = DynamoDb::start().await;
    let record = db.lock("env/prod/terraform.tfstate").await;

    let lock = inspect(&db, "env/prod/terraform.tfstate").await;

    let LockInfo { who, version, path, .. } = lock.info().unwrap();
    assert_eq!((who.as_str(), version.as_str()), ("root@vm", "1.11.4"));
    assert_eq!(path, "states/env/prod/terraform.tfstate");
    let sources = lock.sources().unwrap();
    assert_eq!(sources.stores(), [Store::DynamoDb]);
    assert_eq!(sources.half(), None);
    assert_eq!(sources.row.as_ref().unwrap().record, record);
}

#[tokio::test]
async fn a_state_without_a_row_is_free() {
    let db = DynamoDb::start().await;
    assert_eq!(inspect(&db, "env/prod/terraform.tfstate").await, LockState::Free);
}

#[tokio::test]
async fn whatever_info_is_the_lock_is_held_and_said_to_be_unreadable() {
    let db = DynamoDb::start().await;
    let huge = "x".repeat(RECORD_LIMIT + 1);
    let cases: [(Option<AttributeValue>, &[u8], Option<Flaw>); 14] = [
        (Some(text("")), b"", Some(Flaw::Empty)),
        (Some(text("not json")), b"not json", None),
        (Some(text("[]")), b"[]", None),
        (Some(text("null")), b"null", None),
        (Some(text("{}")), b"{}", None),
        (Some(text(r#"{"ID":5}"#)), br#"{"ID":5}"#, None),
        (Some(text(&huge)), huge.as_bytes(), Some(Flaw::TooLarge(huge.len() as u64))),
        (None, b"", Some(Flaw::Missing)),
        (Some(AttributeValue::N("42".to_owned())), b"42", Some(Flaw::NotAString("N"))),
        (Some(AttributeValue::B(Blob::new([0, 255]))), &[0, 255], Some(Flaw::NotAString("B"))),
        (Some(AttributeValue::Bool(true)), b"", Some(Flaw::NotAString("BOOL"))),
        (Some(AttributeValue::Null(true)), b"", Some(Flaw::NotAString("NULL"))),
        (Some(AttributeValue::L(vec![text("a")])), b"", Some(Flaw::NotAString("L"))),
        (Some(AttributeValue::M([].into())), b"", Some(Flaw::NotAString("M"))),
    ];
    for (at, (info, bytes, flaw)) in cases.iter().enumerate() {
        let key = format!("case-{at}/terraform.tfstate");
        let attributes = info.clone().map(|info| ("Info", info));
        db.put(&format!("{BUCKET}/{key}"), attributes.as_slice()).await;

        let lock = inspect(&db, &key).await;

        let LockState::Unreadable(unreadable) = &lock else { panic!("{info:?}: {lock:?}") };
        let row = unreadable.sources.row.as_ref().unwrap();
        assert_eq!(row.record.as_bytes(), *bytes, "{info:?}");
        match flaw {
            Some(flaw) => assert_eq!(unreadable.flaw, *flaw),
            None => assert!(
                matches!(unreadable.flaw, Flaw::NotJson | Flaw::NotALock(_) | Flaw::NoId),
                "{info:?}"
            ),
        }
    }
    assert_eq!(listed(&db.locks()).await.0, cases.len());
}

#[tokio::test]
async fn a_digest_row_is_no_lock_even_of_a_state_whose_own_key_ends_in_md5() {
    let db = DynamoDb::start().await;
    // The digest of `a` has the same key as the lock of `a-md5` would have.
    db.put("states/a/terraform.tfstate-md5", &[("Digest", text(DIGEST))]).await;
    assert_eq!(inspect(&db, "a/terraform.tfstate-md5").await, LockState::Free);
    assert_eq!(listed(&db.locks()).await.0, 0);

    let locked = "b/terraform.tfstate-md5";
    db.lock(locked).await;
    assert!(matches!(inspect(&db, locked).await, LockState::Held(_)));
    assert_eq!(listed(&db.locks()).await.0, 1);
}

#[tokio::test]
async fn a_digest_at_the_key_of_a_lock_is_a_lock_that_cannot_be_read() {
    let db = DynamoDb::start().await;
    // The second has `-md5` in the middle of its key, where it means nothing.
    for key in ["a/terraform.tfstate", "b.tfstate-md5/terraform.tfstate"] {
        db.put(&format!("{BUCKET}/{key}"), &[("Digest", text(DIGEST))]).await;
        let lock = inspect(&db, key).await;
        let LockState::Unreadable(unreadable) = &lock else { panic!("{lock:?}") };
        assert_eq!(unreadable.flaw, Flaw::DigestOnly);
    }
    let odd = [("Digest", AttributeValue::N("7".to_owned()))];
    db.put("states/c/terraform.tfstate", &odd).await;
    let lock = inspect(&db, "c/terraform.tfstate").await;
    assert!(matches!(&lock, LockState::Unreadable(it) if it.flaw == Flaw::OddDigest("N")));
    let names = ["a", "b.tfstate-md5", "c"].map(str::to_owned).into();
    assert_eq!(listed(&db.locks()).await, (3, names));
    let seen = db.locks().seen().await.unwrap().states;
    assert!(seen.len() == 3 && seen.iter().all(|known| known.held), "{seen:?}");
}

#[tokio::test]
async fn a_row_with_the_key_of_a_digest_and_nothing_in_it_is_no_lock() {
    let db = DynamoDb::start().await;
    db.put("states/a/terraform.tfstate-md5", &[("Owner", text("kim"))]).await;
    assert_eq!(inspect(&db, "a/terraform.tfstate-md5").await, LockState::Free);
    assert_eq!(inspect(&db, "a/terraform.tfstate").await, LockState::Free);
    assert_eq!(listed(&db.locks()).await.0, 0);
    assert_eq!(db.locks().seen().await.unwrap().states, []);
}

#[tokio::test]
async fn a_row_with_both_a_digest_and_a_record_is_a_lock() {
    let db = DynamoDb::start().await;
    let attributes = [("Digest", text(DIGEST)), ("Info", text("?"))];
    db.put("states/a/terraform.tfstate", &attributes).await;
    assert!(matches!(inspect(&db, "a/terraform.tfstate").await, LockState::Unreadable(_)));
    assert_eq!(listed(&db.locks()).await.0, 1);
}

#[tokio::test]
async fn a_thousand_locks_among_five_thousand_rows_are_listed_each_once() {
    let db = DynamoDb::start().await;
    let key = |at: usize| format!("{BUCKET}/team-{}/state-{at}/terraform.tfstate", at % 7);
    // Long enough that the locks alone fill more than one page of 1 MB.
    let info = |at: usize| format!(r#"{{"ID":"{at}","Info":"{}"}}"#, "x".repeat(1500));
    db.put_all((0..1000).map(|at| (key(at), "Info", info(at)))).await;
    let digest = |at: usize| (format!("{}-md5", key(at)), "Digest", DIGEST.to_owned());
    db.put_all((0..4000).map(digest)).await;

    let (count, names) = listed(&db.locks()).await;
    assert_eq!((count, names.len()), (1000, 1000));
    assert!(names.contains("team-5/state-999"), "{:?}", names.last());

    let seen = KnownStates::new(db.locks().seen().await.unwrap().states);
    assert_eq!(seen.len(), 4000);
}

#[tokio::test]
async fn two_backends_in_one_table_see_each_lock_once_and_no_one_elses() {
    let db = DynamoDb::start().await;
    for lock_id in
        ["one/a/terraform.tfstate", "two/b/terraform.tfstate", "three/c/terraform.tfstate"]
    {
        db.put(lock_id, &[("Info", text("?"))]).await;
    }
    let backends =
        vec![backend("x", "one", Some(TABLE), false), backend("y", "two", Some(TABLE), false)];
    let locks = AwsLocks::connect(&db.session(), backends);
    let (count, names) = listed(&locks).await;
    assert_eq!(count, 2);
    assert_eq!(names, ["x:a".to_owned(), "y:b".to_owned()].into());
}

#[tokio::test]
async fn a_row_of_a_bucket_whose_locks_are_in_another_table_does_not_count() {
    let db = DynamoDb::start().await;
    locktender::aws::Sandbox::open(&db.session(), "other-locks").await.unwrap();
    db.lock("a/terraform.tfstate").await;
    let backends = vec![
        backend("main", BUCKET, Some("other-locks"), false),
        backend("second", "elsewhere", Some(TABLE), false),
    ];
    let locks = AwsLocks::connect(&db.session(), backends);
    assert_eq!(listed(&locks).await.0, 0);
    assert!(locks.seen().await.unwrap().states.is_empty());
}

#[tokio::test]
async fn states_are_seen_by_their_digests_and_their_locks() {
    let db = DynamoDb::start().await;
    db.put("states/a/terraform.tfstate-md5", &[("Digest", text(DIGEST))]).await;
    db.put("states/env:/blue/b/terraform.tfstate-md5", &[("Digest", text(DIGEST))]).await;
    db.put("unrelated", &[("Digest", text(DIGEST))]).await;
    db.lock("a/terraform.tfstate").await;
    db.lock("new/terraform.tfstate").await;

    let seen = KnownStates::new(db.locks().seen().await.unwrap().states);

    let names: Vec<String> =
        seen.matching("", 25).into_iter().map(|state| state.name.to_string()).collect();
    assert_eq!(names, ["a", "new", "b@blue"], "held ones first");
}
