//! Every way in which Discord ends a connection.

use std::time::Duration;

use super::scene::Scene;
use crate::support::discord::{Fault, Message};

async fn scene_with_message() -> (Scene, super::scene::Running, Message) {
    let scene = Scene::new().await;
    scene.lock("env/prod", "root@vm").await;
    let bot = scene.start().await;
    scene.registered(1).await;
    let message = scene.ask("status", &[("state", "env/prod")]).await.message();
    (scene, bot, message)
}

async fn assert_button_works(scene: &Scene, message: &Message) {
    scene.discord.gateway().connected(1).await;
    let answer = scene.alice.press(message, "Refresh").await;
    assert!(scene.text(&answer.message()).contains("root@vm"));
    scene.assert_clean();
}

#[tokio::test]
async fn a_dropped_connection_is_resumed_and_nothing_is_missed() {
    let (scene, _bot, message) = scene_with_message().await;
    scene.discord.gateway().cut();
    let pressed_meanwhile = scene.alice.start_press(&message, "Refresh");
    scene.discord.gateway().resumed(1).await;
    let answer = pressed_meanwhile.responded().await;
    assert!(!answer.is_missing());
    assert_button_works(&scene, &message).await;
}

#[tokio::test]
async fn a_reconnect_that_is_asked_for_is_made() {
    let (scene, _bot, message) = scene_with_message().await;
    scene.discord.gateway().ask_to_reconnect();
    scene.discord.gateway().resumed(1).await;
    assert_button_works(&scene, &message).await;
}

#[tokio::test]
async fn an_invalid_session_that_can_be_resumed_is() {
    let (scene, _bot, message) = scene_with_message().await;
    scene.discord.gateway().invalidate(true);
    scene.discord.gateway().resumed(1).await;
    assert_button_works(&scene, &message).await;
}

#[tokio::test]
async fn a_lost_session_is_begun_anew_and_old_buttons_still_work() {
    let (scene, _bot, message) = scene_with_message().await;
    scene.discord.gateway().invalidate(false);
    scene.discord.gateway().identified(2).await;
    assert_button_works(&scene, &message).await;
    assert_eq!(scene.discord.world().bulk_overwrites, 1, "nothing is registered again");
}

#[tokio::test]
async fn a_gateway_that_is_down_for_a_while_is_waited_for() {
    let (scene, _bot, message) = scene_with_message().await;
    scene.discord.faults().next(3, "GET /", Fault::Status(503, 0));
    scene.discord.gateway().cut();
    scene.discord.gateway().resumed(1).await;
    assert_button_works(&scene, &message).await;
}

#[tokio::test]
async fn discord_out_of_reach_at_the_start_is_waited_for() {
    let scene = Scene::new().await;
    scene.discord.faults().next(1, "GET /gateway", Fault::Status(502, 0));
    scene.lock("env/prod", "root@vm").await;
    let _bot = scene.start().await;
    scene.registered(1).await;
    let answer = scene.ask("status", &[("state", "env/prod")]).await;
    assert!(scene.text(&answer.message()).contains("root@vm"));
}

#[tokio::test]
async fn an_answer_that_discord_fails_to_take_is_given_again_and_arrives_once() {
    let (scene, _bot, message) = scene_with_message().await;
    let callback = "POST /interactions/*/*/callback";
    for fault in [Fault::Status(503, 0), Fault::AnswerLost] {
        scene.discord.faults().next(1, callback, fault.clone());
        let again = scene.ask("status", &[("state", "env/prod")]).await;
        assert!(scene.text(&again.message()).contains("root@vm"), "{fault:?}");
        scene.discord.faults().next(1, callback, fault);
        assert_button_works(&scene, &message).await;
    }
}

#[tokio::test]
async fn commands_are_registered_after_a_rate_limit_and_an_error() {
    let scene = Scene::new().await;
    let put = "PUT /applications/*/guilds/*/commands";
    scene.discord.faults().next(1, put, Fault::RateLimited(Duration::from_millis(100)));
    scene.discord.faults().next(1, put, Fault::Status(500, 0));
    let _bot = scene.start().await;
    scene.registered(1).await;
    scene.ask("help", &[]).await;
    assert_eq!(scene.discord.world().bulk_overwrites, 1);
}
