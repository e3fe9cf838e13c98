//! The tables, backed up, compared and restored, as docs/BACKUP.md says.

use std::fs;

use crate::support::dynamodb::client;
use crate::support::e2e;
use crate::support::moto::Moto;
use crate::support::store::Bucket;
use crate::support::trail::{TrailTable, chain};
use crate::written::list::Story;
use crate::written::stage::Stage;

const PAGE: &str = "docs/BACKUP.md";

#[tokio::test]
async fn entries_are_put_back_and_both_tables_restored() {
    let Some(stage) = Stage::of(Story::Backup).with_aws(&["jq", "comm"]) else { return };
    let Some(server) = e2e::moto_server() else { return };
    let moto = Moto::start(&server).await;
    let endpoint = moto.endpoint().to_string();
    Bucket::create(moto.endpoint(), "trail-copies").await;
    let mut stage = stage.at(&endpoint).say("YOUR_BUCKET", "trail-copies");
    let made = stage.run("locktender migrate", "").await;
    assert_eq!(made.code, Some(0), "{made:?}");
    let trail = TrailTable { client: client(&endpoint), name: "locktender-audit".to_owned() };
    for entry in chain("my-states/env/prod/terraform.tfstate", 4) {
        trail.put(&entry).await;
    }

    stage.play(PAGE, "update-continuous-backups").await;
    stage.play(PAGE, "export-table-to-point-in-time").await;
    let holds = stage.play(PAGE, "audit export > now.jsonl").await;
    assert!(holds.stdout.contains("4 entries"), "{holds:?}");
    let restored = stage.play(PAGE, "--target-table-name locktender-audit-restored").await;
    assert!(restored.stdout.contains("The trail holds: 4 entries"), "{restored:?}");
    fs::copy(stage.folder().join("now.jsonl"), stage.folder().join("trail.jsonl")).unwrap();
    stage.play("docs/AUDIT.md", "before.jsonl").await;

    trail.delete("my-states/env/prod/terraform.tfstate", 2).await;
    let broken = stage.run("locktender audit verify", "").await;
    assert!(broken.code == Some(1) && broken.stdout.contains("entry 2"), "{broken:?}");
    stage.play(PAGE, "items() {").await;
    let lines = |file: &str| fs::read_to_string(stage.folder().join(file)).unwrap().lines().count();
    assert_eq!((lines("lost.jsonl"), lines("only-live.jsonl")), (1, 0));
    let whole = stage.play(PAGE, "done < lost.jsonl").await;
    assert!(whole.stdout.contains("The trail holds: 4 entries"), "{whole:?}");

    trail.client.delete_table().table_name("locktender-audit-restored").send().await.unwrap();
    stage.play(PAGE, "\"$table-restored\"").await;
    stage.play(PAGE, "update-time-to-live").await;
    let own = [
        ("LOCKTENDER_TABLE", "locktender-restored"),
        ("LOCKTENDER_AUDIT_TABLE", "locktender-audit-restored"),
    ];
    let own = own.map(|(name, value)| format!("{name}={value} ")).concat();
    let restored = stage.run(&format!("{own}locktender audit verify"), "").await;
    assert!(restored.stdout.contains("The trail holds: 4 entries"), "{restored:?}");
    stage.end();
}
