//! People, their places, and the actions that are refused to them.

use serenity::all::{Interaction, ResolvedValue};

use super::bot::{Bot, says};
use crate::support::discord::{ChannelId, FakeDiscord, Message, Person};

#[tokio::test]
async fn a_payload_says_who_acts_and_where() {
    let discord = FakeDiscord::start().await;
    let locks = discord.channel("locks");
    let approver = discord.role("approver");
    let alice = discord.member("alice", &[approver]);
    let robot = discord.bot_member("robot", &[]);
    let mut bot = Bot::start(&discord).await;

    let _ = alice.start_slash(locks, "manual", &[]);
    let command = bot.next_command().await;
    let member = command.member.expect("a member, in a guild");
    assert_eq!(member.user.id.get(), alice.id().get());
    assert_eq!(member.roles[0].get(), approver.get());
    assert_eq!(command.guild_id.unwrap().get(), discord.guild().get());
    assert_eq!(command.channel_id.get(), locks.get());

    alice.set_roles(discord.guild(), &[]);
    let _ = alice.start_slash(locks, "manual", &[]);
    assert!(bot.next_command().await.member.unwrap().roles.is_empty());

    let _ = robot.start_slash(locks, "manual", &[]);
    assert!(bot.next_command().await.user.bot);
}

#[tokio::test]
async fn another_guild_and_a_direct_channel_are_other_places() {
    let discord = FakeDiscord::start().await;
    let elsewhere = discord.add_guild();
    let there = discord.channel_in(elsewhere, "locks");
    let namesake = discord.role_in(elsewhere, "approver");
    let alice = discord.member("alice", &[]);
    alice.join(elsewhere, &[namesake]);
    let mut bot = Bot::start(&discord).await;
    discord.eventually("both", |world| (world.bulk_overwrites == 2).then_some(())).await;

    let answer = alice.start_slash(there, "/ping", &[]);
    let command = bot.next_command().await;
    assert_eq!(command.guild_id.unwrap().get(), elsewhere.get());
    assert_eq!(command.member.as_ref().unwrap().roles[0].get(), namesake.get());
    command.create_response(&bot.http, says("Pong.")).await.unwrap();
    assert_eq!(answer.message().channel, there);

    let direct = alice.direct_channel();
    assert_eq!(direct, alice.direct_channel());
    let answer = alice.start_slash(direct, "/ping", &[]);
    let command = bot.next_command().await;
    assert!(command.guild_id.is_none() && command.member.is_none());
    let text = format!("Pong, <@{}>.", alice.id());
    command.create_response(&bot.http, says(&text)).await.unwrap();
    assert_eq!(answer.message().channel, direct);
    let channel = super::bot::serenity_channel(direct).to_channel(&bot.http).await.unwrap();
    assert_eq!(channel.private().unwrap().recipient.name, "alice");
}

#[tokio::test]
async fn options_are_typed_by_their_definition() {
    let discord = FakeDiscord::start().await;
    let locks = discord.channel("locks");
    let approver = discord.role("approver");
    let alice = discord.member("alice", &[]);
    let mut bot = Bot::start(&discord).await;
    let ids = [alice.id().to_string(), approver.to_string(), locks.to_string()];

    let options = [
        ("days", "7"),
        ("hours", "1.5"),
        ("all", "true"),
        ("who", ids[0].as_str()),
        ("role", ids[1].as_str()),
        ("where", ids[2].as_str()),
        ("note", "short"),
    ];
    let _ = alice.start_slash(locks, "manual", &options);

    let command = bot.next_command().await;
    let given = command.data.options();
    let ResolvedValue::SubCommand(given) = &given[0].value else { panic!("a subcommand") };
    assert!(matches!(given[0].value, ResolvedValue::Integer(7)));
    assert!(matches!(given[1].value, ResolvedValue::Number(1.5)));
    assert!(matches!(given[2].value, ResolvedValue::Boolean(true)));
    assert!(matches!(given[3].value, ResolvedValue::User(user, Some(_)) if user.name == "alice"));
    assert!(matches!(given[4].value, ResolvedValue::Role(role) if role.name == "approver"));
    assert!(matches!(given[5].value, ResolvedValue::Channel(channel) if channel.id == locks.get()));
    assert!(matches!(given[6].value, ResolvedValue::String("short")));
}

#[tokio::test]
async fn a_forged_click_reaches_the_bot_as_it_is() {
    let Scene { discord, alice, mut bot, shown } = scene().await;
    let forged = alice.press_forged(&shown, "approve:everything");
    let bot_acts = async {
        let Interaction::Component(click) = bot.next().await else { panic!("a click") };
        assert_eq!(click.data.custom_id, "approve:everything");
        assert_eq!(click.message.id.get(), shown.id.get());
        click.create_response(&bot.http, says("No.")).await.unwrap();
    };
    let (answer, ()) = tokio::join!(forged, bot_acts);
    assert!(answer.messages()[0].content == "No.");
    assert_eq!(discord.world().violations, [""; 0]);
}

#[tokio::test]
#[should_panic(expected = "no button \"Approve\" on the message")]
async fn nobody_presses_a_button_that_is_not_there() {
    let scene = scene().await;
    scene.alice.press(&scene.shown, "Approve").await;
}

#[tokio::test]
#[should_panic(expected = "the button \"Never\" is disabled")]
async fn nobody_presses_a_disabled_button() {
    let scene = scene().await;
    scene.alice.press(&scene.shown, "Never").await;
}

#[tokio::test]
#[should_panic(expected = "bob does not see this message")]
async fn nobody_presses_a_button_that_another_sees_alone() {
    let scene = scene().await;
    scene.discord.member("bob", &[]).press(&scene.shown, "Refresh").await;
}

#[tokio::test]
async fn nobody_sends_what_the_definition_does_not_allow() {
    let cases: [(&str, Options, &str); 8] = [
        ("/bolt", &[], "no command /bolt is registered"),
        ("unlock", &[], "not registered: no \"unlock\""),
        ("/lock", &[], "/lock needs a subcommand"),
        ("status", &[], "/lock status needs its option \"state\""),
        ("status", &[("stat", "x")], "no option \"stat\", only [\"state\"]"),
        ("manual", &[("days", "many")], "\"days\" takes a Integer, not \"many\""),
        ("manual", &[("days", "8")], "\"days\" does not offer the choice 8"),
        ("manual", &[("note", "too long")], "\"note\" takes 0 to 5 characters, not 8"),
    ];
    let discord = FakeDiscord::start().await;
    let locks = discord.channel("locks");
    let alice = discord.member("alice", &[]);
    let _bot = Bot::start(&discord).await;
    for (path, options, expected) in cases {
        let said = panic_of(&alice, locks, path, options).await;
        assert!(said.contains(expected), "{path}: {said}");
    }
    let world = discord.world();
    assert!(world.messages.is_empty(), "none of it was sent");
}

/// alice, and a channel with a message with buttons.
struct Scene {
    discord: FakeDiscord,
    alice: Person,
    bot: Bot,
    shown: Message,
}

async fn scene() -> Scene {
    let discord = FakeDiscord::start().await;
    let locks = discord.channel("locks");
    let alice = discord.member("alice", &[]);
    let bot = Bot::start(&discord).await;
    let shown = alice.slash(locks, "status", &[("state", "network")]).await.message();
    Scene { discord, alice, bot, shown }
}

type Options = &'static [(&'static str, &'static str)];

/// The panic message of a test that makes a person do something impossible.
async fn panic_of(
    person: &Person,
    channel: ChannelId,
    path: &'static str,
    options: Options,
) -> String {
    let person = person.clone();
    let tried = tokio::spawn(async move { person.slash(channel, path, options).await.response() });
    let panic = tried.await.expect_err("the person cannot do that").into_panic();
    panic.downcast_ref::<String>().expect("a panic with a message").clone()
}
