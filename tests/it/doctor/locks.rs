//! Locks and digests that need a person.

use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use locktender::doctor::{Diagnosis, Doctor, LocksCheck};
use locktender::lock::Stores;
use serde_json::json;

use super::aws::{Setup, codes, diagnose, only};
use crate::support::dynamodb::{DynamoDb, backend, session, tables, text};
use crate::support::e2e;
use crate::support::given::{Given, Noon, record};
use crate::support::s3::S3;
use crate::support::stub;

const BOTH: Stores = Stores { row: true, lockfile: true };

/// What the doctor says of these locks at [`NOW`](crate::support::given::NOW).
async fn of(given: Given) -> Diagnosis {
    let mut doctor = Doctor::new(Arc::new(Noon), Diagnosis::default());
    doctor.add(LocksCheck { locks: Arc::new(given), backends: Vec::new() });
    doctor.examine().await
}

fn held(who: &str, created: &str) -> String {
    record("1f6e7bc2", "OperationTypeApply", who, created)
}

#[tokio::test]
async fn a_lock_is_old_after_a_week() {
    for (created, is_old) in [
        ("2026-11-16T12:00:00Z", true),
        ("2026-11-16T12:00:01Z", false),
        ("0001-01-01T00:00:00Z", false),
    ] {
        let diagnosis = of(Given::default().row("env/prod", &held("a@b", created))).await;
        assert_eq!(codes(&diagnosis).contains("lock-old"), is_old, "{created}");
    }
}

#[tokio::test]
async fn three_locks_of_one_machine_pile_up_after_an_hour() {
    let given = |whos: &[(&str, &str)]| {
        whos.iter().enumerate().fold(Given::default(), |given, (at, (who, created))| {
            given.row(&format!("env/{at}"), &held(who, created))
        })
    };
    let (hour, younger) = ("2026-11-23T11:00:00Z", "2026-11-23T11:00:01Z");
    let piled = of(given(&[("ci@r", hour), ("x@r", hour), ("@r", hour), ("a@q", hour)])).await;
    insta::assert_snapshot!(lines(&piled));
    for none in [
        &[("ci@r", hour), ("ci@r", hour), ("ci@r", younger)][..],
        &[("ci@r", hour), ("ci@r", hour), ("ci@s", hour)],
        &[("ci@", hour), ("ci@", hour), ("ci@", hour)],
        &[("", hour), ("", hour), ("", hour)],
    ] {
        assert!(of(given(none)).await.is_healthy(), "{none:?}");
    }
}

#[tokio::test]
async fn half_and_unreadable_locks_are_found_together_by_kind() {
    let lock = held("a@b", "2026-11-23T11:59:00Z");
    let given = (0..12).fold(Given::default(), |given, at| {
        given.lock(&format!("env/{at:02}"), BOTH, Some(&lock), None)
    });
    let given = given.lock("env/odd", BOTH, Some("?"), Some("?"));
    insta::assert_snapshot!(lines(&of(given).await));
}

#[tokio::test]
async fn hostile_names_in_locks_are_shown_letter_for_letter() {
    let who = "ci@r\u{1b}[31m\u{202e}\n**x**";
    let given = (0..3).fold(Given::default(), |given, at| {
        given.row(&format!("env/{at}"), &held(who, "2026-11-23T10:00:00Z"))
    });
    let said = lines(&of(given).await);
    assert!(!said.contains('\u{1b}') && !said.contains('\u{202e}'), "{said}");
    assert!(said.contains("machine r\\u{1b}[31m\\u{202e}\\u{a}**x**"), "{said}");
}

/// Subject, what, why and remedy of every finding.
fn lines(diagnosis: &Diagnosis) -> String {
    let found = diagnosis
        .findings
        .iter()
        .map(|it| [it.code.as_str(), &it.subject, &it.what, &it.why, &it.remedy].join("\n"));
    found.collect::<Vec<_>>().join("\n\n")
}

#[tokio::test]
async fn a_digest_where_a_lock_belongs_is_found() {
    let db = DynamoDb::start().await;
    db.migrate().await;
    let digest = text("9e107d9d372bb6826bd81d3542a419d6");
    db.put("states/env/prod/terraform.tfstate", &[("Digest", digest)]).await;
    db.put("states/env/dev/terraform.tfstate", &[("Info", AttributeValue::Bool(true))]).await;
    let diagnosis = diagnose(db.session(), &tables(), vec![DynamoDb::backend()]).await;
    assert_eq!(only(&diagnosis, "digest-at-lock-key").subject, "state env/prod");
    assert_eq!(only(&diagnosis, "lock-unreadable").subject, "state env/dev");
}

#[tokio::test]
async fn a_lockfile_that_cannot_be_fetched_is_found() {
    let s3 = S3::start().await;
    s3.put("env/prod/terraform.tfstate.tflock", "x");
    s3.rule(|asked, _| {
        let is_it = asked.method == "GET" && asked.key() == "env/prod/terraform.tfstate.tflock";
        is_it.then(|| stub::s3_error(403, "AccessDenied"))
    });
    let lockfiles = vec![backend("main", "states", None, true)];
    let diagnosis = diagnose(session(s3.endpoint()), &tables(), lockfiles).await;
    assert_eq!(only(&diagnosis, "lockfile-not-fetched").subject, "state env/prod");
}

#[tokio::test]
async fn rows_that_a_runner_leaves_behind_are_half_old_and_a_pile() {
    let Some(bench) = e2e::bench().await else { return };
    let setup = Setup::new(&bench).await;
    for state in ["a", "b", "c"] {
        let path = format!("{}/{state}/terraform.tfstate", setup.bucket.name);
        let info = held("ci@runner-7", "2026-01-01T08:00:00Z");
        setup.table.put(&json!({"LockID": {"S": path}, "Info": {"S": info}})).await;
    }
    let diagnosis = setup.diagnose(&bench.moto.endpoint().to_string()).await;
    for code in ["lock-half", "lock-old"] {
        assert_eq!(only(&diagnosis, code).subject, "3 states: a, b, c");
    }
    assert_eq!(only(&diagnosis, "locks-pile-up").subject, "machine runner-7");
}

/// The digest of a state whose object has this text.
fn digest(path: &str, md5: &str) -> serde_json::Value {
    json!({"LockID": {"S": format!("{path}-md5")}, "Digest": {"S": md5}})
}

/// The MD5s of `one` and `two`.
const ONE: &str = "f97c5d29941bfb1b2fdab0874906ab82";
const TWO: &str = "b8a9f715dbb64fd5c56e7783c6820a61";

#[tokio::test]
async fn a_digest_that_does_not_fit_is_found_where_others_fit() {
    let Some(bench) = e2e::bench().await else { return };
    let setup = Setup::new(&bench).await;
    let endpoint = bench.moto.endpoint().to_string();
    let path = |state: &str| format!("{}/{state}/terraform.tfstate", setup.bucket.name);
    for (state, body, md5) in [("fits", "one", ONE), ("wrong", "one", TWO), ("held", "one", TWO)] {
        setup.bucket.put(&format!("{state}/terraform.tfstate"), body.as_bytes()).await;
        setup.table.put(&digest(&path(state), md5)).await;
    }
    setup.table.put(&digest(&path("gone"), ONE)).await;
    let lock =
        json!({"LockID": {"S": path("held")}, "Info": {"S": held("a@b", "2026-11-23T08:00:00Z")}});
    setup.table.put(&lock).await;
    let diagnosis = setup.diagnose(&endpoint).await;
    let wrong = diagnosis.findings.iter().filter(|it| it.code.as_str() == "digest-wrong");
    let subjects: Vec<&str> = wrong.map(|it| &*it.subject).collect();
    let expected = [path("gone"), path("wrong")].map(|path| format!("state {path}"));
    assert_eq!(subjects, expected, "a run that holds the lock may be writing: {diagnosis:#?}");
    assert!(diagnosis.not_checked.is_empty());
}

#[tokio::test]
async fn where_no_digest_fits_it_cannot_be_told() {
    let Some(bench) = e2e::bench().await else { return };
    let setup = Setup::new(&bench).await;
    setup.bucket.put("env/prod/terraform.tfstate", b"one").await;
    let path = format!("{}/env/prod/terraform.tfstate", setup.bucket.name);
    setup.table.put(&digest(&path, TWO)).await;
    let diagnosis = setup.diagnose(&bench.moto.endpoint().to_string()).await;
    assert!(!codes(&diagnosis).contains("digest-wrong"), "{diagnosis:#?}");
    let of_digests = diagnosis.not_checked.iter().find(|it| it.subject.starts_with("digests"));
    assert!(of_digests.unwrap().why.contains("so it cannot tell"), "{diagnosis:#?}");
}
