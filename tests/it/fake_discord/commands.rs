//! Registration of commands.

use serde_json::{Value, json};
use serenity::all::{Command, CommandId, GuildId, HttpBuilder, LightMethod, Request, Route};

use super::bot::{Bot, lock_command, refusal};
use crate::support::discord::FakeDiscord;

#[tokio::test]
async fn registered_commands_come_back_as_discord_writes_them() {
    let discord = FakeDiscord::start().await;
    let bot = Bot::start(&discord).await;
    let guild = GuildId::new(discord.guild().get());

    let route = Route::GuildCommands {
        application_id: discord.application_id().get().into(),
        guild_id: guild,
    };
    let raw: Value = bot.http.fire(Request::new(route, LightMethod::Get)).await.unwrap();

    let lock = &raw[0];
    assert_eq!(lock["application_id"], json!(discord.application_id()));
    assert_eq!(lock["guild_id"], json!(discord.guild()));
    assert_eq!(lock["type"], 1);
    assert_eq!(lock["default_member_permissions"], Value::Null);
    assert_eq!(lock["nsfw"], false);
    let state = &lock["options"][0]["options"][0];
    assert_eq!(state["required"], true);
    let slow = lock["options"][1].as_object().unwrap();
    assert!(!slow.contains_key("required"), "defaults are left out: {slow:?}");
    let typed = guild.get_commands(&bot.http).await.unwrap();
    assert_eq!(typed[0].name, "lock");
}

#[tokio::test]
async fn a_command_keeps_its_id_for_as_long_as_its_name() {
    let discord = FakeDiscord::start().await;
    let bot = Bot::start(&discord).await;
    let guild = GuildId::new(discord.guild().get());
    let id_of = |commands: Vec<Command>| -> CommandId { commands[0].id };

    let before = id_of(guild.get_commands(&bot.http).await.unwrap());
    let after = id_of(guild.set_commands(&bot.http, vec![lock_command()]).await.unwrap());
    assert_eq!(before, after);
    let renamed = lock_command().name("bolt");
    let renamed = id_of(guild.set_commands(&bot.http, vec![renamed]).await.unwrap());
    assert_ne!(before, renamed);

    discord
        .eventually("all registrations", |world| (world.bulk_overwrites == 4).then_some(()))
        .await;
    let world = discord.world();
    assert_eq!(world.commands[&Some(discord.guild())][0].name, "bolt");
    assert_eq!(world.commands[&None][0].name, "ping");
}

#[tokio::test]
async fn malformed_commands_are_refused() {
    let discord = FakeDiscord::start().await;
    let bot = Bot::start(&discord).await;
    let option = |extra: Value| {
        let mut option = json!({ "type": 3, "name": "state", "description": "Which" });
        option.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        json!([{ "name": "lock", "description": "Tends", "options": [option] }])
    };
    let choice = |at: usize| json!({ "name": at.to_string(), "value": at.to_string() });
    let choices = |count: usize| (0..count).map(choice).collect::<Vec<_>>();
    let sub = json!({ "type": 1, "name": "sub", "description": "Sub" });
    let plain = json!({ "type": 3, "name": "plain", "description": "Plain" });

    let wrong = [
        json!([{ "description": "No name" }]),
        json!([{ "name": "Lock", "description": "Upper case" }]),
        json!([{ "name": "lock", "description": "" }]),
        json!([{ "name": "lock", "description": "x".repeat(101) }]),
        json!([{ "name": "lock", "description": "A" }, { "name": "lock", "description": "B" }]),
        option(json!({ "name": "Upper" })),
        option(json!({ "description": "" })),
        option(json!({ "choices": choices(26) })),
        option(json!({ "choices": choices(1), "autocomplete": true })),
        option(json!({ "options": [plain] })),
        option(json!({ "type": 1, "options": [sub] })),
        option(json!({ "type": 2, "options": [plain] })),
        json!([{ "name": "lock", "description": "Mixed", "options": [sub, plain] }]),
        json!(
            (0..101)
                .map(|at| json!({ "name": format!("c{at}"), "description": "C" }))
                .collect::<Vec<_>>()
        ),
    ];
    for body in &wrong {
        let refused = bot.http.create_global_commands(body).await;
        assert_eq!(refusal(refused), (400, 50035), "{body}");
    }
    assert_eq!(discord.world().violations.len(), wrong.len());
}

#[tokio::test]
async fn only_the_bot_s_own_commands_can_be_registered() {
    let discord = FakeDiscord::start().await;
    let bot = Bot::start(&discord).await;
    let elsewhere = GuildId::new(1);
    assert_eq!(refusal(elsewhere.get_commands(&bot.http).await), (403, 50001));

    let stranger = HttpBuilder::new(discord.token())
        .application_id(1.into())
        .proxy(discord.url())
        .ratelimiter_disabled(true)
        .build();
    assert_eq!(refusal(stranger.get_global_commands().await), (403, 20012));
    assert_eq!(discord.world().invalid_requests, 2);
}
