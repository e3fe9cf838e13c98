//! What needs only the program.

use std::fs;
use std::path::Path;

use crate::support::deadline::Deadline;
use crate::support::dynamodb::{DynamoDb, TABLE};
use crate::support::e2e;
use crate::support::stand::Stand;
use crate::written::blocks::{read, root};
use crate::written::list::Story;
use crate::written::stage::Stage;

/// The variable that makes the test write the conversation into its page.
const WRITE: &str = "LOCKTENDER_WRITE_PAGES";

/// The moments of a run, which differ, in one form.
fn settled(conversation: &str) -> String {
    let digits = |c: char| if c.is_ascii_digit() { '0' } else { c };
    let words = conversation.split(" UTC").map(|part| {
        let start =
            part.char_indices().rev().nth("2026-11-25 08:42:41".len() - 1).map_or(0, |(at, _)| at);
        let (before, moment) = part.split_at(start);
        before.to_owned() + &moment.chars().map(digits).collect::<String>()
    });
    words.collect::<Vec<_>>().join(" UTC")
}

#[tokio::test]
async fn the_demo_says_what_its_page_says() {
    let mut stage = Stage::of(Story::Demo);
    let said = stage.play("README.md", "<<'END'").await;
    stage.end();
    let page = read("docs/DEMO.md");
    let (before, rest) = page.split_once("```\n").unwrap();
    let (conversation, after) = rest.split_once("```\n").unwrap();
    let said = format!("{}\n", said.stdout.trim_end());
    if std::env::var_os(WRITE).is_some() {
        let page = format!("{before}```\n{said}```\n{after}");
        fs::write(root().join("docs/DEMO.md"), page).unwrap();
        return;
    }
    assert_eq!(
        settled(&said),
        settled(conversation),
        "if the demo is meant to say this: {WRITE}=1 cargo test --test it written"
    );
}

#[tokio::test]
async fn completions_and_the_manual_are_where_a_shell_looks() {
    let mut stage = Stage::of(Story::Shell);
    stage.play("docs/COMMANDS.md", "bash-completion").await;
    let share = stage.folder().join(".local/share");
    for (file, text) in [
        ("bash-completion/completions/locktender", "_locktender()"),
        ("man/man1/locktender.1", ".TH locktender 1"),
    ] {
        assert!(
            fs::read_to_string(share.join(file)).unwrap().contains(text),
            "{file} has no {text}"
        );
    }
    stage.play("deploy/container/README.md", "cp .env.example").await;
    assert_eq!(
        fs::read(stage.folder().join(".env")).unwrap(),
        fs::read(root().join(".env.example")).unwrap()
    );
    stage.end();
}

#[tokio::test]
async fn the_file_is_checked_and_explained() {
    let mut stage = Stage::of(Story::Settings)
        .set("AWS_REGION", "eu-central-1")
        .set("LOCKTENDER_CONFIG", "locktender.example.toml");
    let ran = stage.play("docs/SETTINGS.md", "--explain").await;
    assert!(ran.stdout.contains("env/prod"), "{ran:?}");
    stage.end();
}

#[tokio::test]
async fn a_bot_starts_for_the_first_time() {
    let stand = Stand::without_tables().await;
    let mut stage = Stage::of(Story::FirstStart).at(&stand.db.endpoint());
    // What a reader fills in.
    let discord = &stand.discord;
    let settings = format!(
        "DISCORD_TOKEN={}\nDISCORD_GUILD_ID={}\nDISCORD_API_URL={}\nLOCKTENDER_APPROVER_ROLE_IDS={}\n\
         LOCKTENDER_STATE_BUCKET=states\nLOCKTENDER_LOCK_TABLE={TABLE}\n",
        discord.token(),
        discord.guild(),
        discord.url(),
        discord.role("operators"),
    );
    stage.play("README.md", "cp .env.example").await;
    fs::write(stage.folder().join(".env"), settings).unwrap();
    let block = stage.take("README.md", "run --migrate");
    let bot = stage.start(&block.text, Path::new("/dev/null"));
    let deadline = Deadline::generous();
    // As the guide says.
    while !["connected", "commands registered"].iter().all(|word| bot.stderr().contains(word)) {
        assert!(deadline.look_again().await, "{}", bot.output());
    }
    assert!(bot.stdout().contains("terraform.tfstate"), "what the settings mean: {}", bot.stdout());
    drop(bot);
    stage.end();
}

#[tokio::test]
async fn the_tables_are_looked_at_before_an_update_and_after_a_restore() {
    let db = DynamoDb::start().await;
    db.migrate().await;
    let mut stage = Stage::of(Story::Upgrade)
        .at(&db.endpoint())
        .set("LOCKTENDER_STATE_BUCKET", "states")
        .set("LOCKTENDER_LOCK_TABLE", TABLE);
    stage.play("docs/UPGRADING.md", "config check").await;
    let block = stage.take("docs/BACKUP.md", "migrate --check");
    let ran = stage.run(&block.text, "").await;
    // The doctor finds that these tables are not protected.
    assert_eq!(ran.code, Some(1), "{ran:?}");
    for text in ["Nothing is pending.", "Nothing is recorded yet.", "deletion-protection-off"] {
        assert!(ran.stdout.contains(text), "no {text:?} in {ran:?}");
    }
    stage.end();
}

#[tokio::test]
async fn an_export_is_searched_and_verified() {
    if ["bash", "jq", "sha256sum"].into_iter().any(|name| e2e::tool(name).is_none()) {
        return;
    }
    let office = crate::audit::recorded().await;
    let mut stage = Stage::of(Story::Trail).at(&office.db.endpoint());
    let export =
        stage.run("locktender audit export > trail.jsonl; locktender audit verify", "").await;
    assert_eq!(export.code, Some(0), "{export:?}");
    let page = read("docs/AUDIT.md");
    let script = page.split("```sh\n").find(|block| block.starts_with("#!")).unwrap();
    fs::write(stage.folder().join("verify.sh"), script.split("```").next().unwrap()).unwrap();

    let one = stage.play("docs/AUDIT.md", "select(.seq == 1").await;
    let first = fs::read_to_string(stage.folder().join("trail.jsonl")).unwrap();
    let hash = one.stdout.split(' ').next().unwrap();
    assert!(first.contains(hash), "{hash} is the hash of no entry: {first}");
    let then = stage.play("docs/AUDIT.md", "then.jsonl").await;
    let digest = then.stdout.split(' ').next().unwrap();
    assert!(export.stdout.contains(digest), "{then:?} is not {export:?}");
    stage.end();
}
