//! The picture that follows the words of `/lock history`.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use locktender::context::Context;
use locktender::watch::{Ending, Hold, PastHold};
use resvg::tiny_skia::Pixmap;
use serde_json::json;

use super::scene::{Running, Scene};
use crate::support::discord::{Attachment, Fault, Message, MessageId, Response};
use crate::support::proxy::Gate;

const STATE: &str = "env/prod";

/// The route of the picture.
const EDIT: &str = "PATCH /webhooks/*/*/messages/@original";

/// Records holds of a state, each so many hours ago, as looks would have.
pub async fn remember(context: &Context, state: &str, hours_ago: &[i64]) {
    let now = context.reading.clock.now();
    let state = context.reading.catalog.resolve(state).unwrap();
    for (n, hours) in hours_ago.iter().enumerate() {
        let since = now - TimeDelta::hours(*hours);
        let hold: Hold = serde_json::from_value(json!({
            "id": format!("{n:064x}"), "state": state, "who": "ci@runner-1",
            "operation": "OperationTypeApply", "since": since,
        }))
        .unwrap();
        assert!(context.holds.begin(&hold).await.unwrap());
        let ended_at: DateTime<Utc> = since + TimeDelta::minutes(20);
        let past = PastHold { hold, ended_at, ending: Ending::Cleared };
        assert!(context.holds.end(&past, None, ended_at, &|_| Vec::new()).await.unwrap());
    }
}

/// A scene whose state has some past holds.
async fn scene() -> (Scene, Running) {
    let scene = Scene::new().await;
    let bot = scene.start().await;
    scene.registered(1).await;
    remember(&bot.context, STATE, &[700, 500, 300, 100, 50, 10, 2]).await;
    (scene, bot)
}

/// Waits until a message has a file, and returns both.
async fn with_picture(scene: &Scene, id: MessageId) -> (Message, Attachment) {
    scene
        .discord
        .eventually("a picture", |world| {
            let message = world.message(id)?;
            let picture = message.attachments.first()?;
            Some((message.clone(), picture.clone()))
        })
        .await
}

#[tokio::test]
async fn the_picture_of_thirty_days_follows_the_words() {
    let (scene, _bot) = scene().await;
    let gate = Arc::new(Gate::default());
    scene.discord.faults().next(1, EDIT, Fault::Wait(gate.clone()));
    let answer = scene.alice.slash(scene.channel, "history", &[("state", STATE)]).await;
    let answer = answer.settled().await;
    // The words are there while the picture is on its way.
    assert!(matches!(answer.response(), Some(Response::Message)));
    let words = scene.text(&answer.message());
    assert!(words.contains("**20 min** · apply · `ci@runner-1`"), "{words}");
    assert!(answer.message().attachments.is_empty());
    gate.open();
    let (message, picture) = with_picture(&scene, answer.message().id).await;
    assert_eq!(scene.text(&message), words, "the words stay");
    assert_eq!((&*picture.filename, &*picture.content_type), ("timeline.png", "image/png"));
    let pixels = Pixmap::decode_png(&picture.bytes).unwrap();
    assert_eq!(pixels.width(), 1_120);
    assert!(picture.bytes.len() < 200_000, "{} bytes", picture.bytes.len());
    let description = picture.description.unwrap();
    assert!(
        description.starts_with("env/prod. Holds from ") && description.contains(": 7 holds."),
        "{description}"
    );
    scene.assert_clean();
}

#[tokio::test]
async fn the_words_stand_if_the_picture_is_refused() {
    let (scene, bot) = scene().await;
    scene.discord.faults().next(1, EDIT, Fault::Status(403, 50_013));
    let answer = scene.ask("history", &[("state", STATE)]).await;
    let words = scene.text(&answer.message());
    let refused = |seen: usize| (seen == 1).then_some(());
    scene.discord.eventually("the try", |world| refused(world.requests_to(EDIT).len())).await;
    // The bot ends after its interactions have.
    bot.stop().await.unwrap();
    assert_eq!(scene.text(&answer.message()), words);
    assert_eq!(answer.message().edits, 0);
    assert_eq!(scene.discord.world().requests_to(EDIT).len(), 1, "it is not tried again");
    scene.assert_clean();
}

#[tokio::test]
async fn pages_keep_the_picture_and_get_no_other() {
    let (scene, bot) = scene().await;
    let answer = scene.ask("history", &[("state", STATE)]).await;
    let (message, _) = with_picture(&scene, answer.message().id).await;
    // The first page again, as `Newest` asks for it.
    let pressed = scene.alice.press_forged(&message, "1:history::10:env/prod").await;
    assert!(matches!(pressed.response(), Some(Response::Update)));
    assert_eq!(pressed.message().attachments.len(), 1);
    bot.stop().await.unwrap();
    assert_eq!(scene.discord.world().requests_to(EDIT).len(), 1);
    scene.assert_clean();
}

#[tokio::test]
async fn one_hold_has_no_picture() {
    let (scene, bot) = scene().await;
    remember(&bot.context, "env/dev", &[800, 20]).await;
    let answer = scene.ask("history", &[("state", "env/dev")]).await;
    assert!(scene.text(&answer.message()).contains("**20 min** · "));
    bot.stop().await.unwrap();
    assert_eq!(scene.discord.world().requests_to(EDIT).len(), 0);
    scene.assert_clean();
}

#[tokio::test]
async fn a_hostile_name_has_a_picture_like_others() {
    let (scene, bot) = scene().await;
    let name = "env/<b>&\"'\u{ffff}]]>@everyone 🔒 שלום";
    remember(&bot.context, name, &[100, 20]).await;
    let answer = scene.ask("history", &[("state", name)]).await;
    let (_, picture) = with_picture(&scene, answer.message().id).await;
    assert_eq!(Pixmap::decode_png(&picture.bytes).unwrap().width(), 1_120);
    assert!(picture.description.unwrap().contains(name));
    scene.assert_clean();
}
