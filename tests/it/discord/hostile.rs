//! Untrusted text is shown letter for letter. It pings no one and never breaks a message.

use std::sync::Arc;

use async_trait::async_trait;
use locktender::aws::AwsLocks;
use locktender::error::Fault;
use locktender::lock::{HeldLock, LockState, State, Stores};
use locktender::ports::{Deleted, Listing, Locks, Seen};
use locktender::text::clip;
use locktender::unlock::ApprovedUnlock;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::json;

use super::scene::{CREATED, Scene};
use crate::support::discord::Message;

/// The part of a text that Discord's parser reads as plain text. The order of the scan is Discord's: an
/// escape, else a code block, else inline code, else a letter. A code block counts as live markup.
fn outside_code(text: &str) -> String {
    let mut outside = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        if c == '\\' && after.starts_with(|next: char| !next.is_alphanumeric() && next != ' ') {
            rest = &after[after.chars().next().unwrap().len_utf8()..];
        } else if rest.starts_with("```") && rest[3..].contains("```") {
            panic!("a code block in {text}");
        } else if let Some(end) = inline_code(rest) {
            rest = &rest[end..];
        } else {
            outside.push(c);
            rest = after;
        }
    }
    outside
}

/// The end of the inline code at the start of a text: a run of as many ticks as at its beginning.
fn inline_code(text: &str) -> Option<usize> {
    let ticks = |text: &str| text.chars().take_while(|&c| c == '`').count();
    let fence = ticks(text);
    let mut at = fence;
    while fence > 0 && at < text.len() {
        at += text[at..].find('`')?;
        match ticks(&text[at..]) {
            run if run == fence => return Some(at + run),
            run => at += run,
        }
    }
    None
}

/// Asserts that only the bot's own parts of a message are live markup.
#[track_caller]
pub(super) fn assert_dead(text: &str) {
    let mut outside = outside_code(text);
    // The bot's own parts: bold words, and times.
    for word in ["active", "long", "stale"] {
        outside = outside.replace(&format!("**{word}**: "), word);
    }
    for words in ["Held for", "Held", "Half locked"] {
        outside = outside.replace(&format!("**{words}"), words);
    }
    let own = |line: &str| match line.split_once("** \u{b7} ") {
        Some((age, rest)) => format!("{} {rest}", age.replacen("**", "", 1)),
        None => line.replacen("**", "", 1),
    };
    let outside: String = outside.lines().map(own).collect::<Vec<_>>().join("\n");
    let outside = outside.replace("<t:1795420080:F> (<t:1795420080:R>)", "");
    for live in
        ["**", "__", "~~", "||", "](", "<@", "<#", "<:", "<t:", "@everyone", "@here", "://", "`"]
    {
        assert!(!outside.contains(live), "{live} is live in\n{outside}\nof\n{text}");
    }
}

/// Locks that are all half, as if lockfiles were configured and all were missing.
struct Halves(AwsLocks);

#[async_trait]
impl Locks for Halves {
    async fn inspect(&self, state: &State) -> Result<LockState, Fault> {
        self.0.inspect(state).await
    }

    async fn list(&self) -> Result<Listing, Fault> {
        let half = |held: HeldLock| HeldLock {
            lock: LockState::from_stores(
                Stores { row: true, lockfile: true },
                held.lock.sources().and_then(|sources| sources.row.clone()),
                None,
            ),
            state: held.state,
        };
        let all = self.0.list().await?;
        Ok(Listing { held: all.held.into_iter().map(half).collect(), ..all })
    }

    async fn seen(&self) -> Result<Seen, Fault> {
        self.0.seen().await
    }

    async fn delete_lockfile(&self, unlock: &ApprovedUnlock) -> Result<Deleted, Fault> {
        self.0.delete_lockfile(unlock).await
    }
}

/// Text with markup, mentions and control characters.
pub(super) fn hostile_text() -> impl Strategy<Value = String> {
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
        Just("a ``` [click](https://evil.test) **b** <@1>".to_owned()),
        "😀{1,300}",
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

#[tokio::test]
async fn whatever_a_record_says_the_message_is_valid_and_has_no_live_markup() {
    let scene = Scene::new().await;
    let _bot = scene.start().await;
    scene.registered(1).await;
    let mut runner = TestRunner::deterministic();
    let strategy = (hostile_text(), hostile_text(), hostile_text());
    for _ in 0..80 {
        let (who, version, info) = strategy.new_tree(&mut runner).unwrap().current();
        let record = json!({
            "ID": format!("id{who}"), "Operation": format!("op{info}"), "Info": format!("i{info}"),
            "Who": format!("w{who}"), "Version": format!("v{version}"), "Created": CREATED,
        });
        scene.put("env/prod", &record.to_string()).await;
        for answer in [
            scene.ask("status", &[("state", "env/prod")]).await,
            scene.ask("list", &[]).await,
            scene.ask("list", &[("filter", &clip(&format!("x{info}"), 60))]).await,
            scene.ask("status", &[("state", &format!("../{who}"))]).await,
        ] {
            for message in answer.messages() {
                assert_dead(&body(&scene, &message));
            }
        }
    }
    scene.assert_clean();
}

/// A message without its buttons, which come last. Their ids are not text.
fn body(scene: &Scene, message: &Message) -> String {
    let text = scene.text(message);
    text.split_once("\n└").map_or(text.clone(), |(embed, _)| embed.to_owned())
}

#[tokio::test]
async fn ten_locks_of_the_worst_kind_fit_into_one_message() {
    let worst = [("`", "`"), ("*", "`"), ("😀", "😀"), ("``", "**"), ("é", "_")];
    for (name, who) in worst {
        let scene = Scene::new().await;
        for n in 0..10 {
            let record = json!({
                "ID": "i", "Operation": who.repeat(100), "Who": who.repeat(100), "Created": CREATED,
            });
            scene.put(&format!("{}{n}", name.repeat(90)), &record.to_string()).await;
        }
        let locks = Halves(scene.db.locks());
        let _bot = scene.start_with(Arc::new(locks), scene.discord.guild()).await;
        scene.registered(1).await;
        let filter = who.repeat(60 / who.chars().count());
        for options in [&[][..], &[("filter", filter.as_str())]] {
            let answer = scene.ask("list", options).await;
            assert!(answer.response().is_some(), "{name} {who}: unanswered");
            assert_dead(&body(&scene, &answer.message()));
        }
        scene.assert_clean();
    }
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
        assert_dead(&body(&scene, &status));
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
    let list = scene.ask("list", &[]).await.message();
    assert_dead(&body(&scene, &list));
    let mut seen = vec![scene.text(&list)];
    for name in names {
        let message = scene.ask("status", &[("state", name)]).await.message();
        assert_dead(&body(&scene, &message));
        let title = scene.text(&message).lines().nth(1).unwrap().to_owned();
        seen.push(title);
    }
    let age = |line: &str| match line.split_once("** · ") {
        Some((_, rest)) => format!("│   (some time) · {rest}"),
        None => line.to_owned(),
    };
    let stays = |line: &&str| !line.contains("timestamp: ");
    let lines: Vec<String> = seen.join("\n").lines().filter(stays).map(age).collect();
    insta::assert_snapshot!(lines.join("\n"));
    scene.assert_clean();
}
