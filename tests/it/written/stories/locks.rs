//! Locks and states that people mend by hand, as docs/QUESTIONS.md says.

use serde_json::{Value, json};

use crate::support::e2e;
use crate::support::moto::Moto;
use crate::support::store::{Bucket, LockTable};
use crate::support::terraform::{Backend, WorkingDir};
use crate::written::blocks::Block;
use crate::written::list::Story;
use crate::written::stage::Stage;

const PAGE: &str = "docs/QUESTIONS.md";
const KEY: &str = "env/prod/terraform.tfstate";
const ROW: &str = "my-states/env/prod/terraform.tfstate";

/// A record of a lock with this ID.
fn record(id: &str) -> String {
    format!(
        r#"{{"ID":"{id}","Operation":"OperationTypeApply","Info":"","Who":"root@vm","Version":"1.11.4","Created":"2026-11-23T08:50:21Z","Path":"{ROW}"}}"#
    )
}

/// The bucket and the lock table of the pages.
struct Account {
    moto: Moto,
    bucket: Bucket,
    table: LockTable,
}

impl Account {
    async fn new() -> Option<Self> {
        let moto = Moto::start(&e2e::moto_server()?).await;
        let bucket = Bucket::create(moto.endpoint(), "my-states").await;
        let table = LockTable::create(moto.endpoint(), "terraform-locks").await;
        Some(Self { moto, bucket, table })
    }

    /// A working directory of Terraform for the state `env/prod`. `None` where Terraform is missing.
    async fn terraform(&self) -> Option<WorkingDir> {
        let backend = Backend {
            endpoint: self.moto.endpoint(),
            bucket: self.bucket.clone(),
            key: KEY.to_owned(),
            workspace_key_prefix: None,
            dynamodb_table: Some(self.table.clone()),
            use_lockfile: false,
            role_arn: None,
        };
        Some(WorkingDir::init(&e2e::tool("terraform")?, &backend).await)
    }

    /// A stage that has this account.
    fn on(&self, stage: Stage) -> Stage {
        stage.at(&self.moto.endpoint().to_string()).serving()
    }

    /// Puts a row of a lock.
    async fn lock(&self, id: &str) {
        self.table.put(&json!({"LockID": {"S": ROW}, "Info": {"S": record(id)}})).await;
    }
}

/// A block before its delete, and the delete, each with the first line, which sets the name.
fn halves(block: &Block, delete: &str) -> (String, String) {
    let at = block.text.find(delete).unwrap();
    let (look, rest) = block.text.split_at(at);
    (look.to_owned(), format!("{}\n{rest}", look.lines().next().unwrap()))
}

/// Looks at a lock, which shows its holder, and then does something else.
async fn sees_and(stage: &Stage, look: &str, then: impl AsyncFnOnce()) {
    let looked = stage.run(look, "").await;
    assert!(looked.code == Some(0) && looked.stdout.contains("root@vm"), "{looked:?}");
    then().await;
}

#[tokio::test]
async fn only_the_lock_that_was_seen_is_deleted_by_hand() {
    let Some(stage) = Stage::of(Story::ByHand).with_aws(&[]) else { return };
    let Some(account) = Account::new().await else { return };
    let mut stage = account.on(stage).set("LOCKTENDER_USE_LOCKFILE", "true");
    account.lock("aaaaaaaa").await;
    let lockfile = format!("{KEY}.tflock");
    account.bucket.put(&lockfile, record("aaaaaaaa").as_bytes()).await;
    // The digest makes it a state that is known, once its lock is gone.
    account.table.put(&json!({"LockID": {"S": format!("{ROW}-md5")}, "Digest": {"S": "0"}})).await;
    let held = stage.play(PAGE, "locktender status env/prod\n").await;
    assert!(held.stdout.contains("locked") && held.stdout.contains("root@vm"), "{held:?}");

    // Meanwhile another run takes the lock. Then the delete of what was seen is refused.
    let block = stage.take(PAGE, "Info = :seen");
    let (look, delete) = halves(&block, "aws dynamodb delete-item");
    sees_and(&stage, &look, async || account.lock("bbbbbbbb").await).await;
    let refused = stage.run(&delete, "").await;
    assert!(refused.stderr.contains("ConditionalCheckFailedException"), "{refused:?}");
    assert_eq!(stage.run(&block.text, "").await.code, Some(0));

    let block = stage.take(PAGE, "--if-match");
    let (look, delete) = halves(&block, "aws s3api delete-object");
    sees_and(&stage, &look, async || {
        account.bucket.put(&lockfile, record("bbbbbbbb").as_bytes()).await;
    })
    .await;
    let refused = stage.run(&delete, "").await;
    assert!(refused.stderr.contains("PreconditionFailed"), "{refused:?}");
    assert_eq!(stage.run(&block.text, "").await.code, Some(0));

    let free = stage.play(PAGE, "--exit-code").await;
    assert!(free.stdout.contains("free"), "{free:?}");
    stage.end();
}

#[tokio::test]
async fn what_a_killed_run_has_left_is_mended_with_terraform() {
    let stage = Stage::of(Story::Terraform);
    let Some(account) = Account::new().await else { return };
    let Some(dir) = account.terraform().await else { return };
    dir.apply().await.expect_success();
    let lock = dir.apply_and_kill().await;
    let mut stage = account.on(stage).within(dir.folder()).say("LOCK_ID", &lock.id());
    let block = stage.take(PAGE, "force-unlock LOCK_ID");
    let unlocked = stage.run(&block.text, "yes\n").await;
    assert!(unlocked.code == Some(0) && unlocked.stdout.contains("unlocked"), "{unlocked:?}");
    assert!(dir.lock_row().await.is_none());

    // The state that the backend did not take. Its serial is the next one.
    let pulled = stage.run("terraform state pull", "").await.stdout;
    let mut state: Value = serde_json::from_str(&pulled).unwrap();
    state["serial"] = json!(state["serial"].as_u64().unwrap() + 1);
    state["outputs"] = json!({"made": {"value": "in the run that failed", "type": "string"}});
    std::fs::write(dir.folder().join("errored.tfstate"), state.to_string()).unwrap();
    stage.play(PAGE, "errored.tfstate").await;
    let pushed = stage.run("terraform state pull", "").await.stdout;
    let pushed: Value = serde_json::from_str(&pushed).unwrap();
    assert_eq!(pushed["outputs"], state["outputs"]);
    stage.play(PAGE, "-lock-timeout").await;
    stage.end();
}

#[tokio::test]
async fn a_wrong_digest_is_corrected() {
    let Some(stage) = Stage::of(Story::Digest).with_aws(&["md5sum"]) else { return };
    let Some(account) = Account::new().await else { return };
    let Some(dir) = account.terraform().await else { return };
    dir.apply().await.expect_success();
    let digest = format!("{ROW}-md5");
    let right = account.table.get(&digest).await.unwrap();
    account.table.put(&json!({"LockID": {"S": digest}, "Digest": {"S": "0".repeat(32)}})).await;
    let mut stage = account.on(stage).within(dir.folder());
    let failed = stage.run("terraform plan -no-color", "").await;
    assert!(failed.stderr.contains("does not have the expected content"), "{failed:?}");
    let looked = stage.play(PAGE, "list-object-versions").await;
    assert!(looked.stdout.contains("free") && looked.stdout.contains(KEY), "{looked:?}");
    stage.play(PAGE, "SET Digest").await;
    assert_eq!(account.table.get(&digest).await.unwrap(), right);
    stage.end();
}
