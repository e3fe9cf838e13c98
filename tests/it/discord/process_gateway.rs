//! The process' log about its gateway, and its use of the processor in an outage.

use serde_json::{Value, json};

use super::process::{RUN, end, program};
use super::scene::Scene;
use crate::support::discord::{Fault, World};
use crate::support::leash::Leash;
use crate::support::program::Program;

/// The running bot of a scene. The program owns its working directory.
async fn running(scene: &Scene) -> (Program, Leash) {
    let program = program(scene).set("LOCKTENDER_LOG_FORMAT", "json");
    let bot = program.start(&RUN);
    scene.registered(1).await;
    (program, bot)
}

/// Waits until the bot knows that it has resumed. Discord knows this first.
async fn resumed(scene: &Scene) {
    scene.discord.gateway().resumed(1).await;
    scene.ask("help", &[]).await;
}

/// The events of the log with these words.
fn events<'l>(log: &'l [Value], words: &str) -> Vec<&'l Value> {
    let says = |event: &&Value| event["message"].as_str().unwrap().contains(words);
    log.iter().filter(says).collect()
}

fn parsed(log: &str) -> Vec<Value> {
    log.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn an_outage_of_many_tries_is_logged_once_and_its_end_once() {
    let scene = Scene::new().await;
    let (_program, bot) = running(&scene).await;
    let before = scene.discord.world().requests_to("GET /").len();
    scene.discord.faults().always("GET /", Fault::Status(503, 0));
    scene.discord.gateway().cut();
    let tried = |world: &World| (world.requests_to("GET /").len() >= before + 3).then_some(());
    scene.discord.eventually("three tries", tried).await;
    scene.discord.faults().clear();
    resumed(&scene).await;
    let (code, log) = end(bot).await;
    assert_eq!(code, Some(0), "{log}");
    let events_of = parsed(&log);
    assert_eq!(events(&events_of, "cannot be reached").len(), 1, "{log}");
    assert_eq!(events(&events_of, "connected again").len(), 1, "{log}");
}

#[tokio::test]
async fn a_reconnect_that_helps_is_no_warning_and_the_log_says_why_it_was_made() {
    let scene = Scene::new().await;
    let (_program, bot) = running(&scene).await;
    scene.discord.gateway().close_without_code();
    resumed(&scene).await;
    let (_, log) = end(bot).await;
    let events_of = parsed(&log);
    assert!(events(&events_of, "cannot be reached").is_empty(), "{log}");
    let again = events(&events_of, "connected again");
    assert_eq!(again.len(), 1, "{log}");
    assert_eq!(again[0]["after"], "Discord closed it without a code");
}

#[tokio::test]
async fn an_interaction_that_cannot_be_read_is_logged_by_its_id_alone() {
    let scene = Scene::new().await;
    scene.lock("env/prod", "root@vm").await;
    let (_program, bot) = running(&scene).await;
    let odd = json!({ "id": "77", "type": 2, "token": "the-token-of-the-interaction", "data": 5 });
    scene.discord.gateway().send("INTERACTION_CREATE", &odd);
    // Later interactions are answered.
    let answer = scene.ask("status", &[("state", "env/prod")]).await;
    assert!(scene.text(&answer.message()).contains("root@vm"));
    let (_, log) = end(bot).await;
    let events_of = parsed(&log);
    let unread = events(&events_of, "an interaction cannot be read");
    assert_eq!(unread.len(), 1, "{log}");
    assert_eq!(unread[0]["reference"], "77");
    assert!(!log.contains("the-token-of-the-interaction"), "{log}");
}

/// The processor time that a process has used, in ms.
#[cfg(target_os = "linux")]
fn used(process: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    // After the name in brackets, user and system time are the 12th and 13th field, in 1/100 s.
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = |field: usize| fields[field].parse::<u64>().unwrap();
    (ticks(11) + ticks(12)) * 10
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_close_frame_without_a_code_does_not_make_the_bot_spin() {
    let scene = Scene::new().await;
    let (_program, bot) = running(&scene).await;
    let before = used(bot.group());
    for times in 1..=3 {
        scene.discord.gateway().close_without_code();
        scene.discord.gateway().resumed(times).await;
    }
    let spent = used(bot.group()) - before;
    // The bot needs some ms. A client that spins until its next heartbeat needs 30 s.
    assert!(spent < 5_000, "{spent} ms");
    let (code, log) = end(bot).await;
    assert_eq!(code, Some(0), "{log}");
}
