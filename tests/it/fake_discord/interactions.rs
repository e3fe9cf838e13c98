//! Actions of a person, and the answers to them.

use serenity::all::{CreateInteractionResponse, CreateInteractionResponseFollowup};

use super::bot::{Bot, now_says, refusal, says, serenity_channel};
use crate::support::discord::{
    Answer, FIRST_RESPONSE, FakeDiscord, MessageId, Modal, Response, UserId,
};

#[tokio::test]
async fn a_command_is_answered_with_a_message_for_the_person_alone() {
    let discord = FakeDiscord::start().await;
    let locks = discord.channel("locks");
    let alice = discord.member("alice", &[]);
    let _bot = Bot::start(&discord).await;

    let answer = alice.slash(locks, "status", &[("state", "env/prod")]).await;

    assert!(matches!(answer.response(), Some(Response::Message)));
    assert!(!answer.was_deferred());
    assert!(answer.response_time().is_some_and(|time| time <= FIRST_RESPONSE));
    let message = answer.message();
    let only_for: Option<UserId> = message.only_for;
    assert_eq!(only_for, Some(alice.id()));
    let world = discord.world();
    let text = "\
(only alice sees this)
┌ #ff8800
│ title: env/prod
│ Held by **alice**
│ since today
│ Operation (inline):
│   apply
│ footer: Locktender
└
[Refresh](secondary, refresh) [Ask](success, ask) [Manual](danger, manual) \
[Never](primary, never, disabled) [Docs](link, https://example.com)";
    assert_eq!(world.text(&message), text);
    assert!(world.channel(locks).is_empty(), "nobody else sees it");
    assert_eq!(world.seen_alone_by(alice.id()).len(), 1);
    assert_eq!(world.violations, [""; 0]);
}

#[tokio::test]
async fn a_deferred_answer_is_filled_in_and_stays_as_visible_as_it_was_deferred() {
    let discord = FakeDiscord::start().await;
    let locks = discord.channel("locks");
    let alice = discord.member("alice", &[]);
    let bot = Bot::start(&discord).await;

    let answer = alice.slash(locks, "slow", &[]).await.settled().await;

    assert!(answer.was_deferred());
    let message = answer.message();
    assert_eq!(message.content, "Done.");
    assert!(message.is_ephemeral() && !message.loading);
    assert_eq!(message.edits, 0, "filling in is no change");
    let by_channel = serenity_channel(locks).message(&bot.http, message.id.get()).await;
    assert_eq!(refusal(by_channel), (404, 10008), "only the token leads to it");
}

#[tokio::test]
async fn a_button_changes_the_message_it_is_on() {
    let discord = FakeDiscord::start().await;
    let locks = discord.channel("locks");
    let alice = discord.member("alice", &[]);
    let _bot = Bot::start(&discord).await;
    let shown = alice.slash(locks, "status", &[("state", "network")]).await.message();

    let answer = alice.press(&shown, "Refresh").await;

    assert!(matches!(answer.response(), Some(Response::Update)));
    let message = answer.message();
    let same: MessageId = shown.id;
    assert_eq!((message.id, message.content.as_str()), (same, "Refreshed."));
    assert_eq!(message.edits, 1);
    assert_eq!(message.embeds, shown.embeds, "what an update leaves out stays");
}

#[tokio::test]
async fn a_click_can_be_accepted_first_and_answered_later() {
    let discord = FakeDiscord::start().await;
    let locks = discord.channel("locks");
    let alice = discord.member("alice", &[]);
    let mut bot = Bot::start(&discord).await;
    let shown = alice.slash(locks, "status", &[("state", "network")]).await.message();

    let answer = alice.start_press(&shown, "Manual");
    let click = bot.next().await.message_component().expect("a click");
    click.create_response(&bot.http, CreateInteractionResponse::Acknowledge).await.unwrap();
    click.edit_response(&bot.http, now_says("Later.")).await.unwrap();
    let followup = CreateInteractionResponseFollowup::new().content("And more.").ephemeral(true);
    let followup = click.create_followup(&bot.http, followup).await.unwrap();

    let answer = answer.settled().await;
    assert!(answer.was_deferred());
    assert_eq!(contents(&answer), ["Later.", "And more."]);
    let edit = CreateInteractionResponseFollowup::new().content("And no more.");
    click.edit_followup(&bot.http, followup.id, edit).await.unwrap();
    assert_eq!(answer.messages()[1].content, "And no more.");
    click.delete_followup(&bot.http, followup.id).await.unwrap();
    assert_eq!(answer.message().id, shown.id);
}

#[tokio::test]
async fn a_dialog_opens_and_is_submitted() {
    let discord = FakeDiscord::start().await;
    let locks = discord.channel("locks");
    let alice = discord.member("alice", &[]);
    let _bot = Bot::start(&discord).await;
    let shown = alice.slash(locks, "status", &[("state", "network")]).await.message();

    let modal: Modal = alice.press(&shown, "Ask").await.modal();
    assert_eq!((modal.custom_id.as_str(), modal.title.as_str()), ("reason", "Why?"));
    assert_eq!(modal.inputs().len(), 1);
    let answer = alice.submit(&modal, &[("reason", "It hangs")]).await;

    assert_eq!(answer.message().content, "Because: It hangs");
    assert_eq!(discord.world().violations, [""; 0]);
}

#[tokio::test]
async fn a_dialog_outlives_the_message_it_was_opened_from() {
    let discord = FakeDiscord::start().await;
    let locks = discord.channel("locks");
    let alice = discord.member("alice", &[]);
    let _bot = Bot::start(&discord).await;
    let shown = alice.slash(locks, "status", &[("state", "network")]).await.message();

    let modal = alice.press(&shown, "Ask").await.modal();
    discord.delete_message(&shown);
    let answer = alice.submit(&modal, &[("reason", "It hangs")]).await;

    assert_eq!(answer.message().content, "Because: It hangs");
}

#[tokio::test]
async fn choices_are_offered_while_a_person_types() {
    let discord = FakeDiscord::start().await;
    let locks = discord.channel("locks");
    let alice = discord.member("alice", &[]);
    let _bot = Bot::start(&discord).await;

    let choices = alice.autocomplete(locks, "status", "state", "env").await;

    let names: Vec<_> = choices.iter().map(|choice| choice.name.as_str()).collect();
    assert_eq!(names, ["env/prod", "env/stage"]);
}

#[tokio::test]
async fn the_same_interaction_can_arrive_twice() {
    let discord = FakeDiscord::start().await;
    let locks = discord.channel("locks");
    let alice = discord.member("alice", &[]);
    let mut bot = Bot::start(&discord).await;

    let answer = alice.start_slash(locks, "manual", &[]);
    let first = bot.next_command().await;
    first.create_response(&bot.http, says("Once.")).await.unwrap();
    answer.redeliver();
    let second = bot.next_command().await;

    assert_eq!((first.id, first.token), (second.id, second.token));
}

#[tokio::test]
async fn the_first_follow_up_takes_the_place_of_a_deferred_answer() {
    let discord = FakeDiscord::start().await;
    let locks = discord.channel("locks");
    let alice = discord.member("alice", &[]);
    let mut bot = Bot::start(&discord).await;
    let followup = |text: &str| CreateInteractionResponseFollowup::new().content(text);

    let answer = alice.start_slash(locks, "manual", &[]);
    let command = bot.next_command().await;
    command.defer_ephemeral(&bot.http).await.unwrap();
    assert!(answer.message().loading);
    assert!(discord.world().text(&answer.message()).contains("thinking"));
    command.create_followup(&bot.http, followup("In place.")).await.unwrap();
    command.create_followup(&bot.http, followup("Beside.")).await.unwrap();
    let seen: Vec<_> =
        answer.messages().into_iter().map(|m| (m.is_ephemeral(), m.content)).collect();
    assert_eq!(seen, [(true, "In place.".to_owned()), (false, "Beside.".to_owned())]);

    let answer = alice.start_slash(locks, "manual", &[]);
    let command = bot.next_command().await;
    command.defer_ephemeral(&bot.http).await.unwrap();
    command.delete_response(&bot.http).await.unwrap();
    command.create_followup(&bot.http, followup("By itself.")).await.unwrap();
    assert!(!answer.message().is_ephemeral());
}

fn contents(answer: &Answer) -> Vec<String> {
    answer.messages().into_iter().map(|message| message.content).collect()
}
