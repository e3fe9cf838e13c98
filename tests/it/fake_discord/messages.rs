//! Messages in channels: limits, pings, repetition.

use std::time::Duration;

use serde_json::{Value, json};
use serenity::all::{
    CreateAllowedMentions, CreateAttachment, CreateMessage, EditAttachments, EditMessage,
    GetMessages, Nonce,
};
use twilight_model::guild::Permissions;

use super::bot::{Bot, refusal, serenity_channel};
use crate::support::discord::{FakeDiscord, Ping};

#[tokio::test]
async fn a_message_is_created_read_changed_and_deleted() {
    let discord = FakeDiscord::start().await;
    let locks = discord.channel("locks");
    let bot = Bot::start(&discord).await;
    let channel = serenity_channel(locks);

    let first = channel.say(&bot.http, "  first  ").await.unwrap();
    let second = channel.say(&bot.http, "second").await.unwrap();
    assert_eq!(first.content, "first", "Discord trims");
    let page = channel.messages(&bot.http, GetMessages::new().limit(1)).await.unwrap();
    assert_eq!(page[0].id, second.id, "newest first");
    let page = GetMessages::new().after(first.id);
    assert_eq!(channel.messages(&bot.http, page).await.unwrap()[0].id, second.id);
    let page = GetMessages::new().before(second.id);
    assert_eq!(channel.messages(&bot.http, page).await.unwrap()[0].id, first.id);

    let changed = EditMessage::new().content("changed");
    channel.edit_message(&bot.http, first.id, changed).await.unwrap();
    assert_eq!(channel.message(&bot.http, first.id).await.unwrap().content, "changed");
    let world = discord.world();
    let contents: Vec<_> = world.channel(locks).iter().map(|m| m.content.as_str()).collect();
    assert_eq!(contents, ["changed", "second"]);
    assert_eq!(world.message(world.messages[0].id).unwrap().edits, 1);

    channel.delete_message(&bot.http, first.id).await.unwrap();
    assert_eq!(refusal(channel.message(&bot.http, first.id).await), (404, 10008));
    discord.delete_message(&discord.world().messages[0]);
    let edit = channel.edit_message(&bot.http, second.id, EditMessage::new().content("x")).await;
    assert_eq!(refusal(edit), (404, 10008));
    discord.delete_channel(locks);
    assert_eq!(refusal(channel.say(&bot.http, "anyone?").await), (404, 10003));
}

#[tokio::test]
async fn what_is_too_large_or_malformed_is_refused() {
    let discord = FakeDiscord::start().await;
    let locks = discord.channel("locks");
    let bot = Bot::start(&discord).await;
    let embed = |embed: Value| json!({ "embeds": [embed] });
    let button = |id: &str| json!({ "type": 2, "style": 1, "label": "Go", "custom_id": id });
    let row = |buttons: Vec<Value>| json!({ "type": 1, "components": buttons });
    let rows = |rows: Vec<Value>| json!({ "content": "x", "components": rows });

    let invalid = [
        json!({ "content": "x".repeat(2001) }),
        json!({ "content": "x", "surprise": true }),
        json!({ "content": "x", "message_reference": { "message_id": "1" } }),
        json!({ "content": "x", "flags": 1 << 15 }),
        json!({ "content": "x", "tts": true }),
        json!({ "content": "x", "nonce": "n".repeat(26) }),
        embed(json!({ "title": "x".repeat(257) })),
        embed(json!({ "description": "x".repeat(4097) })),
        embed(json!({ "fields": [{ "name": " ", "value": "v", "inline": false }] })),
        embed(json!({ "color": 1 })),
        json!({ "embeds": vec![json!({ "description": "x".repeat(3001) }); 2] }),
        rows(vec![row(vec![button("a"), button("a")])]),
        rows(vec![row(vec![button("")])]),
        rows(vec![row(vec![button(&"x".repeat(101))])]),
        rows(vec![row(vec![])]),
        rows(vec![button("a")]),
        rows(vec![row((0..6).map(|at| button(&at.to_string())).collect())]),
        rows((0..6).map(|at| row(vec![button(&at.to_string())])).collect()),
        rows(vec![row(vec![json!({ "type": 2, "style": 1, "custom_id": "a" })])]),
        json!({ "content": "x", "allowed_mentions": { "parse": ["users"], "users": ["1"] } }),
    ];
    for body in &invalid {
        let refused = bot.http.send_message(serenity_channel(locks), vec![], body).await;
        assert_eq!(refusal(refused), (400, 50035), "{body}");
    }
    let empty = bot.http.send_message(serenity_channel(locks), vec![], &json!({})).await;
    assert_eq!(refusal(empty), (400, 50006));

    let world = discord.world();
    assert!(world.channel(locks).is_empty());
    assert_eq!(world.violations.len(), invalid.len() + 1);
}

#[tokio::test]
async fn a_message_pings_whom_its_content_names_and_its_bot_allows() {
    let discord = FakeDiscord::start().await;
    let locks = discord.channel("locks");
    let approver = discord.role("approver");
    let alice = discord.member("alice", &[approver]);
    let bob = discord.member("bob", &[]);
    let stranger = discord.member("carol", &[]);
    stranger.leave(discord.guild());
    let bot = Bot::start(&discord).await;
    let everyone = format!(
        "@everyone @here <@{}> <@!{}> <@{}> <@&{approver}> <@&1> <@x>",
        alice.id(),
        bob.id(),
        stranger.id(),
    );
    let all = [
        Ping::Everyone,
        Ping::Here,
        Ping::Role(approver),
        Ping::User(alice.id()),
        Ping::User(bob.id()),
    ];
    let none = CreateAllowedMentions::new;
    let alice_only = none().users([alice.id().get()]);
    let cases: [(_, &[Ping]); 6] = [
        (None, &all),
        (Some(none()), &[]),
        (Some(none().everyone(true)), &all[..2]),
        (Some(none().all_roles(true)), &all[2..3]),
        (Some(none().roles([approver.get()]).all_users(true)), &all[2..]),
        (Some(alice_only.clone()), &all[3..4]),
    ];
    for (allowed, expected) in cases {
        let absent = allowed.is_none();
        let mut message = CreateMessage::new().content(&everyone);
        if let Some(allowed) = allowed {
            message = message.allowed_mentions(allowed);
        }
        serenity_channel(locks).send_message(&bot.http, message).await.unwrap();
        let sent = discord.world().messages.pop().unwrap();
        assert_eq!(sent.pinged.iter().copied().collect::<Vec<_>>(), expected);
        assert_eq!(sent.allowed_mentions_absent, absent);
    }

    let world = discord.world();
    let text = world.text(world.messages.last().unwrap());
    assert!(text.contains("<@alice> <@!bob>") && text.ends_with("(pings @alice)"), "{text}");
}

#[tokio::test]
async fn an_edit_without_allowed_mentions_pings_again() {
    let discord = FakeDiscord::start().await;
    let locks = discord.channel("locks");
    let bot = Bot::start(&discord).await;
    let channel = serenity_channel(locks);
    let quiet = CreateMessage::new().content("@everyone");
    let quiet = quiet.allowed_mentions(CreateAllowedMentions::new());
    let message = channel.send_message(&bot.http, quiet).await.unwrap();

    channel
        .edit_message(&bot.http, message.id, EditMessage::new().suppress_embeds(true))
        .await
        .unwrap();
    let sent = discord.world().messages.pop().unwrap();
    assert!(sent.pinged.is_empty() && !sent.allowed_mentions_absent);

    channel.edit_message(&bot.http, message.id, EditMessage::new().content("@here")).await.unwrap();
    let sent = discord.world().messages.pop().unwrap();
    assert_eq!(sent.pinged.into_iter().collect::<Vec<_>>(), [Ping::Here]);
    assert!(sent.allowed_mentions_absent);
}

#[tokio::test]
async fn an_enforced_nonce_makes_a_message_once() {
    let discord = FakeDiscord::start().await;
    let locks = discord.channel("locks");
    let bot = Bot::start(&discord).await;
    let channel = serenity_channel(locks);
    let send = |enforce| {
        let message = CreateMessage::new().content("Once.").nonce(Nonce::String("n1".to_owned()));
        channel.send_message(&bot.http, message.enforce_nonce(enforce))
    };

    let first = send(true).await.unwrap();
    let again = send(true).await.unwrap();
    assert_eq!(first.id, again.id);
    assert_ne!(first.id, send(false).await.unwrap().id, "not enforced, so not looked at");
    discord.advance(Duration::from_mins(10));
    assert_ne!(first.id, send(true).await.unwrap().id, "Discord has forgotten it");
}

#[tokio::test]
async fn files_are_kept_with_their_descriptions_and_an_edit_without_a_list_keeps_them() {
    let discord = FakeDiscord::start().await;
    let locks = discord.channel("locks");
    let bot = Bot::start(&discord).await;
    let channel = serenity_channel(locks);
    discord.bot_may(locks, Permissions::all());
    let file = || CreateAttachment::bytes(vec![1, 2, 3], "a.png").description("three bytes");
    let message = CreateMessage::new().content("x").add_file(file());
    let message = message.allowed_mentions(CreateAllowedMentions::new());
    let posted = channel.send_message(&bot.http, message).await.unwrap();
    assert_eq!((&*posted.attachments[0].filename, posted.attachments[0].size), ("a.png", 3));
    let files = || {
        let world = discord.world();
        let files = world.messages[0].attachments.iter();
        files
            .map(|it| (it.filename.clone(), it.description.clone(), it.bytes.len()))
            .collect::<Vec<_>>()
    };
    let kept = vec![("a.png".to_owned(), Some("three bytes".to_owned()), 3)];
    assert_eq!(files(), kept);
    let edit = |edit: EditMessage| channel.edit_message(&bot.http, posted.id, edit);
    edit(EditMessage::new().content("y")).await.unwrap();
    assert_eq!(files(), kept);
    let more = EditMessage::new().keep_existing_attachment(posted.attachments[0].id);
    edit(more.new_attachment(file())).await.unwrap();
    assert_eq!(files().len(), 2);
    edit(EditMessage::new().attachments(EditAttachments::new())).await.unwrap();
    assert_eq!(files().len(), 0);

    let refused = |description: String, id: u64| {
        let listed = json!({ "id": id, "filename": "a.png", "description": description });
        let body = json!({ "content": "x", "attachments": [listed] });
        let file = CreateAttachment::bytes(vec![1], "a.png");
        let http = bot.http.clone();
        async move { refusal(http.send_message(channel, vec![file], &body).await) }
    };
    assert_eq!(refused("x".repeat(1_025), 0).await, (400, 50035));
    assert_eq!(refused("a file that is not there".to_owned(), 1).await, (400, 50035));
    let unlisted = json!({ "content": "x" });
    let file = CreateAttachment::bytes(vec![1], "a.png");
    let refused = bot.http.send_message(channel, vec![file.clone()], &unlisted).await;
    assert_eq!(refusal(refused), (400, 50035));
    discord.bot_may(locks, Permissions::all() - Permissions::ATTACH_FILES);
    let listed = json!({ "content": "x", "attachments": [{ "id": 0, "filename": "a.png" }] });
    let refused = bot.http.send_message(channel, vec![file], &listed).await;
    assert_eq!(refusal(refused), (403, 50013));
}
