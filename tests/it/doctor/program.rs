//! `locktender doctor` as a process, and its exit codes.

use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use super::aws::Setup;
use crate::support::discord::FakeDiscord;
use crate::support::e2e;
use crate::support::program::{Program, Ran};
use crate::support::proxy::{Fate, Proxy};

fn parsed(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

fn codes(ran: &Ran) -> Vec<String> {
    let findings = parsed(ran)["findings"].as_array().unwrap().clone();
    findings.iter().map(|finding| finding["code"].as_str().unwrap().to_owned()).collect()
}

fn bare() -> Program {
    Program::new().set("AWS_EC2_METADATA_DISABLED", "true")
}

#[tokio::test]
async fn without_any_setting_it_says_all_that_is_missing() {
    let ran = bare().run(&["doctor"]).await;
    assert_eq!((ran.code, &*ran.stderr), (Some(1), ""));
    insta::assert_snapshot!(ran.stdout);
    let ran = bare().run(&["doctor", "--json"]).await;
    assert_eq!((ran.code, &*ran.stderr), (Some(1), ""));
    insta::assert_json_snapshot!(parsed(&ran));
}

#[tokio::test]
async fn every_wrong_setting_is_found_at_once() {
    let program = bare()
        .set("DISCORD_TOKEN", "a-secret-token")
        .set("DISCORD_GUILD_ID", "my-server")
        .set("DISCORD_API_URL", "discord.test")
        .set("LOCKTENDER_APPROVALS", "0")
        .set("LOCKTENDER_STATE_BUCKET", "b")
        .set("LOCKTENDER_USE_LOCKFILE", "maybe")
        .set("LOCKTENDER_POLL_INTERVAL", "never")
        .set("LOCKTENDER_LOG", "verbose");
    let ran = program.run(&["doctor", "--json"]).await;
    let findings = parsed(&ran)["findings"].as_array().unwrap().clone();
    let subjects: Vec<&str> = findings.iter().map(|it| it["subject"].as_str().unwrap()).collect();
    for variable in [
        "DISCORD_GUILD_ID",
        "DISCORD_API_URL",
        "LOCKTENDER_APPROVALS",
        "LOCKTENDER_USE_LOCKFILE",
        "LOCKTENDER_POLL_INTERVAL",
        "LOCKTENDER_LOG",
        "LOCKTENDER_APPROVER_ROLE_IDS",
    ] {
        assert_eq!(subjects.iter().filter(|it| **it == variable).count(), 1, "{variable}: {ran:?}");
    }
    assert!(!ran.stdout.contains("a-secret-token"));
}

#[tokio::test]
async fn a_file_with_a_mistake_and_settings_without_effect_are_found() {
    let program = bare().set("LOCKTENDER_CONFIG", "locktender.toml");
    std::fs::write(program.folder().join("locktender.toml"), "[[backend]]\nnmae = 'a'\n").unwrap();
    let ran = program.run(&["doctor", "--json"]).await;
    let findings = parsed(&ran)["findings"].as_array().unwrap().clone();
    let of_file: Vec<&Value> =
        findings.iter().filter(|it| it["subject"] == "LOCKTENDER_CONFIG").collect();
    assert_eq!(of_file.len(), 1, "{ran:?}");
    assert_eq!(of_file[0]["code"], "setting-wrong");
    let program = program.set("LOCKTENDER_STATE_BUCKET", "unused");
    let whole = "[[backend]]\nname = 'a'\nbucket = 'b'\nuse_lockfile = true\n";
    std::fs::write(program.folder().join("locktender.toml"), whole).unwrap();
    let ran = program.run(&["doctor", "--json"]).await;
    assert!(codes(&ran).contains(&"setting-unused".to_owned()), "{ran:?}");
}

#[tokio::test]
async fn a_dotenv_that_others_can_read_is_a_warning() {
    let program = bare();
    let file = program.folder().join(".env");
    std::fs::write(&file, "DISCORD_TOKEN=x\n").unwrap();
    for (mode, is_found) in [(0o600, false), (0o640, true), (0o604, true)] {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        let ran = program.run(&["doctor", "--json"]).await;
        assert_eq!(codes(&ran).contains(&"dotenv-readable".to_owned()), is_found, "{mode:o}");
    }
    std::fs::write(&file, "DISCORD_TOKEN='hush hush\n").unwrap();
    let ran = program.run(&["doctor", "--json"]).await;
    assert!(codes(&ran).contains(&"setting-wrong".to_owned()), "{ran:?}");
    assert!(!ran.stdout.contains("hush"), "{ran:?}");
}

/// A set-up as the README says, with a running bot that has registered its commands.
#[tokio::test]
async fn a_whole_set_up_is_healthy_on_the_command_line_and_in_discord() {
    let Some(bench) = e2e::bench().await else { return };
    let setup = Setup::new(&bench).await;
    let moto = bench.moto.endpoint().to_string();
    let proxy = Proxy::start(&moto).await;
    // moto has no permissions here, so it would let the bot rewrite its trail.
    let trail = setup.tables.audit_table.clone();
    proxy.rule(move |seen| {
        let is_trail = seen.body.windows(trail.len()).any(|at| at == trail.as_bytes());
        match &*seen.what {
            "UpdateItem" | "DeleteItem" if is_trail => {
                Fate::Answer(400, r#"{"__type":"AccessDeniedException"}"#.to_owned())
            }
            _ => Fate::Pass,
        }
    });
    let discord = FakeDiscord::start().await;
    let role = discord.role("approvers");
    let (channel, announce) = (discord.channel("ops"), discord.channel("locks"));
    let (alice, mallory) = (discord.member("alice", &[role]), discord.member("mallory", &[]));
    let program = Program::at(&proxy.endpoint())
        .set("LOCKTENDER_STATE_BUCKET", &setup.bucket.name)
        .set("LOCKTENDER_LOCK_TABLE", &setup.table.name)
        .set("LOCKTENDER_USE_LOCKFILE", "true")
        .set("LOCKTENDER_TABLE", &setup.tables.table)
        .set("LOCKTENDER_AUDIT_TABLE", &setup.tables.audit_table)
        .set("LOCKTENDER_ANNOUNCE_CHANNEL_ID", &announce.to_string())
        .set("LOCKTENDER_APPROVER_ROLE_IDS", &role.to_string())
        .set("DISCORD_TOKEN", discord.token())
        .set("DISCORD_GUILD_ID", &discord.guild().to_string())
        .set("DISCORD_API_URL", &discord.url());
    let bot = program.start(&["run"]);
    discord.eventually("commands", |world| (world.bulk_overwrites > 0).then_some(())).await;

    let ran = program.run(&["doctor", "--json"]).await;
    assert_eq!((ran.code, &parsed(&ran)["healthy"]), (Some(0), &json!(true)), "{ran:?}");
    let ran = program.run(&["doctor"]).await;
    assert!(ran.stdout.ends_with("\nNothing is wrong with what was looked at.\n"), "{ran:?}");

    let answer = alice.slash(channel, "doctor", &[]).await.settled().await;
    let message = answer.message();
    assert!(message.is_ephemeral());
    assert!(discord.world().text(&message).contains("Nothing is wrong"), "{message:?}");
    let answer = mallory.slash(channel, "doctor", &[]).await.settled().await;
    assert!(discord.world().text(&answer.message()).contains("You have no approver role"));
    assert_eq!(discord.world().violations, Vec::<String>::new());
    drop(bot);

    let program = program.set("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    let ran = program.run(&["doctor", "--json"]).await;
    assert_eq!((ran.code, &parsed(&ran)["findings"]), (Some(3), &json!([])), "{ran:?}");
    assert_eq!(parsed(&ran)["healthy"], false);
}
