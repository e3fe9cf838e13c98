//! The demo as its first user tries it.

use crate::support::program::Program;

/// The answers without what changes from run to run.
fn settled(output: &str) -> String {
    let since = |line: &str| match line.split_once(", since ") {
        Some((held_for, _)) => format!("{held_for}, since (a moment)."),
        None => line.to_owned(),
    };
    output.lines().map(since).collect::<Vec<_>>().join("\n")
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
    let ran = Program::new().run_with(&["demo"], lines).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
    insta::assert_snapshot!(settled(&ran.stdout));
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
    // The lock's age is written once: a demo filled anew would be of another second.
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let second = program.run_with(&["demo", "--db", "demo.sqlite"], ask).await;
    assert_eq!(since(&first.stdout), since(&second.stdout));
    let folder = program.run_with(&["demo", "--db", "/"], ask).await;
    assert_eq!((folder.code, folder.stdout.as_str()), (Some(2), ""), "{folder:?}");
    assert_eq!(folder.stderr.lines().count(), 1, "{folder:?}");
}
