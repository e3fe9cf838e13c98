//! Authorization, limits and faults, which apply to every request.

use std::time::{Duration, Instant};

use serenity::all::{GuildId, HttpBuilder, RoleId, UserId};

use super::bot::{Bot, refusal, serenity_channel};
use crate::support::deadline::PATIENCE;
use crate::support::discord::{FakeDiscord, Fault, Request};

#[tokio::test]
async fn the_token_is_checked() {
    let discord = FakeDiscord::start().await;
    let http = |token: &str| {
        HttpBuilder::new(token).proxy(discord.url()).ratelimiter_disabled(true).build()
    };

    assert_eq!(refusal(http("wrong").get_current_user().await), (401, 0));
    let me = http(discord.token()).get_current_user().await.unwrap();
    assert!(me.bot);
    let application = http(discord.token()).get_current_application_info().await.unwrap();
    assert_eq!(application.id.get(), discord.application_id().get());
    assert_eq!(discord.world().invalid_requests, 1);
}

#[tokio::test]
async fn the_places_and_people_can_be_looked_up() {
    let discord = FakeDiscord::start().await;
    let locks = discord.channel("locks");
    let approver = discord.role("approver");
    let alice = discord.member("alice", &[approver]);
    let bot = Bot::start(&discord).await;
    let guild = GuildId::new(discord.guild().get());
    let user = UserId::new(alice.id().get());

    let member = guild.member(&bot.http, user).await.unwrap();
    assert_eq!(member.roles, [RoleId::new(approver.get())]);
    let roles = guild.roles(&bot.http).await.unwrap();
    assert_eq!(roles[&RoleId::new(approver.get())].name, "approver");
    assert_eq!(roles[&RoleId::new(guild.get())].name, "@everyone");
    let channel = serenity_channel(locks).to_channel(&bot.http).await.unwrap();
    assert_eq!(channel.guild().unwrap().guild_id, guild);
    assert_eq!(bot.http.get_bot_gateway().await.unwrap().session_start_limit.remaining, 999);

    alice.leave(discord.guild());
    assert_eq!(refusal(guild.member(&bot.http, user).await), (404, 10007));
    assert_eq!(refusal(GuildId::new(1).roles(&bot.http).await), (404, 10004));
}

#[tokio::test]
async fn an_unknown_route_is_a_violation() {
    let discord = FakeDiscord::start().await;
    let bot = Bot::start(&discord).await;

    assert_eq!(refusal(bot.http.get_guild(GuildId::new(1)).await), (404, 0));
    assert_eq!(discord.world().violations, ["GET /guilds/1: unknown route"]);
}

#[tokio::test]
async fn faults_meet_as_many_requests_as_asked() {
    let discord = FakeDiscord::start().await;
    let locks = serenity_channel(discord.channel("locks"));
    let bot = Bot::start(&discord).await;
    let posts = "POST /channels/*/messages";
    let faults = discord.faults();

    faults.next(1, posts, Fault::Status(503, 0));
    faults.next(1, posts, Fault::Status(403, 50013));
    faults.next(1, posts, Fault::RateLimited(Duration::from_millis(1500)));
    assert_eq!(refusal(locks.say(&bot.http, "a").await), (503, 0));
    assert_eq!(refusal(locks.say(&bot.http, "b").await), (403, 50013));
    assert_eq!(refusal(locks.say(&bot.http, "c").await).0, 429);
    assert!(discord.world().messages.is_empty(), "none had an effect");

    faults.next(1, posts, Fault::Delay(Duration::from_millis(200)));
    let started = Instant::now();
    locks.say(&bot.http, "d").await.unwrap();
    assert!(started.elapsed() >= Duration::from_millis(200));

    faults.next(1, posts, Fault::AnswerLost);
    let lost = locks.say(&bot.http, "e").await.unwrap_err();
    assert!(matches!(lost, serenity::Error::Http(serenity::all::HttpError::Request(_))), "{lost}");
    assert_eq!(discord.world().messages.len(), 2, "it had its effect");

    faults.always(posts, Fault::Status(500, 0));
    assert_eq!(refusal(locks.say(&bot.http, "f").await), (500, 0));
    assert_eq!(refusal(locks.say(&bot.http, "g").await), (500, 0));
    faults.clear();
    locks.say(&bot.http, "h").await.unwrap();

    let world = discord.world();
    let status = |request: &&Request| request.status;
    let statuses: Vec<_> = world.requests_to(posts).iter().map(status).collect();
    let expected = [503, 403, 429, 200, 0, 500, 500, 200];
    let expected: Vec<_> = expected.into_iter().map(|s| (s != 0).then_some(s)).collect();
    assert_eq!(statuses, expected);
    assert_eq!(world.invalid_requests, 2, "403 and 429 count");
}

#[tokio::test]
async fn more_than_fifty_requests_a_second_are_too_many() {
    let discord = FakeDiscord::start().await;
    let http = HttpBuilder::new(discord.token()).proxy(discord.url()).ratelimiter_disabled(true);
    let http = http.build();

    // On a slow machine more than 51 requests may pass before the limit is reached.
    let refused = async {
        loop {
            let all = (0..100).map(|_| http.get_current_user());
            if futures::future::join_all(all).await.iter().any(Result::is_err) {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, refused).await.expect("a refusal");
    let world = discord.world();
    assert!(world.requests.iter().any(|request| request.status == Some(429)));
    assert!(world.requests.iter().is_sorted_by_key(|request| request.at));
}
