//! After any end of a gateway connection the bot is soon back. Commands sent in the meantime are neither
//! lost nor carried out after Discord has given them up.

use std::time::{Duration, Instant};

use locktender::discord::BotError;

use super::scene::{Running, Scene};
use super::unlock_scene::STATE;
use crate::support::discord::{FIRST_RESPONSE, FakeDiscord, Fault, Gateway, Message};

/// How long the bot may be away. It needs one second. A bot that notices only at its next heartbeat
/// needs 41 s.
const AWAY: Duration = Duration::from_secs(20);

type End = fn(&Gateway<'_>);

const CUT: End = |gateway| gateway.cut();
const SILENCE: End = |gateway| gateway.go_silent();

/// Ends after which the bot resumes its session.
const RESUMED: [(&str, End); 12] = [
    ("FIN", CUT),
    ("a close frame without a code", |gateway| gateway.close_without_code()),
    ("a reconnect", |gateway| gateway.ask_to_reconnect()),
    ("a session that is invalid here", |gateway| gateway.invalidate(true)),
    ("1000", |gateway| gateway.close(1000)),
    ("1001", |gateway| gateway.close(1001)),
    ("4000", |gateway| gateway.close(4000)),
    ("4001", |gateway| gateway.close(4001)),
    ("4002", |gateway| gateway.close(4002)),
    ("4003", |gateway| gateway.close(4003)),
    ("4005", |gateway| gateway.close(4005)),
    ("4008", |gateway| gateway.close(4008)),
];

/// Ends after which the bot has to begin a new session.
const BEGUN_ANEW: [(&str, End); 3] = [
    ("a session that is over", |gateway| gateway.invalidate(false)),
    ("4007", |gateway| gateway.close(4007)),
    ("4009", |gateway| gateway.close(4009)),
];

async fn scene() -> (Scene, Running, Message) {
    scene_on(FakeDiscord::start().await).await
}

async fn scene_on(discord: FakeDiscord) -> (Scene, Running, Message) {
    let scene = Scene::on(discord).await;
    scene.lock(STATE, "root@vm").await;
    let bot = scene.start().await;
    scene.registered(1).await;
    let message = scene.ask("status", &[("state", STATE)]).await.message();
    (scene, bot, message)
}

/// Presses a button at the moment when the connection ends, and waits for the answer.
async fn assert_soon_back(scene: &Scene, message: &Message, what: &str, end: End) {
    let resumed = scene.discord.world().resumes;
    let ended = Instant::now();
    end(&scene.discord.gateway());
    let pressed_meanwhile = scene.alice.start_press(message, "Refresh");
    scene.discord.gateway().resumed(resumed + 1).await;
    assert!(ended.elapsed() < AWAY, "{what}: {:?}", ended.elapsed());
    let answer = pressed_meanwhile.settled().await;
    assert!(!answer.is_missing(), "{what}");
    assert!(scene.text(&answer.message()).contains("root@vm"), "{what}");
}

#[tokio::test]
async fn whatever_ends_a_connection_the_bot_is_soon_back_and_answers_what_was_asked_meanwhile() {
    let (scene, _bot, message) = scene().await;
    for (what, end) in RESUMED {
        assert_soon_back(&scene, &message, what, end).await;
    }
    assert_eq!(scene.discord.world().identifies.len(), 1, "each was resumed");
    scene.assert_clean();
}

#[tokio::test]
async fn a_connection_that_is_reset_is_soon_resumed() {
    let discord = FakeDiscord::start().await;
    discord.gateway().reset_new_connections();
    let (scene, _bot, message) = scene_on(discord).await;
    assert_soon_back(&scene, &message, "RST", CUT).await;
    assert_eq!(scene.discord.world().identifies.len(), 1);
}

#[tokio::test]
async fn a_session_whose_own_address_is_out_of_reach_is_resumed_at_the_common_one() {
    let discord = FakeDiscord::start().await;
    discord.gateway().resume_at("ws://127.0.0.1:1");
    let (scene, _bot, message) = scene_on(discord).await;
    for _ in 0..2 {
        assert_soon_back(&scene, &message, "FIN", CUT).await;
    }
    assert_eq!(scene.discord.world().identifies.len(), 1);
}

#[tokio::test]
async fn whatever_ends_a_session_the_bot_soon_begins_another() {
    let (scene, _bot, message) = scene().await;
    for (times, (what, end)) in BEGUN_ANEW.into_iter().enumerate() {
        let ended = Instant::now();
        end(&scene.discord.gateway());
        scene.discord.gateway().identified(times + 2).await;
        assert!(ended.elapsed() < AWAY, "{what}: {:?}", ended.elapsed());
        scene.discord.gateway().connected(1).await;
        let answer = scene.alice.press(&message, "Refresh").await;
        assert!(scene.text(&answer.message()).contains("root@vm"), "{what}");
    }
    assert_eq!(scene.discord.world().resumes, 0);
    scene.assert_clean();
}

#[tokio::test]
async fn a_line_that_is_silent_is_left_at_the_first_heartbeat_without_an_answer() {
    let discord = FakeDiscord::start_with_heartbeat(Duration::from_secs(2)).await;
    let (scene, _bot, message) = scene_on(discord).await;
    assert_soon_back(&scene, &message, "silence", SILENCE).await;
    assert_eq!(scene.discord.world().identifies.len(), 1);
}

#[tokio::test]
async fn heartbeats_keep_a_connection_on_which_nothing_happens() {
    let discord = FakeDiscord::start_with_heartbeat(Duration::from_secs(1)).await;
    let (scene, _bot, _) = scene_on(discord).await;
    let heard = |world: &crate::support::discord::World| (world.heartbeats >= 3).then_some(());
    scene.discord.eventually("heartbeats", heard).await;
    let world = scene.discord.world();
    assert_eq!((world.identifies.len(), world.resumes), (1, 0));
}

#[tokio::test]
async fn a_gateway_that_refuses_is_tried_ever_more_rarely() {
    let (scene, _bot, message) = scene().await;
    scene.discord.faults().always("GET /", Fault::Status(503, 0));
    let before = scene.discord.world().requests_to("GET /").len();
    scene.discord.gateway().cut();
    let tries = |world: &crate::support::discord::World| {
        let tries = world.requests_to("GET /").split_off(before);
        let times: Vec<Instant> = tries.into_iter().map(|request| request.seen).collect();
        (times.len() >= 3).then_some(times)
    };
    let times = scene.discord.eventually("three tries", tries).await;
    let pause = |pair: &[Instant]| (pair[1] - pair[0]).as_millis();
    let pauses: Vec<u128> = times.windows(2).map(pause).collect();
    for (pause, least) in pauses.iter().zip([990, 1_990]) {
        assert!(*pause >= least, "{pauses:?}");
    }
    scene.discord.faults().clear();
    scene.discord.gateway().resumed(1).await;
    let answer = scene.alice.press(&message, "Refresh").await;
    assert!(scene.text(&answer.message()).contains("root@vm"));
}

#[tokio::test]
async fn a_click_that_comes_too_late_with_the_resume_changes_nothing() {
    let (scene, _bot) = Scene::stale().await;
    let card = scene.request().await;
    scene.discord.gateway().shut();
    scene.discord.gateway().cut();
    scene.discord.gateway().connected(0).await;
    let approved = scene.bob.start_press(&card, "Approve");
    scene.discord.advance(FIRST_RESPONSE + Duration::from_secs(1));
    scene.discord.gateway().open();
    scene.discord.gateway().resumed(1).await;
    // The bot has tried to answer, and Discord has refused the answer as too late.
    let refused = |world: &crate::support::discord::World| {
        let answers = world.requests_to(super::unlock_scene::CALLBACK);
        answers.iter().any(|answer| answer.status == Some(404)).then_some(())
    };
    scene.discord.eventually("an answer that is refused", refused).await;
    assert!(approved.is_missing());
    // A later click is answered, so the bot has handled the earlier one.
    let told = scene.told(&scene.alice, &card, "Approve").await;
    assert!(told.contains("yourself"), "{told}");
    assert!(scene.is_locked().await);
    assert_eq!(scene.actions().await, ["request.opened", "approval.refused"]);
}

#[tokio::test]
async fn a_bot_that_discord_refuses_for_good_ends_with_why() {
    let mut said = Vec::new();
    for code in [4004, 4010, 4011, 4012, 4013, 4014] {
        let scene = Scene::new().await;
        let bot = scene.start().await;
        scene.discord.gateway().connected(1).await;
        scene.discord.gateway().close(code);
        let error = bot.ended().await.unwrap_err();
        assert_eq!(matches!(error, BotError::Token), code == 4004, "{error}");
        said.push(format!("{code}: {error}"));
    }
    insta::assert_snapshot!(said.join("\n"));
}

#[tokio::test]
async fn a_bot_that_is_stopped_ends_its_session() {
    let (scene, bot, _) = scene().await;
    bot.stop().await.unwrap();
    let gone = |world: &crate::support::discord::World| world.goodbyes.last().copied();
    assert_eq!(scene.discord.eventually("a goodbye", gone).await, 1000);
}
