//! Two people release the lock of a real `terraform apply` that died. The bot is a process. moto stands
//! in for all of AWS, including the bot's own tables.

mod changes;
mod race;

use serde_json::{Value, json};

use crate::support::e2e::{self, Bench, Locking};
use crate::support::lock::StaleLock;
use crate::support::site::{STATE, Site};
use crate::support::store::History;

const DONE: [&str; 3] = ["request.opened", "request.approved", "unlock.done"];

/// The same for a release with a lockfile, which takes more than one step.
const DONE_IN_STEPS: [&str; 4] =
    ["request.opened", "request.approved", "unlock.started", "unlock.done"];

/// Puts other rows into the lock table.
async fn neighbours(site: &Site) {
    let Some(table) = &site.dir.backend().dynamodb_table else { return };
    let bucket = &site.dir.backend().bucket.name;
    for row in [
        json!({"LockID": {"S": format!("{bucket}/prod/other/terraform.tfstate")},
            "Info": {"S": r#"{"ID":"another","Who":"eve@laptop"}"#}}),
        json!({"LockID": {"S": format!("{bucket}/prod/other/terraform.tfstate-md5")},
            "Digest": {"S": "0123456789abcdef0123456789abcdef"}}),
        json!({"LockID": {"S": "someone/elses"}, "Info": {"N": "1"}, "More": {"B": "AAE="}}),
    ] {
        table.put(&row).await;
    }
}

/// Every row except the lock of the state.
async fn other_rows(site: &Site, lock_id: &str) -> Vec<Value> {
    let Some(table) = &site.dir.backend().dynamodb_table else { return Vec::new() };
    let rows = table.rows().await;
    rows.into_iter().filter(|row| row["LockID"]["S"] != lock_id).collect()
}

/// Releases the lock of a killed apply, and asserts each step up to a plan that succeeds.
async fn assert_released(site: &Site, state: &str, lock: &StaleLock, actions: &[&str]) {
    neighbours(site).await;
    let backend = site.dir.backend();
    let lock_id = format!("{}/{}", backend.bucket.name, site.dir.state_key());
    let others = other_rows(site, &lock_id).await;
    let refused = site.dir.plan().await;
    assert!(!refused.success && refused.output.contains(&lock.id()), "{}", refused.output);

    let card = site.ask(state).await;
    let text = site.discord.world().text(&card);
    assert!(text.contains(&lock.id()) && text.contains(&lock_id), "{text}");
    // The lock is minutes old, so the approver has to type the state's name.
    let pressed = site.bob.press(&card, "Approve").await;
    assert!(pressed.modal().title.starts_with("It may be alive"), "{}", pressed.modal().title);
    site.approve(&card, state).await;
    let closed = site.card("unlocked").await;
    assert_eq!(closed.id, card.id, "the card itself says so");
    assert!(site.dir.lock_row().await.is_none() && site.dir.lockfile().await.is_none());
    assert_eq!(other_rows(site, &lock_id).await, others);
    let plan = site.dir.plan().await;
    assert!(plan.success, "{}", plan.output);

    let announced = site.announced(1).await;
    assert_eq!(announced.len(), 1, "{announced:?}");
    for word in ["is free", state, "bob", "alice"] {
        assert!(announced[0].contains(word), "{word} in {}", announced[0]);
    }
    assert_eq!(site.actions().await, actions);
    let said = site.program.run(&["status", state, "--exit-code"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
}

async fn site(locking: Locking) -> Option<(Bench, Site)> {
    let bench = e2e::bench().await?;
    let site = Site::new(&bench, locking).await;
    Some((bench, site))
}

#[tokio::test]
async fn two_people_release_a_stale_row() {
    let Some((_bench, site)) = site(Locking::Row).await else { return };
    let lock = site.dir.apply_and_kill().await;
    assert_released(&site, STATE, &lock, &DONE).await;
    site.close().await;
}

#[tokio::test]
async fn two_people_release_a_stale_lockfile_and_a_versioned_bucket_keeps_its_history() {
    let Some((_bench, site)) = site(Locking::Lockfile).await else { return };
    let bucket = site.dir.backend().bucket.clone();
    bucket.enable_versioning().await;
    let lock = site.dir.apply_and_kill().await;
    // `history` covers all keys with this prefix, so here the state and its lockfile.
    let key = site.dir.state_key();
    let before = bucket.history(&key).await;
    let card = site.ask(STATE).await;
    site.approve(&card, STATE).await;
    site.card("unlocked").await;
    let delete_markers = before.delete_markers + 1;
    assert_eq!(bucket.history(&key).await, History { delete_markers, ..before });
    let lockfile = bucket.history(&format!("{key}.tflock")).await;
    assert_eq!(lockfile, History { versions: 1, delete_markers: 1 });
    assert!(site.dir.plan().await.success);
    assert_eq!(site.actions().await, DONE_IN_STEPS);
    let exported = site.program.run(&["audit", "export"]).await.stdout;
    assert!(exported.lines().all(|entry| entry.contains(&lock.id())), "{exported}");
    site.close().await;
}

#[tokio::test]
async fn two_people_release_a_lock_in_both_stores() {
    let Some((_bench, site)) = site(Locking::Both).await else { return };
    let lock = site.dir.apply_and_kill().await;
    assert_released(&site, STATE, &lock, &DONE_IN_STEPS).await;
    site.close().await;
}

#[tokio::test]
async fn two_people_release_the_lock_of_a_workspace_and_no_other() {
    let Some((_bench, mut site)) = site(Locking::Row).await else { return };
    let default = site.dir.apply_and_kill().await;
    site.dir.new_workspace("blue").await;
    let lock = site.dir.apply_and_kill().await;
    assert_released(&site, "prod/network@blue", &lock, &DONE).await;
    site.dir.select_workspace("default").await;
    let left = site.dir.lock_row().await.expect("the default workspace is locked still");
    assert_eq!(left.item, default.row().item);
    site.close().await;
}

#[tokio::test]
async fn half_a_lock_is_shown_as_half_and_released() {
    let Some(bench) = e2e::bench().await else { return };
    for (missing, said) in [
        ("the lockfile", "the DynamoDB row is there, the S3 lockfile is missing"),
        ("the row", "the S3 lockfile is there, the DynamoDB row is missing"),
    ] {
        let site = Site::new(&bench, Locking::Both).await;
        let lock = site.dir.apply_and_kill().await;
        if missing == "the row" {
            lock.row().delete().await;
        } else {
            lock.lockfile().delete().await;
        }
        let status = site.status(STATE).await;
        assert!(status.contains("locked") && status.contains(said), "{said} in {status}");
        let half = StaleLock::new(site.dir.lock_row().await, site.dir.lockfile().await).unwrap();
        assert_released(&site, STATE, &half, &DONE_IN_STEPS).await;
        site.close().await;
    }
}

#[tokio::test]
async fn a_digest_at_the_key_of_a_lock_blocks_an_apply_until_it_is_released() {
    let Some((_bench, site)) = site(Locking::Row).await else { return };
    let backend = site.dir.backend();
    let table = backend.dynamodb_table.as_ref().expect("a lock table");
    let lock_id = format!("{}/{}", backend.bucket.name, site.dir.state_key());
    let digest = table.get(&format!("{lock_id}-md5")).await.expect("the state's digest");
    table.put(&json!({"LockID": {"S": lock_id}, "Digest": digest["Digest"]})).await;
    let refused = site.dir.apply().await;
    assert!(!refused.success && refused.output.contains("unexpected end of JSON input"));
    let status = site.status(STATE).await;
    assert!(status.contains("locked") && status.contains("unreadable"), "{status}");
    let list = site.program.run(&["list"]).await;
    assert!(list.stdout.contains(STATE), "{list:?}");

    let card = site.ask(STATE).await;
    site.approve(&card, STATE).await;
    site.card("unlocked").await;
    assert!(table.get(&lock_id).await.is_none());
    assert_eq!(table.get(&format!("{lock_id}-md5")).await, Some(digest));
    site.dir.apply().await.expect_success();
    assert_eq!(site.actions().await, DONE);
    site.close().await;
}

#[tokio::test]
async fn a_lockfile_that_cannot_be_read_is_released_byte_for_byte() {
    let Some((_bench, site)) = site(Locking::Lockfile).await else { return };
    let key = format!("{}.tflock", site.dir.state_key());
    let bucket = site.dir.backend().bucket.clone();
    bucket.put(&key, b"{\"ID\": \xff?").await;
    let status = site.status(STATE).await;
    assert!(status.contains("unreadable") && status.contains("locked"), "{status}");
    assert!(!site.dir.plan().await.success);
    let card = site.ask(STATE).await;
    site.approve(&card, STATE).await;
    site.card("unlocked").await;
    assert_eq!(bucket.get(&key).await, None);
    assert!(site.dir.plan().await.success);
    assert_eq!(site.actions().await, DONE_IN_STEPS);
    site.close().await;
}
