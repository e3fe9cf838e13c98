//! The meaning of Discord's answers to a post or an edit of a message.

use std::time::Duration;

use locktender::discord::{Connection, Poster};
use locktender::message::{Message, Text, Tone};
use locktender::people::{self, MessageId};
use locktender::ports::{Channels, Undelivered};

use crate::support::discord::{ChannelId, FakeDiscord, Fault};

const POST: &str = "POST /channels/*/messages";

fn poster(discord: &FakeDiscord) -> Poster {
    let token = discord.token().to_owned().into();
    Poster::new(Connection::new(token, discord.guild().get(), Some(discord.url())))
}

fn id(channel: ChannelId) -> people::ChannelId {
    people::ChannelId::new(channel.get())
}

fn says(words: &'static str) -> Message {
    Message::sentence(Tone::Plain, Text::own(words))
}

async fn post(discord: &FakeDiscord, channel: ChannelId) -> Result<MessageId, Undelivered> {
    poster(discord).post(id(channel), &says("hello"), "n").await
}

#[tokio::test]
async fn discord_says_for_how_long_to_wait_and_where() {
    let discord = FakeDiscord::start().await;
    let channel = discord.channel("ops");
    let wait = Duration::from_millis(1_500);
    discord.faults().next(1, POST, Fault::RateLimited(wait));
    let limited = post(&discord, channel).await;
    // The header has whole seconds, and the longer wait counts.
    let after = Some(Duration::from_secs(2));
    assert!(
        matches!(&limited, Err(Undelivered::Later { after: said, .. }) if *said == after),
        "{limited:?}"
    );
    discord.faults().next(1, POST, Fault::RateLimitedEverywhere(wait));
    let limited = post(&discord, channel).await;
    assert!(
        matches!(&limited, Err(Undelivered::Everywhere { after: said, .. }) if *said == after),
        "{limited:?}"
    );
    assert!(post(&discord, channel).await.is_ok());
}

#[tokio::test]
async fn a_channel_whose_limit_is_used_up_is_not_asked() {
    let discord = FakeDiscord::start().await;
    let (channel, other) = (discord.channel("ops"), discord.channel("other"));
    let poster = poster(&discord);
    discord.faults().next(1, POST, Fault::LastOne(Duration::from_mins(10)));
    poster.post(id(channel), &says("the last one"), "1").await.unwrap();
    let full = poster.post(id(channel), &says("one too many"), "2").await;
    let Err(Undelivered::Later { after: Some(after), .. }) = full else { panic!("{full:?}") };
    assert!(after > Duration::from_mins(9), "{after:?}");
    assert_eq!(discord.world().requests_to(POST).len(), 1, "Discord was not asked");
    poster.post(id(other), &says("another channel"), "3").await.unwrap();
}

#[tokio::test]
async fn what_discord_refuses_is_told_from_what_it_cannot_do_now() {
    let discord = FakeDiscord::start().await;
    let channel = discord.channel("ops");
    let mut table = String::new();
    for (status, code) in [
        (401, 0),
        (403, 50_001),
        (403, 50_013),
        (404, 10_003),
        (404, 10_008),
        (403, 50_005),
        (400, 50_035),
        (400, 20_009),
        (400, 160_005),
        (500, 0),
        (502, 0),
    ] {
        discord.faults().next(1, POST, Fault::Status(status, code));
        let undelivered = post(&discord, channel).await.unwrap_err();
        let name = format!("{undelivered:?}");
        let name = name.split([' ', '{']).next().unwrap().to_owned();
        table += &format!("{status} {code}: {name}: {undelivered}\n");
    }
    discord.faults().next(1, POST, Fault::AnswerLost);
    let undelivered = post(&discord, channel).await.unwrap_err();
    table += &format!("no answer: {undelivered}\n");
    insta::assert_snapshot!(table);
}

#[tokio::test]
async fn a_card_in_an_archived_thread_is_changed_after_the_thread_is_opened() {
    let discord = FakeDiscord::start().await;
    let thread = discord.thread("incident");
    let poster = poster(&discord);
    let posted = poster.post(id(thread), &says("approve?"), "n").await.unwrap();
    discord.archive(thread, false);
    poster.edit(id(thread), posted, &says("denied")).await.unwrap();
    assert!(!discord.is_archived(thread));
    let world = discord.world();
    assert!(world.text(&world.messages[0]).contains("denied"));
    assert_eq!(world.violations, Vec::<String>::new());
}

#[tokio::test]
async fn a_thread_that_cannot_be_opened_refuses_and_says_what_to_do() {
    let discord = FakeDiscord::start().await;
    let thread = discord.thread("incident");
    let poster = poster(&discord);
    let posted = poster.post(id(thread), &says("approve?"), "n").await.unwrap();
    discord.archive(thread, true);
    for refused in [
        poster.edit(id(thread), posted, &says("denied")).await,
        poster.post(id(thread), &says("hello"), "m").await.map(|_| ()),
    ] {
        let Err(Undelivered::Refused { why }) = refused else { panic!("{refused:?}") };
        assert!(why.contains("archived or locked"), "{why}");
    }
    // While Discord is down, the thread is not treated as one that cannot be opened.
    discord.archive(thread, false);
    discord.faults().next(1, "PATCH /channels/*", Fault::Status(503, 0));
    let busy = poster.edit(id(thread), posted, &says("denied")).await;
    assert!(matches!(busy, Err(Undelivered::Later { .. })), "{busy:?}");
}
