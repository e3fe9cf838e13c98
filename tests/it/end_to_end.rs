//! A real `terraform apply` dies. The program shows its lock in Discord and on the command line, and
//! shows when the lock has cleared.

use serde_json::Value;

use crate::support::discord::{FakeDiscord, Message};
use crate::support::e2e::{self, Bench, Locking};
use crate::support::lock::StaleLock;
use crate::support::program::Program;
use crate::support::terraform::{Backend, WorkingDir};

/// The name of the Terraform state under the default naming.
const STATE: &str = "prod/network";

/// The program, configured for a backend.
fn program(backend: &Backend) -> Program {
    let table = backend.dynamodb_table.as_ref().map_or("", |table| &table.name);
    Program::at(&backend.endpoint.to_string())
        .set("LOCKTENDER_STATE_BUCKET", &backend.bucket.name)
        .set("LOCKTENDER_LOCK_TABLE", table)
        .set("LOCKTENDER_USE_LOCKFILE", if backend.use_lockfile { "true" } else { "false" })
}

async fn status(program: &Program, state: &str) -> Value {
    let ran = program.run(&["status", state, "--json"]).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
    serde_json::from_str(&ran.stdout).unwrap()
}

/// Asserts that `status --json` agrees with the record of a real lock.
async fn assert_reported(program: &Program, name: &str, dir: &WorkingDir, record: &str) -> Value {
    let said = status(program, name).await;
    let record: Value = serde_json::from_str(record).unwrap();
    assert_eq!(said["state"], name);
    assert_eq!(said["path"], format!("{}/{}", dir.backend().bucket.name, dir.state_key()));
    assert_eq!((&said["locked"], &said["readable"]), (&true.into(), &true.into()));
    for (field, written) in [
        ("id", "ID"),
        ("operation", "Operation"),
        ("who", "Who"),
        ("version", "Version"),
        ("created", "Created"),
        ("info", "Info"),
        ("path", "Path"),
    ] {
        assert_eq!(said["lock"][field], record[written], "{field}");
    }
    assert!(said["lock"]["age_seconds"].as_i64().is_some_and(|age| (0..600).contains(&age)));
    let list = program.run(&["list", "--json"]).await;
    let list: Value = serde_json::from_str(&list.stdout).unwrap();
    assert_eq!(list.as_array().unwrap().len(), 1);
    assert_eq!(list[0]["lock"]["id"], said["lock"]["id"]);
    let held = program.run(&["status", name, "--exit-code"]).await;
    assert_eq!(held.code, Some(1));
    said
}

async fn stale(bench: &Bench, locking: Locking) -> (WorkingDir, StaleLock, Program) {
    let backend = bench.backend(locking).await;
    let dir = bench.working_dir(&backend).await;
    let lock = dir.apply_and_kill().await;
    (dir, lock, program(&backend))
}

#[tokio::test]
async fn a_stale_row_is_reported_until_it_clears() {
    let Some(bench) = e2e::bench().await else { return };
    let (dir, lock, program) = stale(&bench, Locking::Row).await;
    let said = assert_reported(&program, STATE, &dir, lock.row().info()).await;
    assert_eq!(
        (said["sources"].to_string(), &said["half_locked"]),
        (r#"["dynamodb"]"#.into(), &false.into())
    );

    assert!(!dir.plan().await.success);
    lock.row().delete().await;
    assert!(dir.plan().await.success);
    assert_eq!(status(&program, STATE).await["locked"], false);
}

#[tokio::test]
async fn a_stale_lockfile_is_reported_until_it_clears() {
    let Some(bench) = e2e::bench().await else { return };
    let (dir, lock, program) = stale(&bench, Locking::Lockfile).await;
    let said = assert_reported(&program, STATE, &dir, &lock.lockfile().info).await;
    assert_eq!(
        (said["sources"].to_string(), &said["half_locked"]),
        (r#"["s3"]"#.into(), &false.into())
    );

    lock.lockfile().delete().await;
    assert_eq!(status(&program, STATE).await["locked"], false);
    dir.apply().await.expect_success();
    let free = status(&program, STATE).await;
    assert_eq!((&free["locked"], &free["known"]), (&false.into(), &true.into()), "by its object");
    let longer = status(&program, "prod/networ").await;
    assert_eq!(longer["known"], false, "a key that only begins alike is another");
}

#[tokio::test]
async fn a_lock_in_both_stores_is_whole_and_either_half_of_it_is_half() {
    let Some(bench) = e2e::bench().await else { return };
    let (dir, lock, program) = stale(&bench, Locking::Both).await;
    let said = assert_reported(&program, STATE, &dir, lock.row().info()).await;
    assert_eq!(
        (said["sources"].to_string(), &said["half_locked"]),
        (r#"["dynamodb","s3"]"#.into(), &false.into())
    );

    lock.lockfile().delete().await;
    let half = status(&program, STATE).await;
    assert_eq!(
        (half["sources"].to_string(), &half["half_locked"]),
        (r#"["dynamodb"]"#.into(), &true.into())
    );
    let list = program.run(&["list"]).await.stdout;
    assert!(list.contains("dynamodb (half)"), "{list}");

    lock.row().delete().await;
    let free = status(&program, STATE).await;
    assert_eq!((&free["locked"], &free["half_locked"]), (&false.into(), &false.into()));
}

#[tokio::test]
async fn a_stale_lock_in_a_workspace_is_found_by_its_name() {
    let Some(bench) = e2e::bench().await else { return };
    let backend = bench.backend(Locking::Row).await;
    let mut dir = bench.working_dir(&backend).await;
    dir.new_workspace("blue").await;
    let lock = dir.apply_and_kill().await;
    let program = program(&backend);
    assert_reported(&program, "prod/network@blue", &dir, lock.row().info()).await;
    assert_eq!(status(&program, STATE).await["locked"], false, "the default workspace is free");
}

#[tokio::test]
async fn a_running_bot_reports_a_killed_apply_in_discord() {
    let Some(bench) = e2e::bench().await else { return };
    let (dir, lock, program) = stale(&bench, Locking::Both).await;
    let discord = FakeDiscord::start().await;
    let channel = discord.channel("ops");
    let alice = discord.member("alice", &[]);
    let program = program
        .set("DISCORD_TOKEN", discord.token())
        .set("DISCORD_GUILD_ID", &discord.guild().to_string())
        .set("DISCORD_API_URL", &discord.url())
        .set("LOCKTENDER_APPROVER_ROLE_IDS", "900")
        .set("LOCKTENDER_TABLE", &format!("bot-{}", dir.backend().bucket.name))
        .set("LOCKTENDER_AUDIT_TABLE", &format!("audit-{}", dir.backend().bucket.name));
    let mut bot = program.start(&["run", "--migrate"]);
    discord.eventually("commands", |world| (world.bulk_overwrites > 0).then_some(())).await;

    let text = |message: &Message| discord.world().text(message);
    let status = alice.slash(channel, "status", &[("state", STATE)]).await.settled().await;
    let message = status.message();
    let record: Value = serde_json::from_str(lock.row().info()).unwrap();
    let holder = record["Who"].as_str().unwrap();
    for word in
        ["locked", holder, &lock.id(), "apply", "DynamoDB and S3 lockfile", &dir.state_key()]
    {
        assert!(text(&message).contains(word), "{word} in {}", text(&message));
    }
    let list = alice.slash(channel, "list", &[]).await.settled().await.message();
    assert!(text(&list).contains(STATE) && text(&list).contains(holder), "{}", text(&list));
    let choices = alice.autocomplete(channel, "status", "state", "net").await;
    assert_eq!(choices.iter().map(|choice| &*choice.name).collect::<Vec<_>>(), [STATE]);

    lock.lockfile().delete().await;
    lock.row().delete().await;
    let refreshed = alice.press(&message, "Refresh").await.settled().await.message();
    assert!(text(&refreshed).contains("is free"), "{}", text(&refreshed));
    assert_eq!(discord.world().violations, Vec::<String>::new());

    bot.terminate();
    let status = bot.wait().await;
    assert!(status.success(), "{}", bot.output());
}
