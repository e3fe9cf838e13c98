//! Every sentence that people read, as a terminal shows it.

use locktender::command::{Command, SUBCOMMANDS, Subcommand};
use locktender::commands;
use locktender::console::{Output, Style, lock_table, text};
use locktender::error::{Fault, FaultKind, Refusal};
use locktender::lock::Stores;
use locktender::people::{EventId, RequestId};
use locktender::words::refused::{
    fault as fault_message, refusal as refusal_message, unsettled as unsettled_message,
};
use serde_json::json;

use crate::support::given::{Given, record};
use crate::support::office::approver;

const ID: &str = "1f6e7bc2-0ede-e7d2-69ce-4a7141d98284";
const BOTH: Stores = Stores { row: true, lockfile: true };

fn apply() -> String {
    record(ID, "OperationTypeApply", "jjoyner@ci-runner-04", "2026-11-23T07:48:00Z")
}

async fn says(given: Given, command: Command) -> String {
    given.office().await.told(&approver("alice"), command).await
}

async fn status(given: Given, state: &str) -> String {
    says(given, Command::Status { state: state.to_owned() }).await
}

async fn list(given: Given, filter: &str, page: usize) -> String {
    says(given, Command::List { filter: filter.to_owned(), page }).await
}

#[tokio::test]
async fn a_held_lock() {
    insta::assert_snapshot!(status(Given::default().row("env/prod", &apply()), "env/prod").await);
}

#[tokio::test]
async fn a_lock_from_a_clock_that_is_ahead() {
    let ahead = record(ID, "OperationTypeApply", "root@vm", "2026-11-24T07:48:00Z");
    insta::assert_snapshot!(status(Given::default().row("env/prod", &ahead), "env/prod").await);
}

#[tokio::test]
async fn a_held_lock_of_another_tool() {
    let other = json!({"ID": "a", "Operation": "nightly", "Info": "see ticket 7"}).to_string();
    insta::assert_snapshot!(status(Given::default().row("env/prod", &other), "env/prod").await);
}

#[tokio::test]
async fn a_whole_lock_in_both_stores() {
    let given = Given::default().lock("env/prod@blue", BOTH, Some(&apply()), Some(&apply()));
    insta::assert_snapshot!(status(given, "env/prod@blue").await);
}

#[tokio::test]
async fn half_locks() {
    let other = record("8c0d5b1e", "OperationTypePlan", "mira@laptop", "2026-11-23T11:57:00Z");
    let mut told = Vec::new();
    for (row, lockfile) in [
        (Some(apply()), None),
        (None, Some(apply())),
        (Some(apply()), Some(other)),
        (Some(apply()), Some(String::new())),
        (Some("garbage".to_owned()), Some(apply())),
        (Some(String::new()), None),
    ] {
        let given = Given::default().lock("env/prod", BOTH, row.as_deref(), lockfile.as_deref());
        told.push(status(given.clone(), "env/prod").await);
        told.push(list(given, "", 0).await);
    }
    insta::assert_snapshot!(told.join("\n\n"));
}

#[tokio::test]
async fn an_unreadable_lock() {
    let mut told = Vec::new();
    for record in ["", "not JSON", "[1]", r#"{"ID":5}"#, "{}"] {
        told.push(status(Given::default().row("env/prod", record), "env/prod").await);
    }
    insta::assert_snapshot!(told.join("\n\n"));
}

#[tokio::test]
async fn a_free_state() {
    let given = || Given::default().seen(&["env/prod", "env/dev"]);
    let mut told = Vec::new();
    for state in
        ["env/dev", "my-bucket/env/prdo/terraform.tfstate", "my-bucket/a/terraform.tfstate"]
    {
        told.push(status(given(), state).await);
    }
    insta::assert_snapshot!(told.join("\n\n"));
}

#[tokio::test]
async fn an_unknown_state() {
    let given = || Given::default().seen(&["env/prod", "env/dev"]);
    let mut told = Vec::new();
    for state in ["env/prdo", "quite/another", "my-bucket/env/prdo", "cluster/main.tfstate"] {
        told.push(status(given(), state).await);
    }
    told.push(status(given().unread(), "env/prdo").await);
    for word in ["free", "Free"] {
        assert!(!told.join("\n").contains(word), "{word} in {told:?}");
    }
    insta::assert_snapshot!(told.join("\n\n"));
}

#[tokio::test]
async fn what_is_unknown_is_neither_watched_nor_released() {
    let given = || Given::default().seen(&["env/prod", "env/dev"]);
    let state = || "env/prdo".to_owned();
    let reason = Some("the runner died".to_owned());
    let mut told = Vec::new();
    for command in [
        Command::Watch { state: state(), keep: false },
        Command::Watch { state: state(), keep: true },
        Command::Unwatch { state: state() },
        Command::Unlock { state: state(), reason: reason.clone() },
        Command::History { state: state(), before: None, count: 5 },
    ] {
        told.push(says(given(), command).await);
    }
    let unlock = Command::Unlock { state: state(), reason };
    told.push(says(given().unread(), unlock).await);
    insta::assert_snapshot!(told.join("\n"));
}

fn many() -> Given {
    (0..23).fold(Given::default(), |given, n| {
        let created = format!("2026-11-23T{n:02}:00:00Z").replace("T2", "T0");
        let who = format!("ci@runner-{n}");
        given.row(&format!("service/{n:02}"), &record(ID, "OperationTypePlan", &who, &created))
    })
}

#[tokio::test]
async fn the_list_of_held_locks() {
    let told = [
        list(Given::default(), "", 0).await,
        list(Given::default().row("env/prod", &apply()), "", 0).await,
        list(many(), "", 0).await,
        list(many(), "", 1).await,
        list(many(), "", 99).await,
        list(many().row("env/prod", &apply()), " PROD ", 0).await,
        list(many(), "nobody", 0).await,
        list(Given::default().row("env/prod", "?").row("env/dev", &apply()), "", 0).await,
    ];
    insta::assert_snapshot!(told.join("\n\n"));
}

#[tokio::test]
async fn the_table_of_the_command_line() {
    let given = Given::default().row("env/prod", &apply()).row("env/dev", "?").lock(
        "env/qa",
        BOTH,
        Some(&apply()),
        None,
    );
    let reports = commands::list(&given.reading(), "").await.unwrap().reports;
    insta::assert_snapshot!(format!(
        "{}\n\n{}",
        lock_table(&reports, "", Output::PLAIN),
        lock_table(&[], "No lock is held.", Output::PLAIN)
    ));
}

#[tokio::test]
async fn help() {
    insta::assert_snapshot!(says(Given::default(), Command::Help).await);
}

#[tokio::test]
async fn refusals_and_faults() {
    let given = Given::default().seen(&["env/prod"]);
    let mut told = Vec::new();
    for typed in
        ["", "../env/prod", "env//prod", "zz\0", "mian:env/prod", "env/prod@", "#0123456789abcdef"]
    {
        told.push(says(given.clone(), Command::Status { state: typed.to_owned() }).await);
    }
    for typed in [
        "s3://other/env/prod/terraform.tfstate",
        "other/env/prod/terraform.tfstate",
        "other/thing/terraform.tfstate",
        "s3://my-bucket",
        ID,
    ] {
        told.push(says(given.clone(), Command::Status { state: typed.to_owned() }).await);
    }
    told.push(says(given.clone().unread(), Command::Status { state: "#01".to_owned() }).await);
    let unread = Command::Status { state: "#0123456789abcdef".to_owned() };
    told.push(says(given.clone().unread(), unread).await);
    for refusal in [Refusal::Unknown, Refusal::Elsewhere, Refusal::WatchesEnough] {
        told.push(text(&refusal_message(&refusal), Style::Plain));
    }
    let fault = Fault {
        kind: FaultKind::Denied,
        subject: "The lock table `locks`".to_owned(),
        remedy: "allow dynamodb:GetItem on it".to_owned(),
        source: None,
    };
    told.push(text(&fault_message(&fault, None, "42"), Style::Plain));
    let status = Command::Status { state: "env/prod".to_owned() };
    let withdraw = Command::Withdraw { request: RequestId::of(EventId::new(7)) };
    for about in [&status, &withdraw] {
        told.push(text(&fault_message(&fault, Some(about), "42"), Style::Plain));
    }
    let state = || "env/prod".to_owned();
    let request = RequestId::of(EventId::new(7));
    for about in [
        Command::Unlock { state: state(), reason: Some("died".to_owned()) },
        Command::Approve { request, typed: None },
        withdraw,
        Command::Watch { state: state(), keep: false },
        Command::Unwatch { state: state() },
    ] {
        told.push(text(&unsettled_message(&fault, Some(&about), "42"), Style::Plain));
    }
    insta::assert_snapshot!(told.join("\n"));
}

#[tokio::test]
async fn hostile_text_is_shown_letter_for_letter() {
    let who = "@everyone <@1> **b**\n\u{1b}[31m\u{202e}gnp.exe\u{200b}";
    let hostile = record(ID, "OperationTypeApply", who, "2026-11-23T07:48:00Z");
    let given = Given::default().row("env/prod", &hostile);
    let reports = commands::list(&given.clone().reading(), "").await.unwrap().reports;
    let told = [status(given, "env/prod").await, lock_table(&reports, "", Output::PLAIN)];
    insta::assert_snapshot!(told.join("\n\n"));
}

#[tokio::test]
async fn help_and_the_readme_name_every_subcommand() {
    let help = says(Given::default(), Command::Help).await;
    let readme = include_str!("../../README.md");
    let commands = include_str!("../../docs/COMMANDS.md");
    for Subcommand { name, .. } in SUBCOMMANDS {
        let typed = format!("/lock {name}");
        assert!(help.contains(&typed), "the help has no {typed}: {help}");
        assert!(readme.contains(&typed), "README.md has no {typed}");
        assert!(commands.contains(&typed), "docs/COMMANDS.md has no {typed}");
    }
}
