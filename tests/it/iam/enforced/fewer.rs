//! What a team may leave out of the bot's policy, as `docs/IAM.md` says.

use std::collections::BTreeSet;

use super::{KEY, Stores};
use crate::iam::calls::lines;
use crate::iam::job::{Job, LOCKFILE, STATE, program};
use crate::support::dynamodb::TABLE;
use crate::support::e2e::Locking;
use crate::support::iam::{Grant, Policies};

/// The part of the bot's policy that a team keeps.
fn kept(is_kept: impl Fn(&Grant) -> bool) -> Policies {
    let policies = Policies::deployed("bot.json");
    Policies(policies.0.into_iter().filter(|grant| is_kept(grant)).collect())
}

/// Releases a lock with these policies. Asserts that nothing else than this is refused.
async fn assert_released(locking: Locking, policies: Policies, refused: &[&str]) {
    let refused: BTreeSet<String> = refused.iter().map(|line| (*line).to_owned()).collect();
    let stores = Stores::locked(locking, policies).await;
    stores.db.migrate().await;
    let mut job = Job::start(&stores.guard.endpoint(), KEY, locking).await;
    job.work(|_| false).await;
    // First, because what is refused may not let the release end.
    assert_eq!(lines(&stores.guard.refused()), refused);
    job.released().await;
    assert_eq!((stores.db.rows(TABLE).await, stores.s3.get(LOCKFILE)), (Vec::new(), None));
    let said = job.said();
    assert!(!said.contains("allow "), "{said}");
    job.end().await;
    assert_eq!(lines(&stores.guard.refused()), refused);
}

#[tokio::test]
async fn locks_in_a_table_alone_need_no_permission_for_lockfiles() {
    let policies = kept(|grant| grant.sid != "LockfilesOnly");
    assert_released(Locking::Row, policies, &[]).await;
}

#[tokio::test]
async fn locks_in_a_table_alone_need_no_permission_for_the_bucket_at_all() {
    let policies = kept(|grant| grant.sid != "LockfilesOnly" && grant.sid != "StateBucket");
    assert_released(Locking::Row, policies, &["s3:ListBucket on Bucket"]).await;
}

#[tokio::test]
async fn lockfiles_alone_need_no_permission_for_a_lock_table() {
    let policies = kept(|grant| grant.sid != "LockRows");
    assert_released(Locking::Lockfile, policies, &[]).await;
}

/// Runs the command line with these policies. Asserts that all of it is answered and nothing refused.
async fn assert_answered(policies: Policies, commands: &[&[&str]]) {
    let stores = Stores::with_tables(policies).await;
    let program = program(&stores.guard.endpoint(), KEY, Locking::Both);
    for command in commands {
        let ran = program.run(command).await;
        assert_eq!((ran.code, &*ran.stderr), (Some(0), ""), "{command:?}: {ran:?}");
    }
    assert_eq!(stores.guard.refused(), BTreeSet::new());
}

#[tokio::test]
async fn the_command_line_reads_locks_without_a_permission_to_delete() {
    let of_locks = ["LockRows", "StateBucket", "LockfilesOnly"];
    let policies = kept(|grant| {
        let Grant { sid, permission, .. } = grant;
        let queries = ["OwnTable", "AuditTrail"];
        let asks_for_traces = queries.contains(&&**sid) && permission.action == "dynamodb:Query";
        let reads = of_locks.contains(&&**sid) && !permission.action.contains("Delete");
        asks_for_traces || reads
    });
    let questions: [&[&str]; 3] = [&["status", STATE], &["status", "env/other"], &["list"]];
    assert_answered(policies, &questions).await;
}

#[tokio::test]
async fn the_trail_is_read_without_a_permission_to_write() {
    let policies = kept(|grant| {
        let Grant { sid, permission, .. } = grant;
        let of_checkpoints = ["dynamodb:GetItem", "dynamodb:Query"];
        let reads_checkpoint = sid == "OwnTable" && of_checkpoints.contains(&&*permission.action);
        let of_trail = ["dynamodb:Query", "dynamodb:Scan"];
        let reads_trail = sid == "AuditTrail" && of_trail.contains(&&*permission.action);
        reads_checkpoint || reads_trail
    });
    let questions: [&[&str]; 3] = [&["audit", "verify"], &["audit", "list"], &["audit", "export"]];
    assert_answered(policies, &questions).await;
}

#[tokio::test]
async fn the_report_is_made_without_a_permission_to_write() {
    let policies = kept(|grant| {
        let Grant { sid, permission, .. } = grant;
        let action = permission.action.as_str();
        match sid.as_str() {
            "StateBucket" => true,
            "OwnTable" => action == "dynamodb:Query",
            "LockRows" | "AuditTrail" => action == "dynamodb:Scan",
            _ => false,
        }
    });
    assert_answered(policies, &[&["report"]]).await;
}
