//! `/lock doctor`: for approvers, and seen by the asker alone.

use locktender::command::{Audience, Command};
use locktender::commands::Reply;
use locktender::people::RoleId;

use crate::support::given::{Given, record};
use crate::support::office::{actor, approver, words};

#[tokio::test]
async fn who_may_not_approve_is_refused_in_one_sentence() {
    let office = Given::default().office().await;
    let mut bot = approver("robot");
    bot.is_bot = true;
    for by in [actor("mallory", &[]), actor("mallory", &[RoleId::new(901)]), bot] {
        let answer = office.ask(&by, Command::Doctor).await;
        assert_eq!(answer.outcome, "refused");
        insta::allow_duplicates!(
            insta::assert_snapshot!(words(&answer), @"You have no approver role: ask a person who has one, or ask the operator of this bot to add your role to LOCKTENDER_APPROVER_ROLE_IDS.")
        );
    }
}

#[tokio::test]
async fn an_approver_is_told_what_is_wrong_and_nobody_else_sees_it() {
    let old = record("1f6e", "OperationTypeApply", "root@vm", "2026-11-01T12:00:00Z");
    let office = Given::default().row("env/prod", &old).row("env/dev", "?").office().await;
    let answer = office.ask(&approver("alice"), Command::Doctor).await;
    insta::assert_snapshot!(words(&answer));
    let Some(Ok(Reply::Message { audience, .. })) = answer.said else { panic!("no message") };
    assert_eq!(audience, Audience::Asker);
    let healthy = Given::default().office().await;
    let answer = healthy.ask(&approver("alice"), Command::Doctor).await;
    insta::assert_snapshot!(words(&answer));
}
