//! A card shows hostile reasons, names and records as plain text, and pings only the approvers.

use chrono::TimeDelta;
use locktender::clock::SystemClock;
use locktender::ports::Clock;
use locktender::text::clip;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::json;

use super::hostile::{assert_dead, hostile_text};
use super::scene::Scene;
use crate::support::discord::{Message, Person, World};
use crate::support::dynamodb::{BUCKET, text};

/// Names of states that Terraform accepts and Discord would interpret.
const STATES: [&str; 12] = [
    "env/prod",
    "x@everyone",
    "**bold**",
    "[a](https:x)",
    "# x",
    "<@1>",
    "<@&1>",
    "snake_case_name",
    "a`b`c",
    "||x||",
    "1. one",
    "`*_~|<#1>`*_~|<#1>`*_~|<#1>`*_~|<#1>`*_~|<#1>`*_~|<#1>`*_~|<#1>`*_~|<#1>`*_~|<#1>",
];

/// The key of a state, with its workspace if it has one.
fn key(state: &str) -> String {
    match state.split_once('@') {
        Some((name, workspace)) => format!("env:/{workspace}/{name}/terraform.tfstate"),
        None => format!("{state}/terraform.tfstate"),
    }
}

/// The text of the embeds, without the bot's own bold words, its times, and the accounts of these people
/// that it puts beside a name.
fn words(message: &Message, people: &[Person]) -> String {
    let mut words = Vec::new();
    for embed in &message.embeds {
        words.extend(embed.title.clone());
        words.extend(embed.description.clone());
        words.extend(embed.fields.iter().flat_map(|f| [f.name.clone(), f.value.clone()]));
        words.extend(embed.footer.as_ref().map(|footer| footer.text.clone()));
    }
    let words = words.join("\n").replace("**Before you approve,**", "Before you approve,");
    let without = |words: String, one: &Person| words.replace(&format!(" (<@{}>)", one.id()), "");
    let words = people.iter().fold(words, without);
    let mut rest = &*words;
    let mut timeless = String::new();
    while let Some(at) = rest.find("<t:") {
        timeless.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = own_time(rest).unwrap_or("<t:".len());
        if end == "<t:".len() {
            timeless.push_str("<t:");
        }
        rest = &rest[end..];
    }
    timeless + rest
}

/// The end of a time that the bot writes: `<t:1795420080:F> (<t:1795420080:R>)`.
fn own_time(text: &str) -> Option<usize> {
    let unix = text.strip_prefix("<t:")?.split_once(":F>")?.0;
    let own = format!("<t:{unix}:F> (<t:{unix}:R>)");
    (unix.len() == 10 && text.starts_with(&own)).then_some(own.len())
}

/// Waits for this number of messages in the channel, and returns the newest.
async fn newest(scene: &Scene, count: usize) -> Message {
    let look = |world: &World| {
        let here = world.channel(scene.channel);
        (here.len() >= count).then(|| here[here.len() - 1].clone())
    };
    scene.discord.eventually("a card", look).await
}

/// Asserts that a card has no live markup, and pings only the approvers.
#[track_caller]
fn assert_tame(scene: &Scene, card: &Message, people: &[Person]) {
    // A second card of a state within an hour pings no one.
    let approvers = format!("<@&{}>", scene.approvers());
    assert!(card.content.is_empty() || card.content == approvers, "{}", card.content);
    let words = words(card, people).replace(&approvers, "");
    assert_dead(&words);
    scene.assert_only_approvers_called();
}

/// The last of the people opens a request. The lock and the card have these texts.
async fn dance(scene: &Scene, people: &[Person], state: &str, texts: [&str; 3], seen: usize) {
    let requester = people.last().unwrap();
    let [who, reason, why_not] = texts;
    let created = SystemClock.now() - TimeDelta::hours(5);
    let record = json!({
        "ID": format!("id{who}"), "Operation": format!("op{reason}"), "Info": format!("i{why_not}"),
        "Who": format!("w{who}"), "Version": "1.11.4", "Created": created,
    });
    let path = format!("{BUCKET}/{}", key(state));
    scene.db.put(&path, &[("Info", text(&record.to_string()))]).await;
    let typed = format!("main:{state}");
    let options = [("state", &*typed), ("reason", reason)];
    let answer = requester.slash(scene.channel, "unlock", &options).await.settled().await;
    for message in answer.messages() {
        assert!(
            scene.text(&message).contains("Your request"),
            "{state:?}: {}",
            scene.text(&message)
        );
        let link = "https://discord.com/channels/";
        assert_dead(&words(&message, &[]).replace(link, ""));
    }
    let card = newest(scene, seen + 1).await;
    let by = format!(" (<@{}>)", requester.id());
    assert!(card.embeds[0].fields.iter().any(|field| field.value.ends_with(&by)));
    assert_eq!(card.buttons().len(), 3, "{}", scene.text(&card));
    assert_tame(scene, &card, people);

    // The answer about an open request contains the requester's name.
    let other = scene.bob.slash(scene.channel, "unlock", &options).await;
    let told = other.settled().await.message();
    assert!(scene.text(&told).contains("There is an open request"));
    assert_dead(&words(&told, people).replace("https://discord.com/channels/", ""));

    let form = scene.bob.press(&card, "Deny").await.modal();
    scene.bob.submit(&form, &[("text", why_not)]).await;
    let denied = scene.says(&card, ": denied").await;
    assert_tame(scene, &denied, people);
    let history = scene.bob.slash(scene.channel, "history", &[("state", &typed)]).await;
    assert_dead(&words(&history.settled().await.message(), people));
}

#[tokio::test]
async fn whatever_is_written_the_card_is_valid_and_calls_nobody_but_the_approvers() {
    let scene = Scene::new().await;
    scene.discord.faults().lift_global_limit();
    let _bot = scene.start().await;
    scene.registered(1).await;
    let mut runner = TestRunner::deterministic();
    let strategy = (hostile_text(), hostile_text(), hostile_text(), hostile_text());
    let mut people = vec![scene.bob.clone()];
    for round in 0..24 {
        let (who, reason, why_not, name) = strategy.new_tree(&mut runner).unwrap().current();
        // A form takes 500 characters, as Discord counts them.
        let (reason, why_not) = (format!("x{}", clip(&reason, 240)), clip(&why_not, 240));
        people.push(scene.discord.member(&format!("u{}", clip(&name, 31)), &[]));
        let state = STATES[round % STATES.len()];
        dance(&scene, &people, state, [&who, &reason, &why_not], round).await;
    }
}

#[tokio::test]
async fn the_longest_texts_of_the_worst_kind_fit_into_a_card() {
    let scene = Scene::new().await;
    scene.discord.faults().lift_global_limit();
    let _bot = scene.start().await;
    scene.registered(1).await;
    let mut people = vec![scene.bob.clone()];
    for (seen, worst) in ["`", "*", "😀", "\\", "<#1>"].into_iter().enumerate() {
        let long = |length: usize| worst.repeat(length / worst.chars().count());
        people.push(scene.discord.member(&long(32), &[]));
        let state = format!("s{}", long(1_000));
        let state = clip(&state, 240);
        dance(&scene, &people, &state, [&long(300), &long(500), &long(500)], seen).await;
    }
}
