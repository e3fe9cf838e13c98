//! A listing of lockfiles. Some cannot be read, some are not locks, some are unchanged.

use std::collections::BTreeMap;

use axum::http::Method;
use chrono::TimeDelta;
use insta::assert_snapshot;
use locktender::aws::AwsLocks;
use locktender::error::FaultKind;
use locktender::lock::{Flaw, Half, HeldLock, LockState, RECORD_LIMIT};
use locktender::ports::Locks;
use locktender::workers::Lookout;
use serde_json::json;

use crate::support::dynamodb::{BUCKET, TABLE, backend, session};
use crate::support::office::{ANNOUNCE, Office, lookout};
use crate::support::s3::S3;
use crate::support::stub::{self, Answer, Asked, Stub};
use crate::support::two_stores::{LOCKFILE_ALONE, locks, office, ours, theirs};

const A: &str = "a/terraform.tfstate.tflock";
const B: &str = "b/terraform.tfstate.tflock";

fn lockfiles(s3: &S3) -> AwsLocks {
    AwsLocks::connect(&session(s3.endpoint()), vec![backend("main", BUCKET, None, true)])
}

async fn two() -> S3 {
    let s3 = S3::start().await;
    s3.put(A, &ours());
    s3.put(B, &theirs());
    s3
}

/// Gives this answer to every fetch of the first lockfile.
fn answer_a(s3: &S3, answer: fn() -> Answer) {
    s3.rule(move |asked, _| (asked.method == Method::GET && asked.key() == A).then(answer));
}

/// The holder of each state, one line per state.
fn said(list: &[HeldLock]) -> Vec<String> {
    let mut lines: Vec<String> = list
        .iter()
        .map(|held| match &held.lock {
            LockState::Held(lock) => format!("{}: {}", held.state.name, lock.info.who),
            LockState::Unreadable(lock) => format!("{}: {}", held.state.name, lock.flaw),
            LockState::Free => format!("{}: free", held.state.name),
        })
        .collect();
    lines.sort();
    lines
}

#[tokio::test]
async fn a_lockfile_that_cannot_be_fetched_is_held_and_says_why_and_the_others_are_listed() {
    let cases: [fn() -> Answer; 5] = [
        || stub::s3_error(403, "AccessDenied"),
        || stub::s3_error(403, "InvalidObjectState"),
        || stub::s3_error(400, "KMS.DisabledException"),
        || stub::s3_error(500, "InternalError"),
        || stub::s3_error(503, "SlowDown"),
    ];
    let mut table = String::new();
    for answer in cases {
        let s3 = two().await;
        answer_a(&s3, answer);
        let list = said(&lockfiles(&s3).list().await.unwrap().held);
        assert_eq!((list.len(), list[1].as_str()), (2, "b: zoe@laptop"));
        table += &format!("{}\n", list[0]);
    }
    assert_snapshot!(table, @"
    a: the lockfile could not be fetched (The bucket `states` refused access: allow s3:GetObject on *.tflock, s3:ListBucket (without it a missing lockfile looks forbidden), and kms:Decrypt where KMS encrypts)
    a: the lockfile could not be fetched (The bucket `states` refused access: the object is archived; restore it, or remove it by hand)
    a: the lockfile could not be fetched (The bucket `states` refused access: allow s3:GetObject on *.tflock, s3:ListBucket (without it a missing lockfile looks forbidden), and kms:Decrypt where KMS encrypts)
    a: the lockfile could not be fetched (The bucket `states` gave an unexpected answer: try again in a minute; the log has what it said)
    a: the lockfile could not be fetched (The bucket `states` is throttling requests: try again in a minute)
    ");
}

#[tokio::test]
async fn the_list_says_of_such_a_state_that_it_is_locked_and_why_it_is_unreadable() {
    let s3 = two().await;
    answer_a(&s3, || stub::s3_error(403, "AccessDenied"));
    let (office, _proxy) = office(LOCKFILE_ALONE, &s3).await;
    let command = locktender::command::Command::List { filter: String::new(), page: 0 };
    assert_snapshot!(office.told(&crate::support::office::approver("alice"), command).await, @"
    🔒 2 states are locked
      a  3 h 9 min · unreadable record: The bucket `states` refused access: allow s3:GetObject on *…
      b  1 min · apply · zoe@laptop
    [ Refresh ]
    ");
}

#[tokio::test]
async fn credentials_that_are_not_accepted_are_a_fault_of_the_whole_list() {
    let s3 = two().await;
    answer_a(&s3, || stub::s3_error(403, "InvalidAccessKeyId"));
    assert_eq!(lockfiles(&s3).list().await.unwrap_err().kind, FaultKind::Credentials);
}

#[tokio::test]
async fn a_lockfile_is_fetched_again_only_when_it_is_another() {
    let s3 = two().await;
    let locks = lockfiles(&s3);
    for _ in 0..3 {
        assert_eq!(said(&locks.list().await.unwrap().held), ["a: root@vm", "b: zoe@laptop"]);
    }
    assert_eq!(s3.count("GET"), 2);
    s3.put(A, &theirs());
    assert_eq!(said(&locks.list().await.unwrap().held), ["a: zoe@laptop", "b: zoe@laptop"]);
    assert_eq!(s3.count("GET"), 3);
    s3.rule(|_, objects| {
        objects.remove(A);
        None
    });
    assert_eq!(said(&locks.list().await.unwrap().held), ["b: zoe@laptop"]);
    // The listed lock is the same as a single read gives.
    let list = locks.list().await.unwrap().held;
    assert_eq!(locks.inspect(&list[0].state).await.unwrap(), list[0].lock);
}

#[tokio::test]
async fn a_lockfile_that_changes_between_the_list_and_its_fetch_is_not_taken_for_the_listed_one() {
    let s3 = two().await;
    let locks = lockfiles(&s3);
    let mut is_first = true;
    s3.rule(move |asked, objects| {
        let is_fetch = asked.method == Method::GET && !asked.is_listing() && asked.key() == A;
        if is_fetch && std::mem::take(&mut is_first) {
            objects.put(A, &theirs());
        }
        None
    });
    assert_eq!(said(&locks.list().await.unwrap().held)[0], "a: zoe@laptop");
    assert_eq!(said(&locks.list().await.unwrap().held)[0], "a: zoe@laptop");
    assert_eq!(s3.count("GET"), 3);
}

#[tokio::test]
async fn a_lockfile_that_cannot_be_fetched_is_not_asked_for_at_every_look() {
    let s3 = two().await;
    answer_a(&s3, || stub::s3_error(403, "AccessDenied"));
    let locks = lockfiles(&s3);
    for _ in 0..3 {
        assert_eq!(locks.list().await.unwrap().held.len(), 2);
    }
    assert_eq!(s3.count("GET"), 2);
    s3.put(A, &ours());
    s3.rule(|_, _| None);
    assert_eq!(said(&locks.list().await.unwrap().held)[0], "a: root@vm");
}

#[tokio::test]
async fn what_is_too_large_for_a_lock_is_not_fetched_and_is_held() {
    let s3 = S3::start().await;
    s3.put(A, &"x".repeat(RECORD_LIMIT + 1));
    let list = lockfiles(&s3).list().await.unwrap().held;
    let LockState::Unreadable(lock) = &list[0].lock else { panic!("{list:?}") };
    assert_eq!(lock.flaw, Flaw::TooLarge(RECORD_LIMIT as u64 + 1));
    assert_eq!(s3.count("GET"), 0);
}

#[tokio::test]
async fn a_lockfile_that_was_not_read_is_not_said_to_differ_from_its_row() {
    let path = format!("{BUCKET}/a/terraform.tfstate");
    let row = json!({"LockID": {"S": path}, "Info": {"S": ours()}});
    for (has_row, half) in [(true, None), (false, Some(Half::RowMissing))] {
        let (item, items) = if has_row {
            (json!({"Item": row}), json!({"Items": [row]}))
        } else {
            (json!({}), json!({"Items": []}))
        };
        let stub = Stub::start(move |asked: &Asked| match asked.dynamodb() {
            Some("GetItem") => stub::json(&item),
            Some(_) => stub::json(&items),
            None if asked.is_listing() => {
                stub::listed([(A.to_owned(), "\"e1\"".to_owned(), 200)].into_iter())
            }
            None => stub::s3_error(403, "AccessDenied"),
        })
        .await;
        let both = vec![backend("main", BUCKET, Some(TABLE), true)];
        let list = AwsLocks::connect(&session(stub.endpoint()), both).list().await.unwrap().held;
        assert_eq!((list.len(), list[0].lock.half()), (1, half));
    }
}

/// The holder in each remembered hold, by state.
async fn holds(office: &Office) -> BTreeMap<String, Option<String>> {
    let holds = office.context.holds.current().await.unwrap();
    holds.into_values().map(|hold| (hold.state.name.to_string(), hold.who)).collect()
}

/// The announcements, without those of stale locks.
fn news(office: &Office) -> Vec<String> {
    let all = office.wall.read(ANNOUNCE).into_iter();
    all.filter(|text| !text.contains("looks stale")).collect()
}

/// Looks at all locks, five seconds after the last look.
async fn look(office: &Office, lookout: &Lookout) {
    office.time.advance(TimeDelta::seconds(5));
    lookout.pass().await.unwrap();
}

#[tokio::test]
async fn no_end_is_seen_of_a_lock_whose_lockfile_cannot_be_fetched_and_the_others_clear() {
    let s3 = two().await;
    let (mut office, _proxy) = office(LOCKFILE_ALONE, &s3).await;
    look(&office, &lookout(&office.context)).await;
    // After a restart the bot knows no lockfile's bytes.
    office.context.reading.locks = locks(LOCKFILE_ALONE, &office.db, &s3);
    answer_a(&s3, || stub::s3_error(403, "AccessDenied"));
    let lookout = lookout(&office.context);
    look(&office, &lookout).await;
    assert_eq!(news(&office), Vec::<String>::new());
    let root = Some("root@vm".to_owned());
    assert_eq!(holds(&office).await["a"], root);
    s3.rule(|asked, objects| {
        objects.remove(B);
        let is_a = asked.method == Method::GET && !asked.is_listing() && asked.key() == A;
        is_a.then(|| stub::s3_error(403, "AccessDenied"))
    });
    look(&office, &lookout).await;
    let announced = news(&office);
    assert_eq!(announced.len(), 1, "{announced:?}");
    assert!(announced[0].contains("b is free"), "{announced:?}");
    assert_eq!(holds(&office).await, BTreeMap::from([("a".to_owned(), root)]));
    s3.rule(|_, objects| {
        objects.remove(A);
        None
    });
    look(&office, &lookout).await;
    let announced = office.wall.read(ANNOUNCE);
    assert!(announced.iter().any(|text| text.contains("a is free")), "{announced:?}");
}

#[tokio::test]
async fn a_lock_that_can_be_read_at_last_has_not_changed_hands() {
    let s3 = two().await;
    answer_a(&s3, || stub::s3_error(403, "AccessDenied"));
    let (mut office, _proxy) = office(LOCKFILE_ALONE, &s3).await;
    look(&office, &lookout(&office.context)).await;
    assert_eq!(holds(&office).await["a"], None);
    s3.rule(|_, _| None);
    office.context.reading.locks = locks(LOCKFILE_ALONE, &office.db, &s3);
    let lookout = lookout(&office.context);
    for _ in 0..2 {
        look(&office, &lookout).await;
        assert_eq!(holds(&office).await["a"], Some("root@vm".to_owned()));
    }
    assert_eq!(news(&office), Vec::<String>::new());
}
