//! `locktender run` as a process: its log, the secrets that it never logs, and its end.

use serde_json::Value;

use super::scene::Scene;
use crate::support::deadline::Deadline;
use crate::support::discord::Fault;
use crate::support::dynamodb::TABLE;
use crate::support::leash::Leash;
use crate::support::program::Program;

/// The bot of a scene as a process.
pub(super) fn program(scene: &Scene) -> Program {
    Program::at(&scene.db.endpoint())
        .set("LOCKTENDER_LOCK_TABLE", TABLE)
        .set("DISCORD_TOKEN", scene.discord.token())
        .set("DISCORD_GUILD_ID", &scene.discord.guild().to_string())
        .set("DISCORD_API_URL", &scene.discord.url())
        .set("LOCKTENDER_APPROVER_ROLE_IDS", "900")
}

/// The arguments with which it creates its tables first.
pub(super) const RUN: [&str; 2] = ["run", "--migrate"];

/// Ends it with SIGTERM, and returns exit code and log.
pub(super) async fn end(mut bot: Leash) -> (Option<i32>, String) {
    bot.terminate();
    let code = bot.wait().await.code();
    (code, bot.stderr())
}

#[tokio::test]
async fn the_log_has_an_event_an_interaction_and_never_a_secret() {
    let scene = Scene::new().await;
    scene.lock("env/prod", "root@vm").await;
    let program = program(&scene)
        .set("AWS_SECRET_ACCESS_KEY", "a-secret-key-of-the-test")
        .set("LOCKTENDER_LOG", "trace")
        .set("LOCKTENDER_LOG_FORMAT", "json");
    let bot = program.start(&RUN);
    scene.registered(1).await;
    let message = scene.ask("status", &[("state", "env/prod")]).await.message();
    scene.ask("status", &[("state", "../x")]).await;
    scene.alice.press(&message, "Refresh").await;
    scene.alice.autocomplete(scene.channel, "status", "state", "env").await;
    // An error of the HTTP client contains the address, and the address contains the token.
    let callback = "POST /interactions/*/*/callback";
    scene.discord.faults().next(1, callback, Fault::AnswerLost);
    scene.ask("help", &[]).await;
    scene.discord.faults().always(callback, Fault::AnswerLost);
    scene.ask("help", &[]).await;

    let (code, log) = end(bot).await;
    assert_eq!(code, Some(0), "{log}");
    let events: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let interactions: Vec<&Value> =
        events.iter().filter(|event| event["message"] == "interaction").collect();
    assert_eq!(interactions.len(), 5, "{log}");
    let outcomes: Vec<_> = interactions.iter().map(|event| event["outcome"].as_str()).collect();
    assert_eq!(outcomes[..3], [Some("answered"), Some("refused"), Some("answered")]);
    assert_eq!(outcomes[4], Some("unanswered"));
    for event in interactions {
        assert!(event["ms"].is_u64() && event["id"].is_string(), "{event}");
        assert!(event["command"] == "status" || event["command"] == "help", "{event}");
    }
    let world = scene.discord.world();
    let mut secrets = vec!["a-secret-key-of-the-test", scene.discord.token()];
    secrets.extend(world.requests_to(callback).iter().map(|request| {
        request.path.split('/').nth(3).expect("/interactions/{id}/{token}/callback")
    }));
    for secret in secrets {
        assert!(secret.len() > 8 && !log.contains(secret), "{secret} in {log}");
    }
}

#[tokio::test]
async fn the_log_has_what_aws_said_under_the_reference_that_the_person_got() {
    let scene = Scene::new().await;
    let program = program(&scene).set("LOCKTENDER_LOCK_TABLE", "no-such-table");
    let bot = program.start(&RUN);
    scene.registered(1).await;
    let message = scene.ask("status", &[("state", "env/prod")]).await.message();
    let text = scene.text(&message);
    let (_, reference) = text.split_once("The log has more under ").unwrap();
    let reference = reference.split('.').next().unwrap();
    let (_, log) = end(bot).await;
    let line = log.lines().find(|line| line.contains(&format!("reference=\"{reference}\"")));
    let line = line.unwrap_or_else(|| panic!("{reference} in {log}"));
    assert!(line.contains("ResourceNotFoundException"), "{line}");
}

#[tokio::test]
async fn sigterm_ends_a_bot_whose_gateway_has_closed_without_a_code() {
    let scene = Scene::new().await;
    let program = program(&scene);
    let bot = program.start(&RUN);
    scene.registered(1).await;
    scene.discord.gateway().shut();
    scene.discord.gateway().close_without_code();
    scene.discord.gateway().connected(0).await;
    let (code, log) = end(bot).await;
    assert_eq!(code, Some(0), "{log}");
}

#[tokio::test]
async fn a_wrong_token_ends_it_with_what_to_do() {
    let scene = Scene::new().await;
    let ran = program(&scene).set("DISCORD_TOKEN", "MTIz.not-the.token").run(&RUN).await;
    assert_eq!(ran.code, Some(3), "{ran:?}");
    let last = ran.stderr.lines().last().unwrap();
    assert!(last.contains("does not accept the bot token") && last.contains("DISCORD_TOKEN"));
    assert!(!ran.stderr.contains("not-the"), "{ran:?}");
}

#[tokio::test]
async fn sigterm_ends_a_bot_that_waits_for_discord() {
    let program = Program::at("http://127.0.0.1:1")
        .set("LOCKTENDER_LOCK_TABLE", TABLE)
        .set("DISCORD_TOKEN", "token")
        .set("DISCORD_GUILD_ID", "1")
        .set("DISCORD_API_URL", "http://127.0.0.1:1")
        .set("LOCKTENDER_APPROVER_ROLE_IDS", "900");
    let mut bot = program.start(&["run"]);
    // It logs the problem before it waits.
    let deadline = Deadline::generous();
    while bot.stderr().is_empty() {
        assert!(bot.ended().is_none() && deadline.look_again().await, "it says nothing");
    }
    let (code, log) = end(bot).await;
    assert_eq!(code, Some(0), "{log}");
}
