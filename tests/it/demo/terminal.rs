//! The demo on a terminal.

use locktender::embedded::Embedded;

use super::settled;
use crate::support::dynamodb::{client, text};
use crate::support::leash::Leash;
use crate::support::program::Program;
use crate::support::screen::Screen;

/// The demo on a terminal of this many columns, after its greeting.
async fn demo(columns: u16) -> (Screen, Leash, String) {
    let screen = Screen::new(columns);
    // Its folder must be there until the program has started.
    let program = Program::new().set("TERM", "xterm");
    let running = program.start_on(&screen, &["demo"]);
    let greeting = screen.ends_in("alice>").await;
    (screen, running, greeting)
}

#[tokio::test]
async fn it_greets_in_at_most_eight_lines_even_on_a_narrow_terminal() {
    let (_, _running, greeting) = demo(60).await;
    assert!(greeting.lines().count() <= 8 + 2, "{greeting}");
    insta::assert_snapshot!(greeting);
}

/// What a person types who follows the greeting and the advice.
async fn story(columns: u16) -> String {
    let (screen, _running, _) = demo(columns).await;
    let mut said = String::new();
    for (line, prompt) in [
        ("status env/prod", "alice>"),
        ("notify me", "alice>"),
        ("unlock env/prod reason: the runner died", "alice>"),
        ("approve", "alice>"),
        ("bob: press Approve", "bob>"),
        ("history env/prod count:2", "bob>"),
        ("carol:", "carol>"),
        ("help", "carol>"),
        ("what now?", "carol>"),
    ] {
        said += &(screen.enter(line, prompt).await + "\n");
    }
    assert!(screen.is_painted());
    settled(&said)
}

#[tokio::test]
async fn its_lines_fit_a_narrow_terminal() {
    insta::assert_snapshot!(story(60).await);
}

#[tokio::test]
async fn its_lines_fit_a_usual_terminal() {
    insta::assert_snapshot!(story(80).await);
}

#[tokio::test]
async fn its_lines_stay_readable_on_a_wide_terminal() {
    let said = story(160).await;
    let too_wide = |line: &&str| line.chars().count() > 100;
    assert_eq!(said.lines().find(too_wide), None, "{said}");
}

#[tokio::test]
async fn tab_completes_people_commands_states_options_and_buttons() {
    let (screen, _running, _) = demo(80).await;
    for (keys, line) in [
        ("bo\t", "alice> bob:"),
        ("st\t", "alice> bob: status"),
        ("env/pr\t", "alice> bob: status env/prod"),
    ] {
        screen.types(keys);
        screen.ends_in(line).await;
    }
    screen.enter("", "bob>").await;
    // Several candidates are listed at once.
    screen.types("press \t");
    let listed = "\nRequest unlock  Notify me       Refresh\nbob> press";
    screen.until(|text| text.ends_with(listed)).await;
    screen.types("ref\t");
    screen.ends_in("bob> press Refresh").await;
    // Arrow up brings back the line before.
    screen.types("\x15\x1b[A");
    screen.ends_in("bob> bob: status env/prod").await;
}

#[tokio::test]
async fn ctrl_c_cancels_a_line_and_says_how_to_quit() {
    let (screen, mut running, _) = demo(80).await;
    screen.types("statsu\x03");
    let says = "alice> statsu\nTo quit, press Ctrl-D, or Ctrl-C once more.\nalice>";
    screen.until(|text| text.ends_with(says)).await;
    screen.enter("quti", "alice>").await;
    // Only the second of two in a row quits.
    screen.types("\x03");
    screen.until(|text| text.matches("To quit").count() == 2 && text.ends_with("\nalice>")).await;
    assert!(running.ended().is_none());
    screen.types("\x03");
    assert_eq!(running.wait().await.code(), Some(0));
}

#[tokio::test]
async fn ctrl_d_quits() {
    let (screen, mut running, _) = demo(80).await;
    screen.types("\x04");
    assert_eq!(running.wait().await.code(), Some(0));
}

#[tokio::test]
async fn it_is_not_coloured_where_colours_are_not_wanted_or_not_known() {
    for (variable, value) in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let screen = Screen::new(80);
        let program = Program::new().set("TERM", "xterm").set(variable, value);
        let _running = program.start_on(&screen, &["demo"]);
        screen.ends_in("alice>").await;
        let said = screen.enter("status env/prod", "alice>").await;
        assert!(said.contains("  🔒 env/prod is locked"), "{said}");
        assert!(!screen.is_painted(), "{variable}={value}");
    }
}

#[tokio::test]
async fn an_announcement_leaves_the_typed_line_as_it_is() {
    let program = Program::new().set("TERM", "xterm");
    let screen = Screen::new(80);
    let _running = program.start_on(&screen, &["demo", "--db", "demo.sqlite"]);
    screen.ends_in("alice>").await;
    screen.enter("watch env/prod", "alice>").await;
    screen.types("status env/st");
    screen.ends_in("alice> status env/st").await;
    // Terraform ends, and gives the lock back.
    let database = Embedded::start(Some(&program.folder().join("demo.sqlite"))).await.unwrap();
    let path = text("my-bucket/env/prod/terraform.tfstate");
    let delete = client(&database.endpoint()).delete_item().table_name("terraform-locks");
    delete.key("LockID", path).send().await.unwrap();
    let said = screen.until(|text| text.contains("env/prod is free")).await;
    assert!(said.ends_with("\n\nalice> status env/st"), "{said}");
    screen.types("aging");
    screen.ends_in("alice> status env/staging").await;
}
