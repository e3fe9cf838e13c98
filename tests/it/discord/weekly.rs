//! The weekly report as Discord shows it: with a picture, or without one where files are not allowed.

use std::sync::Arc;

use chrono::{TimeDelta, Utc};
use locktender::aws::AwsWeeks;
use locktender::people::ChannelId;
use locktender::ports::Weeks;
use locktender::watch::WeekName;
use locktender::workers::WeeklyReports;
use resvg::tiny_skia::Pixmap;
use twilight_model::guild::Permissions;

use super::scene::{Running, Scene};
use super::timeline::remember;
use crate::support::discord::{self, Fault, Message};
use crate::support::dynamodb::tables;

/// A scene with some holds, and its channel for announcements.
async fn scene() -> (Scene, Running, discord::ChannelId) {
    let mut scene = Scene::new().await;
    let announcements = scene.discord.channel("announcements");
    scene.policy.announce = Some(ChannelId::new(announcements.get()));
    scene.policy.announce_min_hold = TimeDelta::days(1);
    let bot = scene.start().await;
    remember(&bot.context, "env/prod", &[100, 50]).await;
    // A past hold is found by the lock of its state.
    scene.lock("env/prod", "ci@runner-1").await;
    (scene, bot, announcements)
}

/// Has the report made that was due at the last midnight.
async fn report(scene: &Scene, bot: &Running) {
    let now = bot.context.reading.clock.now();
    let weeks = Arc::new(AwsWeeks::connect(&scene.db.session(), tables()));
    let long_ago = WeekName::stored("2000-W01");
    assert!(weeks.advance(None, &long_ago, now, None).await.unwrap());
    let at = format!("{} 00:00", now.with_timezone(&Utc).format("%A")).parse().unwrap();
    let weekly = WeeklyReports { context: bot.context.clone(), weeks, at };
    weekly.round().await.unwrap();
}

async fn posted(scene: &Scene, channel: discord::ChannelId) -> Message {
    scene
        .discord
        .eventually("the report", |world| {
            let said = |message: &&Message| world.text(message).contains("State locks");
            world.channel(channel).into_iter().find(said).cloned()
        })
        .await
}

#[tokio::test]
async fn it_comes_with_its_picture_and_pings_no_one() {
    let (scene, bot, channel) = scene().await;
    scene.discord.bot_may(channel, Permissions::all());
    report(&scene, &bot).await;
    let message = posted(&scene, channel).await;
    let picture = &message.attachments[0];
    assert_eq!(picture.filename, "report.png");
    assert_eq!(Pixmap::decode_png(&picture.bytes).unwrap().width(), 1_720);
    let description = picture.description.as_ref().unwrap();
    assert!(description.contains("Held longest: env/prod"), "{description}");
    assert!(scene.text(&message).contains("env/prod"));
    scene.assert_clean();
}

#[tokio::test]
async fn it_is_posted_without_a_picture_where_files_are_not_allowed() {
    let (scene, bot, channel) = scene().await;
    let may = Permissions::all() - Permissions::ATTACH_FILES;
    scene.discord.bot_may(channel, may);
    report(&scene, &bot).await;
    let message = posted(&scene, channel).await;
    assert!(message.attachments.is_empty());
    assert!(scene.text(&message).contains("env/prod"));
    scene.assert_clean();
}

#[tokio::test]
async fn it_is_posted_without_a_picture_where_something_on_the_way_takes_none() {
    let (scene, bot, channel) = scene().await;
    scene.discord.bot_may(channel, Permissions::all());
    let post = format!("POST /channels/{channel}/messages");
    scene.discord.faults().next(1, &post, Fault::Status(500, 0));
    report(&scene, &bot).await;
    let message = posted(&scene, channel).await;
    assert!(message.attachments.is_empty());
    assert_eq!(scene.discord.world().channel(channel).len(), 1);
    scene.assert_clean();
}

#[tokio::test]
async fn a_post_whose_answer_was_lost_is_not_repeated() {
    let (scene, bot, channel) = scene().await;
    scene.discord.bot_may(channel, Permissions::all());
    let post = format!("POST /channels/{channel}/messages");
    scene.discord.faults().next(1, &post, Fault::AnswerLost);
    report(&scene, &bot).await;
    let twice = |tries: usize| (tries >= 2).then_some(());
    scene.discord.eventually("a retry", |world| twice(world.requests_to(&post).len())).await;
    let world = scene.discord.world();
    assert_eq!(world.channel(channel).len(), 1);
    assert_eq!(world.channel(channel)[0].attachments.len(), 1);
    scene.assert_clean();
}
