//! The trail after a table was restored from a backup: what verifies, what is named, and how the bot goes on.
//! docs/BACKUP.md has the steps.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, TimeDelta, Utc};
use locktender::audit::{Entry, Unsound, Verified};
use locktender::command::Command;
use locktender::people::RequestId;
use locktender::ports::{Clock, Extent};
use locktender::workers::{Checkpoints, verify};

use crate::support::dynamodb::{DynamoDb, TABLE, tables};
use crate::support::office::{Office, approver};
use crate::support::program::Program;
use crate::support::s3::S3;
use crate::support::stub;
use crate::support::trail::TrailTable;
use crate::support::two_stores::{self, LOCKFILE_ALONE, ours, theirs};

type Item = HashMap<String, AttributeValue>;

/// A bot whose backup is taken between two requests for one state, and goes on for a while.
struct Scene {
    office: Office,
    /// The moment to which tables are restored.
    then: DateTime<Utc>,
    /// The bot's table at that moment.
    own_then: Vec<Item>,
    /// Opened after that moment, and open.
    second: RequestId,
    /// Opened before that moment, and open then. It is denied later.
    dev: RequestId,
}

/// The bot at the end. Its last checkpoint is older than the moment.
async fn scene() -> Scene {
    let office = Office::locked(&["env/prod", "env/dev"]).await;
    let first = office.open(&approver("alice"), "env/prod").await;
    office.approve(&approver("bob"), first).await;
    let dev = office.open(&approver("alice"), "env/dev").await;
    checkpoint(&office).await;
    let then = office.time.now();
    let own_then = office.db.rows(&tables().table).await;

    office.time.advance(TimeDelta::minutes(1));
    let deny = Command::Deny { request: dev, reason: Some("it is alive".to_owned()) };
    office.ask(&approver("bob"), deny).await;
    office.db.lock("env/prod/terraform.tfstate").await;
    let second = office.open(&approver("alice"), "env/prod").await;
    Scene { office, then, own_then, second, dev }
}

async fn checkpoint(office: &Office) {
    let checkpoints = Checkpoints {
        trail: office.context.trail.clone(),
        courier: office.context.courier.clone(),
        clock: office.time.clone(),
    };
    checkpoints.round().await.unwrap();
}

async fn verified(office: &Office) -> Result<Verified, Unsound> {
    verify(&*office.context.trail, None).await.unwrap()
}

/// What is wrong with the trail.
async fn wrong(office: &Office) -> String {
    verified(office).await.unwrap_err().to_string()
}

async fn entries(office: &Office) -> Vec<Entry> {
    let mut all = Vec::new();
    let extent = Extent::Segment { number: 0, of: 1 };
    let mut keep = |entry| {
        all.push(entry);
        std::ops::ControlFlow::Continue(())
    };
    office.context.trail.each(extent, &mut keep).await.unwrap();
    all
}

impl Scene {
    /// Restores the audit table: what was written later is not in it. Returns that.
    async fn restore_trail(&self) -> Vec<Entry> {
        let is_later =
            |entry: &Entry| entry.text("at").unwrap().parse::<DateTime<Utc>>().unwrap() > self.then;
        let later: Vec<Entry> = entries(&self.office).await.into_iter().filter(is_later).collect();
        assert_eq!(later.len(), 2, "the denial and the second opening");
        for entry in &later {
            TrailTable::of(&self.office.db).delete(entry.path(), entry.seq()).await;
        }
        later
    }

    /// Removes the items of the bot's own table whose `pk` begins like this.
    async fn remove(&self, pk: &str) {
        let client = &self.office.db.client;
        let table = tables().table;
        for item in self.office.db.rows(&table).await {
            if item["pk"].as_s().unwrap().starts_with(pk) {
                let delete = client.delete_item().table_name(&table);
                let delete = delete.key("pk", item["pk"].clone()).key("sk", item["sk"].clone());
                delete.send().await.unwrap();
            }
        }
    }
}

/// Restores the bot's own table to these items.
async fn restore_own(db: &DynamoDb, items: &[Item]) {
    let table = tables().table;
    for item in db.rows(&table).await {
        let delete = db.client.delete_item().table_name(&table);
        let delete = delete.key("pk", item["pk"].clone()).key("sk", item["sk"].clone());
        delete.send().await.unwrap();
    }
    for item in items {
        let put = db.client.put_item().table_name(&table).set_item(Some(item.clone()));
        put.send().await.unwrap();
    }
}

#[tokio::test]
async fn a_trail_restored_to_a_time_after_the_last_checkpoint_verifies_and_only_its_digest_differs()
{
    let scene = scene().await;
    let whole = verified(&scene.office).await.unwrap();
    scene.restore_trail().await;
    let cut = verified(&scene.office).await.unwrap();
    assert_eq!((whole.entries, cut.entries), (6, 4));
    assert_ne!(whole.digest(), cut.digest());
}

#[tokio::test]
async fn a_trail_restored_to_a_time_before_the_last_checkpoint_is_named_as_cut_off() {
    let scene = scene().await;
    scene.office.time.advance(TimeDelta::days(1));
    checkpoint(&scene.office).await;
    scene.restore_trail().await;
    let path = scene.office.path("env/dev");
    let first = format!("entry 2 of {path} was cut off: a checkpoint has seen it");
    assert_eq!(wrong(&scene.office).await, first);
    let program = Program::at(&scene.office.db.endpoint()).set("LOCKTENDER_LOCK_TABLE", TABLE);
    let ran = program.run(&["audit", "verify"]).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    insta::assert_snapshot!(ran.stdout, @"
    The trail does not hold: entry 2 of states/env/dev/terraform.tfstate was cut off: a checkpoint has seen it.
    If a table was restored from a backup, docs/BACKUP.md says how to go on. If none was, docs/RUNBOOK.md does.
    ");
}

/// Why the page says that the trail must never be older than the bot's table.
#[tokio::test]
async fn a_request_that_is_newer_than_the_restored_trail_leaves_a_gap_in_it() {
    let scene = scene().await;
    let office = &scene.office;
    scene.restore_trail().await;
    let answer = office.approve(&approver("bob"), scene.second).await;
    assert_eq!(
        (answer.outcome, office.outcome(scene.second).await.as_str()),
        ("answered", "Unlocked")
    );
    let path = office.path("env/prod");
    assert_eq!(wrong(office).await, format!("entry 4 of {path} is missing"));
}

#[tokio::test]
async fn a_new_request_after_an_older_trail_was_restored_replaces_what_a_checkpoint_has_seen() {
    let scene = scene().await;
    let office = &scene.office;
    office.time.advance(TimeDelta::days(1));
    checkpoint(office).await;
    scene.restore_trail().await;
    office.open(&approver("alice"), "env/dev").await;
    let path = office.path("env/dev");
    let replaced = "was replaced: a checkpoint has seen another in its place";
    assert_eq!(wrong(office).await, format!("entry 2 of {path} {replaced}"));
}

#[tokio::test]
async fn entries_that_are_put_back_make_the_trail_whole_again() {
    let scene = scene().await;
    let office = &scene.office;
    office.time.advance(TimeDelta::minutes(1));
    let lost = scene.restore_trail().await;
    office.approve(&approver("bob"), scene.second).await;
    assert!(verified(office).await.is_err());
    for entry in &lost {
        TrailTable::of(&office.db).put(entry).await;
    }
    let whole = verified(office).await.unwrap();
    assert_eq!(whole.entries, 8);
}

#[tokio::test]
async fn both_tables_restored_to_one_moment_go_on_from_there() {
    let scene = scene().await;
    let office = &scene.office;
    office.time.advance(TimeDelta::days(1));
    checkpoint(office).await;
    scene.restore_trail().await;
    restore_own(&office.db, &scene.own_then).await;
    office.time.advance(TimeDelta::days(-1));
    // The denial is forgotten, so the request is open again, and people decide again.
    assert_eq!(office.outcome(scene.dev).await, "Pending");
    let answer = office.approve(&approver("bob"), scene.dev).await;
    assert_eq!(
        (answer.outcome, office.outcome(scene.dev).await.as_str()),
        ("answered", "Unlocked")
    );
    office.open(&approver("alice"), "env/prod").await;
    verified(office).await.unwrap();
    office.time.advance(TimeDelta::days(1));
    checkpoint(office).await;
    verified(office).await.unwrap();
}

#[tokio::test]
async fn a_trail_that_is_newer_than_the_bots_table_stays_whole() {
    let scene = scene().await;
    let office = &scene.office;
    restore_own(&office.db, &scene.own_then).await;
    assert_eq!(office.outcome(scene.dev).await, "Pending");
    let withdraw = Command::Withdraw { request: scene.dev };
    let answer = office.ask(&approver("alice"), withdraw).await;
    assert_eq!(answer.outcome, "answered");
    let actions = office.actions("env/dev").await.join(" ");
    assert_eq!(actions, "request.opened request.denied request.withdrawn");
}

#[tokio::test]
async fn a_release_that_the_trail_has_the_end_of_is_not_done_again_on_another_lock() {
    let lockfile = "env/prod/terraform.tfstate.tflock";
    let s3 = S3::start().await;
    s3.put(lockfile, &ours());
    let (office, _proxy) = two_stores::office(LOCKFILE_ALONE, &s3).await;
    let request = office.open(&approver("alice"), "env/prod").await;
    s3.rule(|asked, _| (asked.method == "DELETE").then(|| stub::bare(503, &[])));
    office.approve(&approver("bob"), request).await;
    assert_eq!(office.outcome(request).await, "Executing");
    let then = office.db.rows(&tables().table).await;
    s3.rule(|_, _| None);
    office.time.advance(TimeDelta::seconds(6));
    office.round().await;
    assert_eq!((office.outcome(request).await.as_str(), s3.get(lockfile)), ("Unlocked", None));
    s3.put(lockfile, &theirs());

    restore_own(&office.db, &then).await;
    assert_eq!(office.outcome(request).await, "Executing");
    office.round().await;
    assert_eq!(office.outcome(request).await, "Failed");
    assert_eq!(s3.get(lockfile), Some(theirs()));
    verified(&office).await.unwrap();
}

#[tokio::test]
async fn a_new_trail_begins_where_nothing_is_left_of_the_old_one() {
    let scene = scene().await;
    let office = &scene.office;
    for entry in entries(office).await {
        TrailTable::of(&office.db).delete(entry.path(), entry.seq()).await;
    }
    assert!(wrong(office).await.ends_with("was cut off: a checkpoint has seen it"));
    for kind in ["checkpoint", "open", "request#"] {
        scene.remove(kind).await;
    }
    assert_eq!(verified(office).await.unwrap().entries, 0);
    let press = Command::Approve { request: scene.second, typed: None };
    let answer = office.ask(&approver("bob"), press).await;
    assert_eq!(answer.outcome, "refused", "an old card releases nothing");
    let again = office.open(&approver("alice"), "env/prod").await;
    office.approve(&approver("bob"), again).await;
    assert_eq!(office.outcome(again).await, "Unlocked");
    office.time.advance(TimeDelta::days(1));
    checkpoint(office).await;
    assert_eq!(verified(office).await.unwrap().entries, 3);
}
