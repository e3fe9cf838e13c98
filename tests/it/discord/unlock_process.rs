//! `locktender run` as a process during a release: its end, and its log.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use locktender::clock::SystemClock;
use locktender::ports::Clock;
use serde_json::{Value, json};

use super::process::{RUN, end, program};
use super::scene::Scene;
use super::unlock_scene::{CALLBACK, REASON, STATE, record_of};
use crate::support::discord::{Fault, Message};
use crate::support::dynamodb::{BUCKET, TABLE, text};
use crate::support::proxy::{Fate, Gate, Proxy};
use crate::support::stand::Stand;

/// How long a bot may take to end: 10 s for running work, 2 s for the gateway's close, and more on a busy
/// machine. A bot that does not give up waits for ever.
const DRAIN: Duration = Duration::from_secs(40);

fn path() -> String {
    format!("{BUCKET}/{STATE}/terraform.tfstate")
}

/// A bot with a pending card, and the proxy between the bot and its tables.
async fn asked() -> (Stand, Proxy, Message) {
    let stand = Stand::new().await;
    let proxy = Proxy::start(&stand.db.endpoint()).await;
    let stand = stand.set("AWS_ENDPOINT_URL", &proxy.endpoint());
    let record = record_of("ci@runner-4", TimeDelta::hours(5));
    stand.db.put(&path(), &[("Info", text(&record))]).await;
    stand.start().await;
    let options = [("state", STATE), ("reason", REASON)];
    stand.alice.slash(stand.channel, "unlock", &options).await.settled().await;
    let card = stand.card("asks to unlock").await;
    (stand, proxy, card)
}

/// Sends SIGTERM, runs `meanwhile` once the bot has logged it, and asserts that the bot ended by itself
/// and in time.
async fn terminated(stand: &Stand, meanwhile: impl AsyncFnOnce()) {
    let begun = Instant::now();
    assert_eq!(stand.terminate_and(meanwhile).await, Some(0));
    assert!(begun.elapsed() < DRAIN, "{:?}", begun.elapsed());
}

/// Asserts that the lock was released once, and that after the next start each message is posted once.
async fn assert_released_and_told(stand: &Stand) {
    assert!(stand.db.rows(TABLE).await.is_empty());
    assert_eq!(stand.count(&path(), "unlock.done").await, 1);
    stand.start().await;
    stand.card("unlocked").await;
    stand
        .discord
        .eventually("the announcement", |world| {
            let told = world.channel(stand.announce);
            told.iter().any(|text| world.text(text).contains("is free")).then_some(())
        })
        .await;
    let announced = stand.announced();
    let freed = announced.iter().filter(|text| text.contains("is free")).count();
    assert_eq!(freed, 1, "{announced:?}");
    assert_eq!(stand.count(&path(), "unlock.done").await, 1);
    assert_eq!(stand.discord.world().violations, Vec::<String>::new());
}

#[tokio::test]
async fn sigterm_while_a_click_is_being_accepted_lets_the_release_finish() {
    let (stand, _proxy, card) = asked().await;
    let gate = Arc::new(Gate::default());
    stand.discord.faults().next(1, CALLBACK, Fault::Wait(gate.clone()));
    let clicked = stand.bob.start_press(&card, "Approve");
    gate.reached().await;
    let open = async || {
        assert!(clicked.response().is_none(), "it is ended in the middle");
        gate.open();
    };
    terminated(&stand, open).await;
    // The ended process had finished the running work.
    assert!(stand.read(stand.channel)[0].contains("unlocked"));
    assert_released_and_told(&stand).await;
}

#[tokio::test]
async fn sigterm_while_the_lock_is_being_deleted_lets_the_release_finish() {
    let (stand, proxy, card) = asked().await;
    let gate = Arc::new(Gate::default());
    let at_the_write = gate.clone();
    proxy.rule(move |seen| match &*seen.what {
        "TransactWriteItems" => Fate::Wait(at_the_write.clone()),
        _ => Fate::Pass,
    });
    stand.bob.press(&card, "Approve").await;
    gate.reached().await;
    let open = async || {
        assert_eq!(stand.db.rows(TABLE).await.len(), 1, "it is ended before the delete");
        gate.open();
    };
    terminated(&stand, open).await;
    assert!(stand.read(stand.channel)[0].contains("unlocked"));
    assert_released_and_told(&stand).await;
}

#[tokio::test]
async fn sigterm_does_not_wait_for_a_discord_that_hangs() {
    let (stand, _proxy, card) = asked().await;
    let hangs = Fault::Wait(Arc::default());
    stand.discord.faults().always("PATCH /channels/*/messages/*", hangs);
    stand.bob.press(&card, "Approve").await;
    terminated(&stand, async || ()).await;
    assert!(stand.read(stand.channel)[0].contains("asks to unlock"));
    stand.discord.faults().clear();
    assert_released_and_told(&stand).await;
}

#[tokio::test]
async fn an_end_that_is_cut_short_does_not_look_like_an_orderly_one() {
    let scene = Scene::new().await;
    let proxy = Proxy::start(&scene.db.endpoint()).await;
    let program = program(&scene).set("AWS_ENDPOINT_URL", &proxy.endpoint());
    let mut bot = program.start(&RUN);
    scene.registered(1).await;
    let gate = Arc::new(Gate::default());
    let at_the_read = gate.clone();
    proxy.rule(move |seen| {
        // A worker may read other items at the same moment, and a shutdown does not wait for all of them.
        let is_of_the_lock = seen.body.windows(6).any(|part| part == b"LockID");
        match &*seen.what {
            "GetItem" | "BatchGetItem" if is_of_the_lock => Fate::Wait(at_the_read.clone()),
            _ => Fate::Pass,
        }
    });
    scene.alice.start_slash(scene.channel, "status", &[("state", STATE)]);
    gate.reached().await;
    // After the first signal the bot waits for the answer. A second signal ends the wait.
    let code = loop {
        bot.terminate();
        tokio::time::sleep(Duration::from_millis(50)).await;
        if let Some(ended) = bot.ended() {
            break ended.code();
        }
    };
    assert_eq!(code, Some(3));
}

#[tokio::test]
async fn the_log_of_an_unlock_has_no_token_and_no_record() {
    let scene = Scene::new().await;
    let created = (SystemClock.now() - TimeDelta::minutes(5)).to_rfc3339();
    let record = json!({
        "ID": "1f6e7bc2-0ede-e7d2", "Operation": "OperationTypeApply", "Who": "ci@runner-4",
        "Info": "info-of-the-record-4711", "Version": "1.11.4", "Created": created,
    });
    scene.put(STATE, &record.to_string()).await;
    let program = program(&scene)
        .set("LOCKTENDER_APPROVER_ROLE_IDS", &scene.approvers().to_string())
        .set("LOCKTENDER_ANNOUNCE_CHANNEL_ID", &scene.channel.to_string())
        .set("AWS_SECRET_ACCESS_KEY", "a-secret-key-of-the-test")
        .set("LOCKTENDER_LOG", "trace")
        .set("LOCKTENDER_LOG_FORMAT", "json");
    let bot = program.start(&RUN);
    scene.registered(1).await;

    let card = scene.request().await;
    scene.told(&scene.alice, &card, "Approve").await;
    let form = scene.bob.press(&card, "Deny").await.modal();
    scene.bob.submit(&form, &[("text", "it is still running")]).await;
    scene.says(&card, "denied").await;
    let card = scene.request().await;
    // Errors of the HTTP client contain addresses, and some addresses contain tokens.
    for route in [CALLBACK, "PATCH /channels/*/messages/*", "POST /channels/*/messages"] {
        scene.discord.faults().next(1, route, Fault::AnswerLost);
    }
    let form = scene.bob.press(&card, "Approve").await.modal();
    scene.alone(scene.bob.submit(&form, &[("text", "no")]).await).await;
    scene.bob.submit(&form, &[("text", STATE)]).await;
    scene.card("is free. Held").await;
    scene.discord.faults().next(2, CALLBACK, Fault::AnswerLost);
    scene.ask("history", &[("state", STATE)]).await;

    let (code, log) = end(bot).await;
    assert_eq!(code, Some(0), "{log}");
    let events = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let outcomes: BTreeSet<String> = events
        .filter(|event| event["message"] == "interaction")
        .map(|event| format!("{} {}", event["command"], event["outcome"]).replace('"', ""))
        .collect();
    let expected = [
        "approve answered",
        "approve refused",
        "deny answered",
        "history unanswered",
        "unlock answered",
    ];
    assert!(expected.iter().all(|outcome| outcomes.contains(*outcome)), "{outcomes:?}");
    let world = scene.discord.world();
    let with_tokens = world.requests.iter().filter(|request| {
        request.path.starts_with("/interactions/") || request.path.starts_with("/webhooks/")
    });
    let tokens: Vec<&str> = with_tokens.filter_map(|r| r.path.split('/').nth(3)).collect();
    assert!(tokens.len() > 8, "{tokens:?}");
    let record = record.to_string();
    let escaped = serde_json::to_string(&record).unwrap();
    let mut secrets =
        vec!["a-secret-key-of-the-test", scene.discord.token(), "info-of-the-record-4711"];
    secrets.extend([&*record, &*escaped]);
    secrets.extend(tokens);
    for secret in secrets {
        assert!(secret.len() > 8, "{secret} could be anything");
        let line = log.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "{secret} in {line:?}");
    }
}
