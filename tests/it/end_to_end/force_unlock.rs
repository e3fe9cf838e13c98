//! Two people release a lock, and real Terraform deletes it: `release_with = "terraform"`.

use serde_json::Value;

use crate::support::discord::Message;
use crate::support::e2e::{self, Locking};
use crate::support::proxy::{Fate, Gate, Proxy};
use crate::support::site::{STATE, Site};
use crate::support::terraform::Backend;

const DONE: [&str; 4] = ["request.opened", "request.approved", "unlock.started", "unlock.done"];

fn file(backend: &Backend) -> String {
    let table = backend.dynamodb_table.as_ref();
    let table = table.map(|table| format!("dynamodb_table = '{}'\n", table.name));
    format!(
        "[[backend]]\nname = 'main'\nbucket = '{}'\nuse_lockfile = {}\n{}\
         release_with = 'terraform'\n",
        backend.bucket.name,
        backend.use_lockfile,
        table.unwrap_or_default()
    )
}

/// A site whose bot has Terraform release its locks, and reaches AWS through a proxy.
async fn site(locking: Locking) -> Option<(Site, Proxy)> {
    let bench = e2e::bench().await?;
    let backend = bench.backend(locking).await;
    let proxy = Proxy::start(&bench.moto.endpoint().to_string()).await;
    let site = Site::closed(&bench, &backend, &proxy.endpoint()).await;
    std::fs::write(site.program.folder().join("locktender.toml"), file(&backend)).unwrap();
    let path = std::env::var("PATH").unwrap();
    let mut site = site
        .set("LOCKTENDER_CONFIG", "locktender.toml")
        .set("PATH", &path)
        // A release of a workspace must not depend on these.
        .set("TF_WORKSPACE", "another")
        .set("TF_CLI_ARGS", "-nonsense");
    site.start().await;
    Some((site, proxy))
}

fn text(site: &Site, message: &Message) -> String {
    site.discord.world().text(message)
}

/// The detail of the last entry with this action.
async fn detail(site: &Site, action: &str) -> String {
    let exported = site.program.run(&["audit", "export"]).await.stdout;
    let entries = exported.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut of_action = entries.filter(|entry| entry["action"] == action);
    of_action.next_back().unwrap()["detail"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn terraform_itself_releases_what_two_people_approved() {
    for locking in [Locking::Row, Locking::Lockfile, Locking::Both] {
        let Some((site, _proxy)) = site(locking).await else { return };
        let lock = site.dir.apply_and_kill().await;
        let card = site.ask(STATE).await;
        assert!(text(&site, &card).contains("terraform force-unlock releases it"), "{card:?}");
        site.approve(&card, STATE).await;
        let ended = text(&site, &site.ended().await);
        assert!(ended.contains("unlocked"), "{locking:?}: {ended}");
        assert!(site.dir.lock_row().await.is_none() && site.dir.lockfile().await.is_none());
        assert!(site.dir.plan().await.success);
        assert_eq!(site.announced(1).await.len(), 1);
        assert_eq!(site.actions().await, DONE);
        let said = detail(&site, "unlock.done").await;
        assert!(said.contains("Terraform state has been successfully unlocked"), "{said}");
        assert!(detail(&site, "unlock.started").await.contains("its delete has no condition"));
        assert!(!lock.id().is_empty());
        site.close().await;
    }
}

#[tokio::test]
async fn terraform_releases_the_lock_of_a_workspace_and_no_other() {
    let Some((mut site, _proxy)) = site(Locking::Both).await else { return };
    let default = site.dir.apply_and_kill().await;
    site.dir.new_workspace("blue").await;
    site.dir.apply_and_kill().await;
    let card = site.ask("prod/network@blue").await;
    site.approve(&card, "prod/network@blue").await;
    assert!(text(&site, &site.ended().await).contains("unlocked"));
    assert!(site.dir.lock_row().await.is_none() && site.dir.lockfile().await.is_none());
    site.dir.select_workspace("default").await;
    let left = site.dir.lock_row().await.expect("the default workspace is locked still");
    assert_eq!(left.item, default.row().item);
    site.close().await;
}

#[tokio::test]
async fn a_lock_that_changes_hands_while_terraform_starts_stays() {
    let Some((site, proxy)) = site(Locking::Row).await else { return };
    site.dir.apply_and_kill().await;
    let card = site.ask(STATE).await;
    // The bot's second look of the release is after `init`.
    let gate = std::sync::Arc::new(Gate::default());
    let (second, looks) = (gate.clone(), std::sync::atomic::AtomicUsize::new(0));
    let table = site.dir.backend().dynamodb_table.clone().unwrap();
    let name = table.name.clone();
    let begun = std::sync::atomic::AtomicBool::new(false);
    proxy.rule(move |seen| {
        let body = String::from_utf8_lossy(&seen.body);
        if body.contains("unlock.started") {
            begun.store(true, std::sync::atomic::Ordering::SeqCst);
        }
        let is_look = seen.what == "GetItem" && body.contains(&name) && !body.contains("-md5");
        if !is_look || !begun.load(std::sync::atomic::Ordering::SeqCst) {
            return Fate::Pass;
        }
        match looks.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
            1 => Fate::Wait(second.clone()),
            _ => Fate::Pass,
        }
    });
    let step = async {
        gate.reached().await;
        let mut row = site.dir.lock_row().await.unwrap().item;
        row["Info"]["S"] = row["Info"]["S"].as_str().unwrap().replace("root@", "zoe@").into();
        table.put(&row).await;
        gate.open();
        row
    };
    let (_, next) = tokio::join!(site.approve(&card, STATE), step);
    let ended = text(&site, &site.ended().await);
    assert!(ended.contains("changed hands"), "{ended}");
    assert_eq!(site.dir.lock_row().await.expect("the next lock").item, next);
    site.close().await;
}

#[tokio::test]
async fn a_missing_program_ends_the_release_at_once_and_says_so() {
    let Some((site, _proxy)) = site(Locking::Row).await else { return };
    let mut site = site.set("PATH", "/nowhere");
    site.kill();
    site.start().await;
    let lock = site.dir.apply_and_kill().await;
    let card = site.ask(STATE).await;
    site.approve(&card, STATE).await;
    let ended = text(&site, &site.ended().await);
    assert!(ended.contains("failed") && ended.contains("install it where the bot runs"), "{ended}");
    assert_eq!(site.dir.lock_row().await.unwrap().item, lock.row().item);
    site.close().await;
}

/// Which variables the program gets is told by a program that tells them.
#[tokio::test]
async fn the_program_gets_the_credentials_and_not_the_token() {
    use std::os::unix::fs::PermissionsExt;
    let Some((site, _proxy)) = site(Locking::Row).await else { return };
    let bin = tempfile::tempdir().unwrap();
    let script = bin.path().join("terraform");
    let told = bin.path().join("told");
    let text_of =
        format!("#!/bin/sh\nenv >> {0}\npwd >> {0}\ncat backend.tf.json >> {0}\n", told.display());
    std::fs::write(&script, text_of).unwrap();
    std::fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", bin.path().display());
    let mut site = site.set("PATH", &path);
    site.kill();
    site.start().await;
    let lock = site.dir.apply_and_kill().await;
    let card = site.ask(STATE).await;
    site.approve(&card, STATE).await;
    // It says that all is well, and the lock is still there.
    let ended = text(&site, &site.ended().await);
    assert!(ended.contains("failed"), "{ended}");
    assert_eq!(site.dir.lock_row().await.unwrap().item, lock.row().item);
    let told = std::fs::read_to_string(told).unwrap();
    assert!(told.contains("AWS_ACCESS_KEY_ID") && told.contains("AWS_ENDPOINT_URL"), "{told}");
    assert!(!told.contains("DISCORD_TOKEN") && !told.contains(site.discord.token()), "{told}");
    assert!(!told.contains("TF_WORKSPACE") && !told.contains("TF_CLI_ARGS"), "{told}");
    let folder = told.lines().find(|line| line.contains("/locktender-")).expect("a scratch folder");
    assert!(!std::path::Path::new(folder).exists(), "{folder} is left");
    site.close().await;
}
