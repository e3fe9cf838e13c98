//! Refused clicks. Only the person who clicked sees the refusal, and the card does not change.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::TimeDelta;
use serenity::all::{ChannelId, CreateAllowedMentions, CreateMessage, HttpBuilder};
use twilight_model::guild::Permissions;

use super::scene::Scene;
use super::unlock_scene::{STATE, record_of};
use crate::support::discord::Message;

/// Asserts that the card is unchanged and pending, and that the lock is there.
async fn assert_pending(scene: &Scene, card: &Message) {
    let now = scene.discord.world().message(card.id).cloned().unwrap();
    assert_eq!((&now.embeds, now.edits), (&card.embeds, 0));
    let labels: Vec<_> = now.buttons().iter().filter_map(|b| b.label.clone()).collect();
    assert_eq!(labels, ["Approve", "Deny", "Withdraw"]);
    assert!(scene.is_locked().await);
}

#[tokio::test]
async fn whoever_is_not_the_second_person_is_told_alone_and_the_card_stays() {
    let (scene, _bot) = Scene::stale().await;
    let guild = scene.discord.guild();
    let namesake = scene.discord.role("approvers");
    let dave = scene.discord.member("dave", &[]);
    let eve = scene.discord.member("eve", &[namesake]);
    let robot = scene.discord.bot_member("robot", &[scene.approvers()]);
    let card = scene.request().await;
    let cases = [
        (&scene.alice, "Approve", "You requested this unlock yourself"),
        (&scene.alice, "Deny", "This is your own request"),
        (&scene.bob, "Withdraw", "Only the requester can withdraw this request"),
        (&dave, "Approve", "You have no approver role"),
        (&dave, "Deny", "You have no approver role"),
        (&eve, "Approve", "You have no approver role"),
        (&robot, "Approve", "Bots cannot ask or approve"),
        (&robot, "Deny", "Bots cannot ask or approve"),
    ];
    for (who, button, words) in cases {
        let told = scene.told(who, &card, button).await;
        assert!(told.contains(words), "{button}: {told}");
        assert_pending(&scene, &card).await;
    }
    // More roles do not make alice a second person.
    scene.alice.set_roles(guild, &[scene.approvers(), namesake]);
    let told = scene.told(&scene.alice, &card, "Approve").await;
    assert!(told.contains("You requested this unlock yourself"), "{told}");
    assert_pending(&scene, &card).await;

    let trail = scene.trail().await;
    let actions: BTreeSet<_> = trail[1..].iter().filter_map(|entry| entry.text("action")).collect();
    assert_eq!(
        actions,
        BTreeSet::from(["approval.refused", "denial.refused", "withdrawal.refused"])
    );
    let by: Vec<_> = trail[1..].iter().filter_map(|entry| entry.text_of("actor", "name")).collect();
    assert!(["alice", "dave", "eve", "robot"].iter().all(|name| by.contains(name)), "{by:?}");
    scene.assert_only_approvers_called();
}

#[tokio::test]
async fn a_click_that_comes_from_elsewhere_is_refused() {
    let scene = Scene::new().await;
    scene.put(STATE, &record_of("ci@runner-4", TimeDelta::hours(5))).await;
    // A message of this bot in another server that it served before.
    let other = scene.discord.add_guild();
    let bot = scene.start_with(Arc::new(scene.db.locks()), other).await;
    scene.registered(1).await;
    let abroad = scene.discord.channel_in(other, "ops");
    let role = scene.discord.role_in(other, "approvers");
    scene.bob.join(other, &[role]);
    let list_abroad = scene.bob.slash(abroad, "list", &[]).await.settled().await.message();
    bot.stop().await.unwrap();

    let _bot = scene.start().await;
    scene.registered(2).await;
    let card = scene.request().await;
    let elsewhere = scene.discord.channel("elsewhere");
    let list = scene.bob.slash(elsewhere, "list", &[]).await.settled().await.message();
    for label in ["Approve", "Deny"] {
        let id = Scene::id_of(&card, label);
        if label == "Approve" {
            let told = scene.alone(scene.bob.press_forged(&list, &id).await).await;
            assert!(told.contains("This request was made in another channel"), "{told}");
        }
        let told = scene.alone(scene.bob.press_forged(&list_abroad, &id).await).await;
        assert!(told.contains("This bot answers only in the server"), "{label}: {told}");
        assert_pending(&scene, &card).await;
    }
    // A press in the wrong channel is recorded. A press in another server is not.
    let actions = scene.actions().await;
    assert_eq!(actions, ["request.opened", "approval.refused"]);
    scene.assert_only_approvers_called();
}

#[tokio::test]
async fn where_the_bot_may_not_post_a_card_no_request_is_opened() {
    let (scene, _bot) = Scene::stale().await;
    let quiet = scene.discord.channel("quiet");
    scene.discord.bot_may(quiet, Permissions::VIEW_CHANNEL | Permissions::USE_SLASH_COMMANDS);
    // With the command, and with the button of a status. The button refuses before it asks for a reason.
    let slash = scene.alice.slash(quiet, "unlock", &[("state", STATE), ("reason", "it died")]);
    let mut told = vec![scene.alone(slash.await).await];
    let status = scene.alice.slash(quiet, "status", &[("state", STATE)]).await;
    let status = status.settled().await.message();
    told.push(scene.alone(scene.alice.press(&status, "Request unlock").await).await);
    for told in told {
        let sentence = "The card of a request cannot be posted here: allow this bot Send Messages \
            and Embed Links in this channel, or ask in another one.";
        assert!(told.contains(sentence), "{told}");
    }
    assert_eq!(scene.actions().await, Vec::<String>::new());
    assert_eq!(scene.cards(), 0);
    // It blocks no other request.
    scene.request().await;
}

#[tokio::test]
async fn a_direct_message_is_refused() {
    let (scene, _bot) = Scene::stale().await;
    let card = scene.request().await;
    let direct = ChannelId::new(scene.bob.direct_channel().get());
    let http = HttpBuilder::new(scene.discord.token())
        .proxy(scene.discord.url())
        .ratelimiter_disabled(true)
        .build();
    let nobody = CreateAllowedMentions::new();
    let hello = CreateMessage::new().content("hello").allowed_mentions(nobody);
    let hello = direct.send_message(&http, hello).await.unwrap();
    let hello = scene
        .discord
        .eventually("the message", |world| {
            let mut all = world.messages.iter();
            all.find(|message| message.id.get() == hello.id.get()).cloned()
        })
        .await;
    for label in ["Approve", "Deny", "Withdraw"] {
        let id = Scene::id_of(&card, label);
        let answer = scene.bob.press_forged(&hello, &id).await.settled().await;
        let told = scene.text(&answer.messages().pop().unwrap());
        assert!(told.contains("This bot answers only in the server"), "{label}: {told}");
    }
    assert_pending(&scene, &card).await;
    scene.assert_untouched(&card).await;
}
