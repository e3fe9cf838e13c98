//! Tests of the end-to-end harness itself: locks of real Terraform have the form that other tests assume,
//! and no process is left running.

#[cfg(target_os = "linux")]
mod processes;
mod skipping;

use serde_json::{Value, json};

use crate::support::e2e::{self, Locking};
use crate::support::store::History;

const STATE: &str = "prod/network/terraform.tfstate";

#[tokio::test]
async fn a_killed_apply_leaves_a_row_with_the_documented_fields() {
    let Some(bench) = e2e::bench().await else {
        return;
    };
    let dir = bench.working_dir(&bench.backend(Locking::Row).await).await;

    let lock = dir.apply_and_kill().await;

    let path = format!("{}/{STATE}", dir.backend().bucket.name);
    let row = lock.row();
    assert_eq!(row.lock_id, path);
    assert_eq!(row.item, json!({ "LockID": { "S": path }, "Info": { "S": row.info() } }));
    assert_is_a_record(row.info(), &path);
    assert!(dir.lockfile().await.is_none());
}

#[tokio::test]
async fn a_killed_apply_leaves_a_lockfile_beside_the_state() {
    let Some(bench) = e2e::bench().await else {
        return;
    };
    let dir = bench.working_dir(&bench.backend(Locking::Lockfile).await).await;

    let lock = dir.apply_and_kill().await;

    let lockfile = lock.lockfile();
    assert_eq!(lockfile.key, format!("{STATE}.tflock"));
    assert!(lockfile.info.ends_with('}'), "no newline: {:?}", lockfile.info);
    assert_is_a_record(&lockfile.info, &format!("{}/{STATE}", lockfile.bucket.name));
}

#[tokio::test]
async fn both_halves_of_a_lock_hold_the_same_bytes() {
    let Some(bench) = e2e::bench().await else {
        return;
    };
    let dir = bench.working_dir(&bench.backend(Locking::Both).await).await;

    let lock = dir.apply_and_kill().await;

    assert_eq!(lock.row().info(), lock.lockfile().info);
    assert!(lock.row().info().contains(&lock.id()));
}

#[tokio::test]
async fn a_workspace_is_locked_under_its_prefix() {
    let Some(bench) = e2e::bench().await else {
        return;
    };
    let prefixes = [
        (None, format!("env:/blue/{STATE}")),
        (Some("teams"), format!("teams/blue/{STATE}")),
        (Some(""), format!("blue/{STATE}")),
    ];
    for (prefix, path) in prefixes {
        let mut backend = bench.backend(Locking::Both).await;
        backend.workspace_key_prefix = prefix.map(str::to_owned);
        let mut dir = bench.working_dir(&backend).await;
        dir.new_workspace("blue").await;

        let lock = dir.apply_and_kill().await;

        assert_eq!(lock.row().lock_id, format!("{}/{path}", backend.bucket.name));
        assert_eq!(lock.lockfile().key, format!("{path}.tflock"));
        assert!(backend.bucket.get(&path).await.is_some(), "the workspace has a state");

        dir.select_workspace("default").await;
        assert!(dir.lock_row().await.is_none(), "the default workspace is free");
        dir.plan().await.expect_success();
    }
}

#[tokio::test]
async fn a_plan_is_refused_until_both_halves_are_deleted() {
    let Some(bench) = e2e::bench().await else {
        return;
    };
    let backend = bench.backend(Locking::Both).await;
    let dir = bench.working_dir(&backend).await;
    let lock = dir.apply_and_kill().await;

    let plan = dir.plan().await;
    assert!(!plan.success);
    assert!(plan.output.contains("Error acquiring the state lock"), "{}", plan.output);
    assert!(plan.output.contains(&lock.id()), "{}", plan.output);

    lock.lockfile().delete().await;
    assert!(dir.lockfile().await.is_none());
    assert!(!dir.plan().await.success, "the row still holds the lock");

    lock.row().delete().await;
    assert!(dir.lock_row().await.is_none());
    dir.plan().await.expect_success();
}

#[tokio::test]
async fn a_plan_is_refused_by_a_lockfile_without_a_row() {
    let Some(bench) = e2e::bench().await else {
        return;
    };
    let dir = bench.working_dir(&bench.backend(Locking::Both).await).await;
    let lock = dir.apply_and_kill().await;

    lock.row().delete().await;

    assert!(!dir.plan().await.success, "the lockfile still holds the lock");
}

#[tokio::test]
async fn a_finished_apply_leaves_its_digest_and_no_lock() {
    let Some(bench) = e2e::bench().await else {
        return;
    };
    let backend = bench.backend(Locking::Both).await;
    let dir = bench.working_dir(&backend).await;

    dir.apply().await.expect_success();

    let table = backend.dynamodb_table.as_ref().expect("the backend locks by row");
    let rows = table.rows().await;
    let [digest] = rows.as_slice() else { panic!("one row: {rows:#?}") };
    assert_eq!(digest["LockID"]["S"], format!("{}/{STATE}-md5", backend.bucket.name));
    assert_eq!(digest["Digest"]["S"].as_str().map(str::len), Some(32));
    assert!(digest.get("Info").is_none());
    assert!(dir.lockfile().await.is_none());
    assert!(backend.bucket.get(STATE).await.is_some());
}

#[tokio::test]
async fn an_apply_holds_its_lock_until_it_is_let_go() {
    let Some(bench) = e2e::bench().await else {
        return;
    };
    let backend = bench.backend(Locking::Row).await;
    let dir = bench.working_dir(&backend).await;
    let colleague = bench.working_dir(&backend).await;

    let apply = dir.start_apply().await;
    assert!(!colleague.plan().await.success);

    apply.finish().await.expect_success();
    assert!(dir.lock_row().await.is_none());
    colleague.plan().await.expect_success();
}

#[tokio::test]
async fn force_unlock_frees_a_lock_by_its_id() {
    let Some(bench) = e2e::bench().await else {
        return;
    };
    let dir = bench.working_dir(&bench.backend(Locking::Both).await).await;
    let lock = dir.apply_and_kill().await;

    let wrong = dir.force_unlock("1f6e7bc2-0ede-e7d2-69ce-4a7141d98284").await;
    assert!(!wrong.success, "{}", wrong.output);
    assert!(dir.lock_row().await.is_some());

    dir.force_unlock(&lock.id()).await.expect_success();
    assert!(dir.lock_row().await.is_none());
    assert!(dir.lockfile().await.is_none());
}

#[tokio::test]
async fn a_row_written_by_hand_locks_like_any_other() {
    let Some(bench) = e2e::bench().await else {
        return;
    };
    let backend = bench.backend(Locking::Row).await;
    let table = backend.dynamodb_table.as_ref().expect("the backend locks by row");
    let lock_id = format!("{}/{STATE}", backend.bucket.name);
    let row = json!({ "LockID": { "S": lock_id }, "Info": { "S": "not JSON <&>" } });

    table.put(&row).await;

    assert_eq!(table.get(&lock_id).await.as_ref(), Some(&row));
    assert_eq!(table.rows().await, [row]);
    assert!(!bench.working_dir(&backend).await.plan().await.success);

    table.delete(&lock_id).await;
    assert_eq!(table.get(&lock_id).await, None);
}

#[tokio::test]
async fn a_versioned_bucket_remembers_a_deleted_object() {
    let Some(bench) = e2e::bench().await else {
        return;
    };
    let bucket = bench.bucket().await;
    bucket.enable_versioning().await;
    let key = "env:/blue/a b+c%41/ä.tfstate.tflock";

    bucket.put(key, b"first").await;
    bucket.put(key, b"second").await;
    assert_eq!(bucket.get(key).await.as_deref(), Some(&b"second"[..]));

    bucket.delete(key).await;
    assert_eq!(bucket.get(key).await, None);
    assert_eq!(bucket.history(key).await, History { versions: 2, delete_markers: 1 });
}

/// Asserts that `info` is a lock record as an apply writes it.
fn assert_is_a_record(info: &str, path: &str) {
    let record: Value = serde_json::from_str(info).expect("a record is JSON");
    let mut fields: Vec<_> = record.as_object().expect("a record is an object").keys().collect();
    fields.sort();
    assert_eq!(fields, ["Created", "ID", "Info", "Operation", "Path", "Version", "Who"]);
    assert!(record.as_object().unwrap().values().all(Value::is_string), "{info}");
    assert_eq!(record["Operation"], "OperationTypeApply");
    assert_eq!(record["Info"], "");
    assert_eq!(record["Path"], path);
    assert_eq!(record["ID"].as_str().map(str::len), Some(36));
    assert!(record["Who"].as_str().is_some_and(|who| who.contains('@')), "{info}");
    assert!(record["Created"].as_str().is_some_and(|created| created.ends_with('Z')), "{info}");
}
