//! `locktender config check`: what it prints, and that it asks nobody.

use crate::support::dynamodb::{DynamoDb, TABLE, text};
use crate::support::program::{Program, Ran};

const BACKENDS: &str = r#"
[[backend]]
name = "main"
bucket = "states"
dynamodb_table = "locks"

[[backend]]
name = "pay"
bucket = "pay-states"
key = "tf/{state}.tfstate"
workspace_key_prefix = ""
use_lockfile = true
region = "eu-west-1"
role_arn = "arn:aws:iam::123456789012:role/x"
external_id = "not shown"
"#;

const POLICIES: &str = r#"
[[policy]]
states = "env/dev*"
stale_after = "1d2h"

[[policy]]
states = "env/*"

[[policy]]
states = "env/prod*"
approvers = ["11", "12"]
approvals = 2
requesters = ["13"]
request_channels = ["14"]
announce_channel = "15"
announce_min_hold = "90s"

[[holder]]
who = "*@ci-*"
discord_user = "16"
"#;

/// The program with this file. No variable leads to AWS or to Discord.
fn with_file(file: &str) -> Program {
    let program = Program::new().set("LOCKTENDER_CONFIG", "locktender.toml");
    std::fs::write(program.folder().join("locktender.toml"), file).unwrap();
    program
}

/// The program with a file, and with what `run` needs.
fn complete(file: &str) -> Program {
    with_file(file)
        .set("DISCORD_TOKEN", "x")
        .set("DISCORD_GUILD_ID", "1")
        .set("LOCKTENDER_APPROVER_ROLE_IDS", "2")
}

#[track_caller]
fn assert_fine(ran: Ran) -> String {
    assert_eq!((ran.code, &*ran.stderr), (Some(0), ""), "{ran:?}");
    ran.stdout
}

#[tokio::test]
async fn it_says_when_the_weekly_report_is_posted() {
    let program = complete(BACKENDS)
        .set("LOCKTENDER_ANNOUNCE_CHANNEL_ID", "15")
        .set("LOCKTENDER_REPORT_AT", "monday 9:00");
    let said = assert_fine(program.run(&["config", "check"]).await);
    let line = said.lines().find(|line| line.contains("Weekly report"));
    insta::assert_snapshot!(line.unwrap().trim(), @"Weekly report    Mon 09:00 UTC, in that channel");
}

#[tokio::test]
async fn it_prints_what_the_file_means() {
    let ran = complete(&[BACKENDS, POLICIES].concat()).run(&["config", "check"]).await;
    insta::assert_snapshot!(assert_fine(ran));
}

#[tokio::test]
async fn it_says_what_run_needs_and_what_is_not_used() {
    let program = with_file(BACKENDS)
        .set("LOCKTENDER_STATE_BUCKET", "b")
        .set("LOCKTENDER_STATE_KEY", "{state}")
        .set("LOCKTENDER_USE_LOCKFILE", "false");
    insta::assert_snapshot!(
        "needs_with_file",
        assert_fine(program.run(&["config", "check"]).await)
    );
    let nothing = Program::new().run(&["config", "check"]).await;
    insta::assert_snapshot!("needs_without_file", assert_fine(nothing));
    let only_policies = with_file(POLICIES).run(&["config", "check"]).await;
    let printed = assert_fine(only_policies);
    assert!(printed.contains("LOCKTENDER_STATE_BUCKET is not set"), "{printed}");
}

#[tokio::test]
async fn it_explains_a_state() {
    let program = complete(&[BACKENDS, POLICIES].concat());
    let mut explained = String::new();
    for state in [
        "pay:env/prod@blue",
        "env/dev",
        "states/env/prod/terraform.tfstate",
        "env/prod/terraform.tfstate",
        "main:x",
    ] {
        let ran = program.run(&["config", "check", "--explain", state]).await;
        explained.push_str(&format!("######## {state}\n\n{}\n", assert_fine(ran)));
    }
    insta::assert_snapshot!("explained", explained);
    let one = Program::new()
        .set("LOCKTENDER_STATE_BUCKET", "b")
        .set("LOCKTENDER_LOCK_TABLE", "t")
        .set("LOCKTENDER_USE_LOCKFILE", "true");
    let ran = one.run(&["config", "check", "--explain", "env/prod"]).await;
    insta::assert_snapshot!("explained_without_file", assert_fine(ran));
}

#[tokio::test]
async fn what_cannot_be_explained_is_refused() {
    let program = complete(BACKENDS);
    let mut told = Vec::new();
    for state in ["", "../x", "mian:env/prod", "1f6e7bc2-0ede-e7d2-69ce-4a7141d98284"] {
        let ran = program.run(&["config", "check", "--explain", state]).await;
        assert_eq!((ran.code, &*ran.stdout), (Some(2), ""), "{ran:?}");
        told.push(format!("{state:?}\n  {}", ran.stderr.trim_end()));
    }
    let without = Program::new().run(&["config", "check", "--explain", "env/prod"]).await;
    assert_eq!(without.code, Some(2), "{without:?}");
    told.push(format!("without a backend\n  {}", without.stderr.trim_end()));
    insta::assert_snapshot!(told.join("\n"));
}

#[tokio::test]
async fn a_mistake_exits_with_2_in_every_call_that_reads_the_file() {
    let program = complete("[[policy]]\nstats = '*'\n");
    let check = program.run(&["config", "check"]).await;
    assert_eq!((check.code, &*check.stdout), (Some(2), ""), "{check:?}");
    insta::assert_snapshot!(check.stderr);
    for call in [&["run"][..], &["list"], &["status", "env/prod"]] {
        let ran = program.run(call).await;
        assert_eq!((ran.code, ran.stderr), (Some(2), check.stderr.clone()), "{call:?}");
    }
}

#[tokio::test]
async fn a_wrong_variable_is_a_mistake_too() {
    for (variable, value) in [
        ("LOCKTENDER_APPROVER_ROLE_IDS", "ops"),
        ("LOCKTENDER_APPROVALS", "0"),
        ("LOCKTENDER_POLL_INTERVAL", "5"),
        ("DISCORD_GUILD_ID", "server"),
        ("DISCORD_API_URL", "discord"),
    ] {
        let ran = with_file(BACKENDS).set(variable, value).run(&["config", "check"]).await;
        assert_eq!((ran.code, &*ran.stdout), (Some(2), ""), "{ran:?}");
        assert!(ran.stderr.contains(variable), "{ran:?}");
    }
}

#[tokio::test]
async fn the_backends_of_the_file_go_before_that_of_the_environment() {
    let db = DynamoDb::start().await;
    let record = r#"{"ID":"1f6e7bc2-0ede-e7d2-69ce-4a7141d98284","Who":"root@vm"}"#;
    db.put("states/env/prod/terraform.tfstate", &[("Info", text(record))]).await;
    let program = Program::at(&db.endpoint())
        .set("LOCKTENDER_STATE_BUCKET", "other")
        .set("LOCKTENDER_LOCK_TABLE", "no-such-table")
        .set("LOCKTENDER_CONFIG", "c.toml");
    let file = format!("[[backend]]\nname='main'\nbucket='states'\ndynamodb_table='{TABLE}'\n");
    std::fs::write(program.folder().join("c.toml"), file).unwrap();
    let ran = program.run(&["status", "env/prod", "--exit-code"]).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stdout.contains("root@vm"), "{ran:?}");
}
