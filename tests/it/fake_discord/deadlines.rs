//! Responses that Discord refuses: late, repeated, or of the wrong kind.

use std::time::Duration;

use serenity::all::{
    AutocompleteChoice, CreateActionRow, CreateAutocompleteResponse, CreateInputText,
    CreateInteractionResponse, CreateInteractionResponseFollowup, CreateInteractionResponseMessage,
    CreateModal, InputTextStyle, InteractionId,
};

use super::bot::{Bot, now_says, reason_dialog, refusal, says};
use crate::support::discord::{FIRST_RESPONSE, FakeDiscord, TOKEN_LIFE};

#[tokio::test]
async fn a_response_after_three_seconds_finds_the_interaction_gone() {
    let discord = FakeDiscord::start().await;
    let locks = discord.channel("locks");
    let alice = discord.member("alice", &[]);
    let mut bot = Bot::start(&discord).await;

    let answer = alice.start_slash(locks, "manual", &[]);
    let command = bot.next_command().await;
    discord.advance(FIRST_RESPONSE + Duration::from_millis(1));
    let late = command.create_response(&bot.http, says("Late.")).await;

    assert_eq!(refusal(late), (404, 10062));
    let answer = answer.responded().await.settled().await;
    assert!(answer.is_missing());
    assert!(answer.response_time().is_none() && answer.messages().is_empty());
    let followup = CreateInteractionResponseFollowup::new().content("Still here?");
    assert_eq!(refusal(command.create_followup(&bot.http, followup).await), (404, 10015));
}

#[tokio::test]
async fn a_response_in_the_last_moment_counts() {
    let discord = FakeDiscord::start().await;
    let locks = discord.channel("locks");
    let alice = discord.member("alice", &[]);
    let mut bot = Bot::start(&discord).await;

    let answer = alice.start_slash(locks, "manual", &[]);
    let command = bot.next_command().await;
    discord.advance(FIRST_RESPONSE);
    command.create_response(&bot.http, says("Just.")).await.unwrap();

    assert_eq!(answer.response_time(), Some(FIRST_RESPONSE));
}

#[tokio::test]
async fn a_second_response_is_refused() {
    let discord = FakeDiscord::start().await;
    let locks = discord.channel("locks");
    let alice = discord.member("alice", &[]);
    let mut bot = Bot::start(&discord).await;

    let answer = alice.start_slash(locks, "manual", &[]);
    let command = bot.next_command().await;
    command.create_response(&bot.http, says("First.")).await.unwrap();

    let second = command.create_response(&bot.http, says("Second.")).await;
    assert_eq!(refusal(second), (400, 40060));
    let dialog = command.create_response(&bot.http, reason_dialog()).await;
    assert_eq!(refusal(dialog), (400, 40060), "so a dialog cannot follow a response");
    assert_eq!(answer.message().content, "First.");
    assert_eq!(command.get_response(&bot.http).await.unwrap().content, "First.");
}

#[tokio::test]
async fn a_token_lives_for_fifteen_minutes() {
    let discord = FakeDiscord::start().await;
    let locks = discord.channel("locks");
    let alice = discord.member("alice", &[]);
    let mut bot = Bot::start(&discord).await;

    let answer = alice.start_slash(locks, "manual", &[]);
    let command = bot.next_command().await;
    command.create_response(&bot.http, says("First.")).await.unwrap();
    discord.advance(TOKEN_LIFE);
    command.edit_response(&bot.http, now_says("In time.")).await.unwrap();
    discord.advance(Duration::from_millis(1));

    let late = command.edit_response(&bot.http, now_says("Late.")).await;
    assert_eq!(refusal(late), (401, 50027));
    assert_eq!(answer.message().content, "In time.");
}

#[tokio::test]
async fn a_stranger_s_token_opens_nothing() {
    let discord = FakeDiscord::start().await;
    let bot = Bot::start(&discord).await;

    let id = InteractionId::new(discord.application_id().get());
    let response = bot.http.create_interaction_response(id, "none", &says("Hello."), vec![]).await;
    assert_eq!(refusal(response), (404, 10062));
    assert_eq!(refusal(bot.http.get_original_interaction_response("none").await), (404, 10015));
}

#[tokio::test]
async fn a_response_must_fit_what_the_person_did() {
    let discord = FakeDiscord::start().await;
    let locks = discord.channel("locks");
    let alice = discord.member("alice", &[]);
    let mut bot = Bot::start(&discord).await;

    let _answer = alice.start_slash(locks, "manual", &[]);
    let command = bot.next_command().await;
    let update = CreateInteractionResponseMessage::new().content("Which message?");
    for wrong in [
        CreateInteractionResponse::UpdateMessage(update),
        CreateInteractionResponse::Acknowledge,
        choices(1),
    ] {
        let refused = command.create_response(&bot.http, wrong).await;
        assert_eq!(refusal(refused), (400, 50035));
    }

    let violations = discord.world().violations;
    assert_eq!(violations.len(), 3, "{violations:?}");
    assert!(violations[0].contains("type 7 to Command"), "{violations:?}");
}

#[tokio::test]
async fn a_dialog_cannot_be_answered_with_a_dialog() {
    let discord = FakeDiscord::start().await;
    let locks = discord.channel("locks");
    let alice = discord.member("alice", &[]);
    let mut bot = Bot::start(&discord).await;

    let answer = alice.start_slash(locks, "manual", &[]);
    let command = bot.next_command().await;
    let input = CreateInputText::new(InputTextStyle::Short, "Name", "name").required(false);
    let dialog = CreateModal::new("other", "Who?");
    let dialog = dialog.components(vec![CreateActionRow::InputText(input)]);
    let dialog = CreateInteractionResponse::Modal(dialog);
    command.create_response(&bot.http, dialog).await.unwrap();

    let modal = answer.modal();
    let bot_acts = async {
        let submitted = bot.next().await.modal_submit().expect("a submitted dialog");
        let again = submitted.create_response(&bot.http, reason_dialog()).await;
        assert_eq!(refusal(again), (400, 50035));
        submitted.create_response(&bot.http, says("Enough.")).await.unwrap();
    };
    let (answer, ()) = tokio::join!(alice.submit(&modal, &[]), bot_acts);
    assert_eq!(answer.message().content, "Enough.");
}

#[tokio::test]
async fn at_most_25_choices_are_offered() {
    let discord = FakeDiscord::start().await;
    let locks = discord.channel("locks");
    let alice = discord.member("alice", &[]);
    let mut bot = Bot::start(&discord).await;

    let bot_acts = async {
        let typing = bot.next().await.autocomplete().expect("someone types");
        assert_eq!(refusal(typing.create_response(&bot.http, choices(26)).await), (400, 50035));
        assert_eq!(refusal(typing.create_response(&bot.http, says("No.")).await), (400, 50035));
        typing.create_response(&bot.http, choices(25)).await.unwrap();
        assert_eq!(refusal(typing.edit_response(&bot.http, now_says("No.")).await), (404, 10015));
    };
    let typed = alice.autocomplete(locks, "status", "state", "manual");
    let (offered, ()) = tokio::join!(typed, bot_acts);
    assert_eq!(offered.len(), 25);
}

fn choices(count: usize) -> CreateInteractionResponse {
    let choices = (0..count).map(|at| AutocompleteChoice::from(at.to_string())).collect();
    let choices = CreateAutocompleteResponse::new().set_choices(choices);
    CreateInteractionResponse::Autocomplete(choices)
}
