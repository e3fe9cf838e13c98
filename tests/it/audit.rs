//! `locktender audit` and the checkpoints: the recorded entries, and the proof that they are unchanged.

mod checkpoints;
mod export;
mod segments;
mod tampering;

use locktender::command::Command;
use locktender::workers::Checkpoints;

use crate::support::dynamodb::{DynamoDb, TABLE};
use crate::support::office::{Office, approver};
use crate::support::program::{Program, Ran};

const PROD: &str = "states/env/prod/terraform.tfstate";

/// An office with a trail of two states: one release with a refused first approval, and one withdrawn
/// request.
pub async fn recorded() -> Office {
    let office = Office::new().await;
    for key in ["env/prod/terraform.tfstate", "env/test/terraform.tfstate"] {
        office.db.lock(key).await;
    }
    let (alice, bob) = (approver("alice"), approver("bob"));
    let request = office.open(&alice, "env/prod").await;
    office.approve(&alice, request).await;
    office.approve(&bob, request).await;
    let request = office.open(&bob, "env/test").await;
    office.ask(&bob, Command::Withdraw { request }).await;
    office
}

/// The program with its owner's settings.
fn program(db: &DynamoDb) -> Program {
    Program::at(&db.endpoint()).set("LOCKTENDER_LOCK_TABLE", TABLE)
}

/// The program of an auditor who may only read the trail.
fn auditor(db: &DynamoDb) -> Program {
    Program::new()
        .set("AWS_ENDPOINT_URL", &db.endpoint())
        .set("AWS_REGION", "us-east-1")
        .set("AWS_ACCESS_KEY_ID", "test")
        .set("AWS_SECRET_ACCESS_KEY", "test")
}

/// Makes the day's checkpoint, unless there is one.
async fn checkpoint(office: &Office) {
    checkpoints(office).round().await.unwrap();
}

fn checkpoints(office: &Office) -> Checkpoints {
    Checkpoints {
        trail: office.context.trail.clone(),
        courier: office.context.courier.clone(),
        clock: office.context.reading.clock.clone(),
    }
}

#[track_caller]
fn assert_fine(ran: &Ran) {
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
}

#[tokio::test]
async fn the_list_says_who_did_what_when_and_verify_that_it_holds() {
    let office = recorded().await;
    let program = program(&office.db);
    let list = program.run(&["audit", "list"]).await;
    assert_fine(&list);
    insta::assert_snapshot!(list.stdout);
    let verify = program.run(&["audit", "verify"]).await;
    assert_fine(&verify);
    insta::assert_snapshot!(verify.stdout);
}

#[tokio::test]
async fn one_state_is_meant_by_its_name_or_its_path_and_by_its_path_without_locks_configured() {
    let office = recorded().await;
    let (owner, auditor) = (program(&office.db), auditor(&office.db));
    for call in [&["list"][..], &["verify"], &["export"], &["export", "--format", "csv"]] {
        let with = |state| [&["audit"], call, &["--state", state]].concat();
        let by_name = owner.run(&with("env/prod")).await;
        assert_fine(&by_name);
        assert!(!by_name.stdout.contains("env/test"), "{call:?}: {}", by_name.stdout);
        let by_path = owner.run(&with(PROD)).await;
        let by_auditor = auditor.run(&with(PROD)).await;
        assert_eq!((by_path.code, &by_path.stdout), (Some(0), &by_name.stdout), "{call:?}");
        assert_eq!((by_auditor.code, &by_auditor.stdout), (Some(0), &by_name.stdout), "{call:?}");
        let all = auditor.run(&[&["audit"], call].concat()).await;
        assert_fine(&all);
        assert_ne!(all.stdout, by_name.stdout, "{call:?}");
    }
    let verify = owner.run(&["audit", "verify", "--state", "env/prod"]).await;
    assert!(verify.stdout.starts_with("The trail holds: 4 entries in 1 chain,"), "{verify:?}");
    let other = owner.run(&["audit", "verify", "--state", "env/dev"]).await;
    assert_fine(&other);
    assert_eq!(other.stdout, "Nothing is recorded of states/env/dev/terraform.tfstate.\n");

    let nameless = auditor.run(&["audit", "list", "--state", "env"]).await;
    assert_eq!((nameless.code, nameless.stdout.as_str()), (Some(2), ""), "{nameless:?}");
    assert!(nameless.stderr.contains("LOCKTENDER_STATE_BUCKET"), "{nameless:?}");
    let bad = owner.run(&["audit", "list", "--state", "../env/prod"]).await;
    assert_eq!((bad.code, bad.stdout.as_str()), (Some(2), ""), "{bad:?}");
}

#[tokio::test]
async fn an_empty_trail_is_empty_and_a_missing_one_is_a_fault() {
    let db = DynamoDb::start().await;
    let program = program(&db);
    for call in ["list", "verify", "export"] {
        let ran = program.run(&["audit", call]).await;
        assert_eq!((ran.code, ran.stderr.lines().count()), (Some(3), 1), "{ran:?}");
        assert!(ran.stderr.contains("locktender migrate"), "{ran:?}");
    }
    db.migrate().await;
    let mut said = String::new();
    for call in [&["list"][..], &["verify"], &["export"], &["export", "--format", "csv"]] {
        let ran = program.run(&[&["audit"], call].concat()).await;
        assert_fine(&ran);
        said.push_str(&format!("{}:\n{}", call.join(" "), ran.stdout));
    }
    insta::assert_snapshot!(said);
}

#[tokio::test]
async fn an_export_whose_reader_goes_away_ends_without_a_word() {
    let office = recorded().await;
    let program = program(&office.db);
    let (reader, writer) = std::io::pipe().unwrap();
    // The reader closes the pipe before anything is written.
    drop(reader);
    let mut export = program.start_writing(writer, &["audit", "export"]);
    let status = export.wait().await;
    assert_eq!((status.code(), &*export.stderr()), (Some(0), ""));
}
