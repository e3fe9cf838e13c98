//! The demo, used as a new user uses it.

#[cfg(unix)]
mod terminal;

use crate::support::program::Program;

/// The answers without the parts that differ between runs.
fn settled(output: &str) -> String {
    let moment = "2026-11-23 12:00:00".len();
    let mut settled = String::new();
    let mut rest = output;
    while let Some((before, after)) = rest.split_once(" UTC") {
        settled.push_str(&before[..before.len() - moment]);
        settled.push_str("(a moment)");
        rest = after;
    }
    settled + rest
}

/// The demo's answers to these lines.
async fn chat(lines: &str) -> String {
    let ran = Program::new().run_with(&["demo"], lines).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
    settled(&ran.stdout)
}

#[tokio::test]
async fn several_people_ask_over_a_pipe() {
    let lines = "\
alice: /lock status env/prod
bob: /lock list
bob: press refresh
alice: /lock status state:env/dev

/lock status legacy/network
carol: /lock status env/prdo
/lock help
dave: press Refresh
dave: press Approve
hello
/lock status ../x
quit
alice: /lock list
";
    insta::assert_snapshot!(chat(lines).await);
}

#[tokio::test]
async fn a_line_without_a_name_or_a_verb_is_understood() {
    let lines = "\
status env/dev
bob: list staging
refresh
press: [ Refresh ]
carol:
unlock env/prod reason: the runner died
press Approve
deny
bob: approve
lock status env/prod
unlock env/staging
the laptop was stolen
carol: approve
env/staging
";
    insta::assert_snapshot!(chat(lines).await);
}

#[tokio::test]
async fn a_line_that_is_not_understood_gets_one_short_sentence() {
    let lines = "\
hello
you: hello
satus env/prod
/lock stauts env/prod
env/prod
history env/prod five
/lock
status
status env/prod
press
press Refersh
refersh
notify
approve
answer
deny
\u{1b}[31mred\u{202e} \u{7}/x
";
    let said = chat(lines).await;
    assert!(!said.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{said:?}");
    insta::assert_snapshot!(said);
}

#[tokio::test]
async fn two_people_release_a_lock() {
    let lines = "\
alice: /lock unlock env/prod reason: the runner died
alice: press Approve
bob: press Approve
bob: press Approve
alice: /lock status env/prod
alice: /lock history env/prod
bob: /lock history env/prod count:2
bob: press Older
";
    insta::assert_snapshot!(chat(lines).await);
}

#[tokio::test]
async fn who_is_asked_back_answers() {
    let lines = "\
alice: answer why not
alice: /lock status env/staging
alice: press Request unlock
bob: answer it is not mine
alice: answer
alice: answer the laptop was stolen
carol: /lock unlock env/staging reason: me too
bob: press Approve
bob: answer env/prod
bob: press Approve
bob: answer env/staging
sam: /lock unlock env/qa@blue the agent is gone
sam: press Deny
bob: press Deny
bob: answer it is still running
sam: /lock unlock env/qa@blue the agent is gone, really
bob: press Withdraw
sam: press Withdraw
sam: /lock history env/qa@blue
";
    insta::assert_snapshot!(chat(lines).await);
}

#[tokio::test]
async fn a_person_alone_is_refused() {
    let lines = "\
alice: /lock unlock env/staging reason: it is in the way
alice: press Approve
alice: answer env/staging
Alice: press Approve
alice: press Deny
alice: /lock status env/staging
";
    let said = chat(lines).await;
    assert_eq!(said.matches("You requested this unlock yourself").count(), 2, "{said}");
    assert!(said.contains("There is no question to answer"), "{said}");
    assert!(said.contains("env/staging is locked"), "{said}");
    assert!(!said.contains("unlocked"), "{said}");
}

#[tokio::test]
async fn a_file_keeps_its_requests() {
    let program = Program::new();
    let ask = "alice: /lock unlock env/prod reason: the runner died\n";
    program.run_with(&["demo", "--db", "demo.sqlite"], ask).await;
    // The card is shown again to carol, who asks too, and bob can press it then.
    let lines = "\
carol: /lock unlock env/prod reason: me too
bob: press Approve
bob: /lock history env/prod
";
    let ran = program.run_with(&["demo", "--db", "demo.sqlite"], lines).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
    for line in
        ["alice asks to unlock env/prod", "env/prod: unlocked", "3 · Released (unlock.done)"]
    {
        assert!(ran.stdout.contains(line), "no {line:?} in {}", ran.stdout);
    }
}

#[tokio::test]
async fn an_empty_pipe_ends_it() {
    let ran = Program::new().run(&["demo"]).await;
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (Some(0), "", ""));
}

#[tokio::test]
async fn a_file_keeps_its_data() {
    let program = Program::new();
    let since = |output: &str| {
        let line = output.lines().find(|line| line.contains("since")).unwrap();
        line.split_once("since").unwrap().1.to_owned()
    };
    let ask = "/lock status env/prod\n";
    let first = program.run_with(&["demo", "--db", "demo.sqlite"], ask).await;
    // The lock's time is written once. A refilled demo would show another second.
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let second = program.run_with(&["demo", "--db", "demo.sqlite"], ask).await;
    assert_eq!(since(&first.stdout), since(&second.stdout));
    let folder = program.run_with(&["demo", "--db", "/"], ask).await;
    assert_eq!((folder.code, folder.stdout.as_str()), (Some(2), ""), "{folder:?}");
    assert_eq!(folder.stderr.lines().count(), 1, "{folder:?}");
}
