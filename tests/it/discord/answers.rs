//! People's questions and the bot's answers.

use super::scene::{CREATED, Scene};
use crate::support::discord::Response;
use crate::support::dynamodb::BUCKET;
use crate::support::given::record;

#[tokio::test]
async fn commands_are_registered_once_and_again_only_when_they_differ() {
    let scene = Scene::new().await;
    let bot = scene.start().await;
    scene.registered(1).await;
    bot.stop().await.unwrap();
    let bot = scene.start().await;
    let gets = "GET /applications/*/guilds/*/commands";
    let asked_twice = |asked: usize| (asked == 2).then_some(());
    scene.discord.eventually("a look", |world| asked_twice(world.requests_to(gets).len())).await;
    scene.ask("help", &[]).await;
    bot.stop().await.unwrap();
    assert_eq!(scene.discord.world().bulk_overwrites, 1);
    insta::assert_json_snapshot!(
        scene.discord.world().commands.values().collect::<Vec<_>>(),
        { "[][].id" => "", "[][].version" => "", "[][].application_id" => "", "[][].guild_id" => "" }
    );
    scene.assert_clean();
}

#[tokio::test]
async fn status_names_the_holder_in_one_response() {
    let scene = Scene::new().await;
    scene.lock("env/prod", "jjoyner@ci-runner-04").await;
    scene.put("env/odd", "?").await;
    let _bot = scene.start().await;
    scene.registered(1).await;

    let mut seen = Vec::new();
    for state in ["env/prod", "env/odd", "env/dev"] {
        let answer = scene.ask("status", &[("state", state)]).await;
        assert!(matches!(answer.response(), Some(Response::Message)), "{state}");
        let message = answer.message();
        assert!(!message.is_ephemeral());
        seen.push(scene.text(&message));
    }

    // The age grows from day to day.
    let held_for = |text: String| {
        let line = |line: &str| match line.split_once("Held for ") {
            Some((before, rest)) => {
                format!("{before}Held for (some time){}", &rest[rest.find("**").unwrap()..])
            }
            None => match line.split_once("**: ").zip(line.split_once("; there are too few")) {
                Some(((word, _), (_, rest))) => {
                    format!("{word}**: (some time); there are too few{rest}")
                }
                None => line.to_owned(),
            },
        };
        let stays = |line: &&str| !line.contains("timestamp: ");
        text.lines().filter(stays).map(line).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(held_for(seen.join("\n\n")));
    scene.assert_clean();
}

#[tokio::test]
async fn refresh_changes_the_message_in_place_after_a_restart_too() {
    let scene = Scene::new().await;
    scene.lock("env/prod", "root@vm").await;
    let bot = scene.start().await;
    scene.registered(1).await;
    let message = scene.ask("status", &[("state", "env/prod")]).await.message();
    bot.stop().await.unwrap();

    scene.db.delete(&format!("{BUCKET}/env/prod/terraform.tfstate")).await;
    let _bot = scene.start().await;
    let answer = scene.alice.press(&message, "Refresh").await;

    assert!(matches!(answer.response(), Some(Response::Update)));
    let world = scene.discord.world();
    let now = world.message(message.id).unwrap();
    assert!(world.text(now).contains("env/prod is free"), "{}", world.text(now));
    assert_eq!(world.channel(scene.channel).len(), 1, "no second message");
    scene.assert_clean();
}

#[tokio::test]
async fn list_pages_through_all_locks_oldest_first() {
    let scene = Scene::new().await;
    for n in 0..23 {
        let created = format!("2026-11-22T{n:02}:00:00Z");
        let record = record("1f6e7bc2", "OperationTypePlan", &format!("ci@runner-{n}"), &created);
        scene.put(&format!("service/{n:02}"), &record).await;
    }
    let _bot = scene.start().await;
    scene.registered(1).await;

    let message = scene.ask("list", &[]).await.message();
    let names = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| c.is_whitespace() || c == ':');
        words.filter(|word| word.starts_with("service/")).map(str::to_owned).collect()
    };
    let mut seen = names(&scene.text(&message));
    let disabled = |label: &str| {
        let world = scene.discord.world();
        let now = world.message(message.id).unwrap().clone();
        let is = |button: &&_| -> bool { label_of(button) == Some(label) };
        now.buttons().into_iter().find(is).unwrap().disabled
    };
    assert!(disabled("Previous") && !disabled("Next"));
    for _ in 0..2 {
        let page = scene.alice.press(&message, "Next").await.message();
        seen.extend(names(&scene.text(&page)));
    }
    assert!(!disabled("Previous") && disabled("Next"));
    let all: Vec<String> = (0..23).map(|n| format!("service/{n:02}")).collect();
    assert_eq!(seen, all);
    let back = scene.alice.press(&message, "Previous").await.message();
    assert!(scene.text(&back).contains("Page 2 of 3"), "{}", scene.text(&back));

    let one = scene.ask("list", &[("filter", "runner-21")]).await.message();
    assert_eq!(names(&scene.text(&one)), ["service/21"]);
    scene.assert_clean();
}

fn label_of(button: &twilight_model::channel::message::component::Button) -> Option<&str> {
    button.label.as_deref()
}

#[tokio::test]
async fn help_is_for_the_asker_alone() {
    let scene = Scene::new().await;
    let _bot = scene.start().await;
    scene.registered(1).await;
    let message = scene.ask("help", &[]).await.message();
    assert_eq!(message.only_for, Some(scene.alice.id()));
    insta::assert_snapshot!(scene.text(&message));
    scene.assert_clean();
}

#[tokio::test]
async fn a_name_that_is_none_is_refused_to_the_asker_alone() {
    let scene = Scene::new().await;
    scene.lock("env/prod", "root@vm").await;
    let _bot = scene.start().await;
    scene.registered(1).await;
    let long = "x".repeat(1_025);
    for state in ["../env/prod", "env//prod", "env/\u{202e}prod", "mian:env/prod", &long] {
        let message = scene.ask("status", &[("state", state)]).await.message();
        assert!(message.is_ephemeral(), "{state}");
        let text = scene.text(&message);
        assert!(text.contains("no state name"), "{text}");
    }
    let nearest = scene.ask("status", &[("state", "../env/prod")]).await.message();
    assert!(scene.text(&nearest).contains("Did you mean `env/prod`?"));
    scene.assert_clean();
}

#[tokio::test]
async fn a_button_of_no_version_is_refused() {
    let scene = Scene::new().await;
    let _bot = scene.start().await;
    scene.registered(1).await;
    let message = scene.ask("list", &[]).await.message();
    for id in ["x", "0:approve:1", "0:list:-1:", "0:status:../x", "0:status:#0123456789abcdef"] {
        let answer = scene.alice.press_forged(&message, id).await.message();
        assert!(answer.is_ephemeral(), "{id}");
    }
    let untouched = scene.discord.world().message(message.id).unwrap().edits;
    assert_eq!(untouched, 0);
    scene.assert_clean();
}

#[tokio::test]
async fn a_lock_that_was_taken_at_a_known_time_shows_it_in_every_readers_zone() {
    let scene = Scene::new().await;
    scene.lock("env/prod", "root@vm").await;
    let _bot = scene.start().await;
    scene.registered(1).await;
    let text = scene.text(&scene.ask("status", &[("state", "env/prod")]).await.message());
    let unix = CREATED.parse::<chrono::DateTime<chrono::Utc>>().unwrap().timestamp();
    assert!(text.contains(&format!("<t:{unix}:F> (<t:{unix}:R>)")), "{text}");
}
