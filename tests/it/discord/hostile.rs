//! Text from outside is shown letter for letter, pings nobody and never breaks a message.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::json;

use super::scene::{CREATED, Scene};

/// What is left of a message when its code is taken out, in which nothing is markup.
fn outside_code(text: &str) -> String {
    let mut outside = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('`') {
        let fence = rest[start..].chars().take_while(|&c| c == '`').count();
        let after = &rest[start + fence..];
        // The span ends at a run of just as many ticks, as in Discord's parser.
        let end = runs(after).find(|&(_, length)| length == fence).map(|(at, _)| at);
        let Some(end) = end else { break };
        outside.push_str(&rest[..start]);
        outside.push_str("<code>");
        rest = &after[end + fence..];
    }
    outside + rest
}

/// Every run of backticks in a text, with its place and its length.
fn runs(text: &str) -> impl Iterator<Item = (usize, usize)> {
    let starts = text.match_indices('`').map(|(at, _)| at);
    let starts = starts.filter(|&at| at == 0 || !text[..at].ends_with('`'));
    starts.map(|at| (at, text[at..].chars().take_while(|&c| c == '`').count()))
}

fn hostile_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("@everyone".to_owned()),
        Just("<@123456789012345678>".to_owned()),
        Just("<@&123456789012345678>".to_owned()),
        Just("`".to_owned()),
        Just("```\n".to_owned()),
        Just("[click](https://evil.test)".to_owned()),
        Just("# heading\n".to_owned()),
        Just("**bold** __x__ ||spoiler|| ~~s~~".to_owned()),
        Just("\u{200b}\u{202e}\0\u{1b}[31m".to_owned()),
        Just("<t:0:R><:a:1>".to_owned()),
        Just(" ".to_owned()),
        "\\PC{0,20}",
        any::<String>(),
        "[`\\\\]{1,300}",
        "😀{1,300}",
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

#[tokio::test]
async fn whatever_a_record_says_the_message_is_valid_and_has_no_live_markup() {
    let scene = Scene::new().await;
    let _bot = scene.start().await;
    scene.registered(1).await;
    let ask = async |who: &str, version: &str, info: &str| {
        let record = json!({
            "ID": format!("id{who}"), "Operation": format!("op{info}"), "Info": format!("i{info}"),
            "Who": format!("w{who}"), "Version": format!("v{version}"), "Created": CREATED,
        });
        scene.put("env/prod", &record.to_string()).await;
        let status = scene.ask("status", &[("state", "env/prod")]).await.message();
        let list = scene.ask("list", &[]).await.message();
        let text = scene.text(&status) + &scene.text(&list);
        let age = |line: &&str| !line.contains("Held for") && !line.contains(" · ");
        let lines = outside_code(&text);
        (text.clone(), lines.lines().filter(age).collect::<Vec<_>>().join("\n"))
    };
    let (_, benign) = ask("root@vm", "1.11.4", "note").await;

    let mut runner = TestRunner::deterministic();
    let strategy = (hostile_text(), hostile_text(), hostile_text());
    for _ in 0..60 {
        let (who, version, info) = strategy.new_tree(&mut runner).unwrap().current();
        let (text, outside) = ask(&who, &version, &info).await;
        assert_eq!(outside, benign, "of {who:?} {version:?} {info:?}:\n{text}");
    }
    scene.assert_clean();
}

#[tokio::test]
async fn records_that_are_none_are_shown_as_code() {
    let scene = Scene::new().await;
    let _bot = scene.start().await;
    scene.registered(1).await;
    let huge = "@everyone ".repeat(20_000);
    for record in ["@everyone <@1>", "```\nx\n```", "{\"ID\":\"`\",\"Who\":7}", &huge] {
        scene.put("env/prod", record).await;
        let status = scene.ask("status", &[("state", "env/prod")]).await.message();
        let text = scene.text(&status);
        assert!(text.contains("unreadable"), "{text}");
        assert!(!outside_code(&text).contains("@everyone"), "{text}");
    }
    scene.assert_clean();
}

#[tokio::test]
async fn hostile_names_are_shown_and_ping_nobody() {
    let scene = Scene::new().await;
    let names = [
        "@everyone",
        "**bold**",
        "[a](https:x)",
        "# x",
        "<@1>",
        "snake_case_name",
        "a`b`c",
        "||x||",
        "1. one",
    ];
    for name in names {
        scene.lock(name, "root@vm").await;
    }
    scene.lock(&"`*".repeat(300), "`".repeat(300).as_str()).await;
    let _bot = scene.start().await;
    scene.registered(1).await;
    let mut seen = vec![scene.text(&scene.ask("list", &[]).await.message())];
    for name in names {
        let message = scene.ask("status", &[("state", name)]).await.message();
        let title = scene.text(&message).lines().nth(1).unwrap().to_owned();
        seen.push(title);
    }
    let age = |line: &str| match line.split_once("** · ") {
        Some((_, rest)) => format!("│   (some time) · {rest}"),
        None => line.to_owned(),
    };
    let lines: Vec<String> = seen.join("\n").lines().map(age).collect();
    insta::assert_snapshot!(lines.join("\n"));
    scene.assert_clean();
}
