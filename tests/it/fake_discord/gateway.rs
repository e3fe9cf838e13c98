//! The gateway: sessions that break, and sessions that the bot resumes.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use serenity::all::{GatewayError, GatewayIntents, Shard, ShardInfo};
use tokio::sync::Mutex;

use super::bot::{Bot, says};
use crate::support::discord::{FakeDiscord, Fault};

#[tokio::test]
async fn what_happens_while_the_bot_is_away_arrives_with_the_resume() {
    let discord = FakeDiscord::start().await;
    let locks = discord.channel("locks");
    let alice = discord.member("alice", &[]);
    let mut bot = Bot::start(&discord).await;

    discord.gateway().shut();
    discord.gateway().cut();
    discord.gateway().connected(0).await;
    let answer = alice.start_slash(locks, "manual", &[]);
    discord.gateway().open();
    discord.gateway().resumed(1).await;
    let command = bot.next_command().await;
    // It may have been disconnected past Discord's deadline. The test needs only the event.
    drop((command, answer));

    let world = discord.world();
    assert_eq!((world.identifies.len(), world.resumes), (1, 1));
    assert_eq!(world.violations, [""; 0]);
}

#[tokio::test]
async fn a_bot_that_is_asked_to_reconnect_resumes() {
    let discord = FakeDiscord::start().await;
    let bot = Bot::start(&discord).await;

    discord.gateway().ask_to_reconnect();
    discord.gateway().resumed(1).await;
    discord.gateway().invalidate(true);
    discord.gateway().resumed(2).await;
    discord.gateway().close(4000);
    discord.gateway().resumed(3).await;

    assert_eq!(discord.world().identifies.len(), 1);
    works(&discord, bot).await;
}

#[tokio::test]
async fn a_bot_whose_session_is_invalid_identifies_anew() {
    let discord = FakeDiscord::start().await;
    let bot = Bot::start(&discord).await;

    discord.gateway().invalidate(false);
    discord.gateway().identified(2).await;
    discord.gateway().connected(1).await;

    assert_eq!(discord.world().resumes, 0);
    works(&discord, bot).await;
}

#[tokio::test]
async fn a_session_that_timed_out_cannot_be_resumed() {
    let discord = FakeDiscord::start().await;
    let bot = Bot::start(&discord).await;

    // After the second code the client still tries to resume, and Discord refuses.
    for (times, code) in [(2, 4009), (3, 4007)] {
        discord.gateway().close(code);
        discord.gateway().identified(times).await;
        discord.gateway().connected(1).await;
    }

    let world = discord.world();
    assert_eq!((world.resumes, world.closes), (0, vec![4009, 4007]));
    works(&discord, bot).await;
}

#[tokio::test]
async fn a_gateway_that_is_down_loses_the_session_but_not_the_bot() {
    let discord = FakeDiscord::start().await;
    let bot = Bot::start(&discord).await;

    discord.faults().next(1, "GET /", Fault::Status(503, 0));
    discord.gateway().cut();
    discord.gateway().resumed(1).await;
    // The client tries twice to resume, then opens a new session.
    discord.faults().next(2, "GET /", Fault::Status(503, 0));
    discord.gateway().cut();
    discord.gateway().identified(2).await;
    discord.gateway().connected(1).await;

    works(&discord, bot).await;
}

#[tokio::test]
async fn heartbeats_are_answered() {
    let discord = FakeDiscord::start_with_heartbeat(Duration::from_secs(1)).await;
    let bot = Bot::start(&discord).await;

    // A client that gets no heartbeat answer reconnects instead of sending the next heartbeat.
    discord.eventually("heartbeats", |world| (world.heartbeats >= 3).then_some(())).await;

    let world = discord.world();
    assert_eq!((world.identifies.len(), world.resumes), (1, 0));
    works(&discord, bot).await;
}

#[tokio::test]
async fn a_wrong_token_is_turned_away() {
    let discord = FakeDiscord::start().await;
    let bot = Bot::connect(&discord, "wrong", GatewayIntents::empty()).await;

    let end = bot.ended().await.unwrap_err();
    let reason = matches!(end, serenity::Error::Gateway(GatewayError::InvalidAuthentication));
    assert!(reason, "{end}");
}

#[tokio::test]
async fn intents_that_nobody_granted_are_turned_away() {
    let discord = FakeDiscord::start().await;
    let privileged = GatewayIntents::MESSAGE_CONTENT;
    let bot = Bot::connect(&discord, discord.token(), privileged).await;
    let end = bot.ended().await.unwrap_err();
    let reason = matches!(end, serenity::Error::Gateway(GatewayError::DisallowedGatewayIntents));
    assert!(reason, "{end}");

    let unheard_of = GatewayIntents::from_bits_retain(1 << 40);
    let bot = Bot::connect(&discord, discord.token(), unheard_of).await;
    let end = bot.ended().await.unwrap_err();
    let reason = matches!(end, serenity::Error::Gateway(GatewayError::InvalidGatewayIntents));
    assert!(reason, "{end}");
}

#[tokio::test]
async fn two_bots_with_one_token_both_hear_of_an_interaction() {
    let discord = FakeDiscord::start().await;
    let locks = discord.channel("locks");
    let alice = discord.member("alice", &[]);
    let mut first = Bot::start(&discord).await;
    let mut second = Bot::connect(&discord, discord.token(), GatewayIntents::empty()).await;
    discord.gateway().connected(2).await;

    let answer = alice.start_slash(locks, "manual", &[]);
    let (one, other) = (first.next_command().await, second.next_command().await);

    assert_eq!((one.id, &one.token), (other.id, &other.token));
    one.create_response(&first.http, says("One.")).await.unwrap();
    other.create_response(&second.http, says("Other.")).await.unwrap_err();
    assert_eq!(answer.message().content, "One.");
    assert!(discord.world().identifies.iter().all(|identify| identify.intents == 0));
}

#[tokio::test]
async fn a_client_that_breaks_the_protocol_is_disconnected() {
    let discord = FakeDiscord::start().await;
    let url = Arc::new(Mutex::new(discord.url().replace("http", "ws")));
    let info: ShardInfo = serde_json::from_value(json!([0, 1])).unwrap();
    let connect = || async {
        let intents = GatewayIntents::empty();
        Shard::new(url.clone(), discord.token(), info, intents, None).await.expect("a gateway")
    };
    let closed_with = async |code: u16| {
        let what = format!("the close code {code}");
        discord.eventually(&what, |world| (world.closes.last() == Some(&code)).then_some(())).await;
    };

    let mut hasty = connect().await;
    hasty.update_presence().await.unwrap();
    closed_with(4003).await;

    let mut twice = connect().await;
    twice.identify().await.unwrap();
    twice.identify().await.unwrap();
    closed_with(4005).await;

    let mut odd = connect().await;
    odd.identify().await.unwrap();
    odd.request_soundboard_sounds(&[]).await.unwrap();
    closed_with(4001).await;

    let mut ahead = connect().await;
    let session = discord.world().identifies[0].session_id.clone();
    ahead.client.send_resume(&info, &session, 99, discord.token()).await.unwrap();
    closed_with(4007).await;
}

/// Asserts that the bot still answers.
async fn works(discord: &FakeDiscord, _bot: Bot) {
    let locks = discord.channel("locks");
    let alice = discord.member("alice", &[]);
    let answer = alice.slash(locks, "slow", &[]).await.settled().await;
    assert_eq!(answer.message().content, "Done.");
}
