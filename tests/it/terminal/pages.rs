//! What each command shows on a terminal: in colours, and on a narrow one.

use locktender::audit::{Action, Draft, Entry, Tail};
use locktender::commands;
use locktender::console::{Chains, Output, Style, answer_text, diagnosis, lock_table, verdict};
use locktender::doctor::{Checked, Code, Diagnosis, Finding, NotChecked};
use locktender::lock::{LockState, StatePath, Stores};
use locktender::people::{EventId, Person, RequestId, UserId};
use locktender::words::lock::status;
use serde_json::json;

use crate::support::given::{Given, NOW, record};

/// A page for this width, with its escape characters made visible.
fn each_width(page: impl Fn(Output) -> String) -> String {
    let mut pages = Vec::new();
    for (style, width) in [(Style::Coloured, 140), (Style::Plain, 80), (Style::Plain, 60)] {
        let page = page(Output { style, width: Some(width) });
        pages.push(format!("======== {width}\n{}", page.replace('\x1b', "^")));
    }
    pages.join("\n\n")
}

fn given() -> Given {
    let apply = record(
        "1f6e7bc2-0ede-e7d2-69ce-4a7141d98284",
        "OperationTypeApply",
        "jjoyner@ci-runner-04",
        "2026-11-23T07:48:00Z",
    );
    let both = Stores { row: true, lockfile: true };
    Given::default()
        .row("platform/eu-central-1/production", &apply)
        .row("env/日本語", &apply.replace("ci-runner-04", "ビルド\u{202e}サーバ"))
        .row("env/odd", "?")
        .lock("env/half", both, Some(&apply), None)
}

#[tokio::test]
async fn a_list() {
    let reports = commands::list(&given().reading(), "").await.unwrap().reports;
    insta::assert_snapshot!(each_width(|output| lock_table(&reports, "", output)));
}

#[tokio::test]
async fn a_list_without_half_locks_on_a_narrow_terminal() {
    let reports = commands::list(&given().reading(), "").await.unwrap().reports;
    let whole: Vec<_> = reports.into_iter().filter(|it| it.lock.half().is_none()).collect();
    let output = Output { style: Style::Plain, width: Some(60) };
    insta::assert_snapshot!(lock_table(&whole, "", output), @"
    STATE              HELD FOR    OPERATION   HOLDER
    env/odd            unknown     unreadable  -
    env/日本語         4 h 12 min  apply       jjoyner@…e}サーバ
    platform…oduction  4 h 12 min  apply       jjoyner@…unner-04
    ");
}

#[tokio::test]
async fn a_status() {
    let reading = given().reading();
    let mut told = Vec::new();
    for state in ["env/half", "env/odd", "env/none"] {
        let report = reading.look(state).await.unwrap();
        told.push(each_width(|output| answer_text(&status(&report), output)));
    }
    insta::assert_snapshot!(told.join("\n\n"));
}

fn entries(path: &str, of: &[(Action, Option<&str>, Option<&str>)]) -> Vec<Entry> {
    let draft =
        |(at, (action, who, reason)): (usize, &(Action, Option<&str>, Option<&str>))| Draft {
            at: NOW.parse().unwrap(),
            action: *action,
            actor: who.map(|name| Person { id: UserId::new(7), name: name.to_owned() }),
            request: RequestId::of(EventId::new(u64::try_from(at).unwrap())),
            state: serde_json::from_value(json!({"name": "x", "path": path, "backend": "main"}))
                .unwrap(),
            lock: LockState::Free,
            reason: reason.map(str::to_owned),
            detail: None,
        };
    StatePath::parse(path).unwrap();
    Tail::default().append(&of.iter().enumerate().map(draft).collect::<Vec<_>>())
}

#[test]
fn the_audit_trail() {
    let long = "the runner died in the middle of the apply, and nobody on the platform team can reach it any more";
    let mut trail = entries(
        "my-bucket/env/prod/terraform.tfstate",
        &[
            (Action::Opened, Some("alice"), Some(long)),
            (Action::ApprovalRefused, Some("alice"), None),
            (Action::Approved, Some("a name of more than sixteen"), None),
            (Action::UnlockDone, Some("bob"), None),
        ],
    );
    let hostile = Some("x\x1b[2J\u{202e}日本語");
    let second = [(Action::Opened, hostile, Some("short")), (Action::UnlockFailed, None, hostile)];
    trail.extend(entries("my-bucket/日本語/terraform.tfstate", &second));
    insta::assert_snapshot!(each_width(|output| {
        let mut chains = Chains::new(output);
        let mut lines = vec![chains.heading()];
        lines.extend(trail.iter().map(|entry| chains.entry(entry)));
        lines.join("\n")
    }));
}

#[test]
fn a_diagnosis() {
    let paste = r#"{"Effect":"Allow","Action":["dynamodb:DeleteItem"],"Resource":"arn:aws:dynamodb:eu-west-1:123456789012:table/locks"}"#;
    let found = Diagnosis {
        findings: vec![Finding {
            code: Code::PermissionMissing,
            subject: "lock table `locks`".to_owned(),
            what: "The bot may not use dynamodb:DeleteItem.".to_owned(),
            why: "Without it, a release that two people agreed on fails.".to_owned(),
            remedy: format!("Add this statement to the policy of the bot's identity:\n{paste}"),
        }],
        not_checked: vec![NotChecked {
            subject: "Discord server".to_owned(),
            why: "There is no DISCORD_TOKEN and no DISCORD_GUILD_ID, so nothing was asked."
                .to_owned(),
        }],
        checked: vec![Checked {
            subject: "AWS credentials".to_owned(),
            found: "Account 123456789012, as arn:aws:iam::123456789012:role/locktender.".to_owned(),
        }],
    };
    insta::assert_snapshot!(each_width(|output| diagnosis(&found, output)));
}

#[test]
fn a_verdict() {
    let said = "The trail holds: 6 entries in 2 chains, every one as it was written.\nDigest of all heads: 2a5a00";
    insta::assert_snapshot!(each_width(|output| verdict(true, said, output)), @"
    ======== 140
    ^[1;32mThe trail holds: 6 entries in 2 chains, every one as it was written.^[0m
    Digest of all heads: 2a5a00

    ======== 80
    The trail holds: 6 entries in 2 chains, every one as it was written.
    Digest of all heads: 2a5a00

    ======== 60
    The trail holds: 6 entries in 2 chains, every one as it was
    written.
    Digest of all heads: 2a5a00
    ");
}
