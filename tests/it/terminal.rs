//! The command line on a terminal: widths, colours, a list that is redrawn, and progress.

mod frames;
mod pages;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustix::process::Signal;
use unicode_width::UnicodeWidthStr;

use crate::support::dynamodb::{DynamoDb, TABLE, tables, text};
use crate::support::given::record;
use crate::support::program::Program;
use crate::support::proxy::{Fate, Gate, Proxy};
use crate::support::screen::Screen;
use crate::support::sites::DENIED;
use crate::support::trail::{TrailTable, chain};

const ID: &str = "1f6e7bc2-0ede-e7d2-69ce-4a7141d98284";
const LEFT: &str = "\x1b[?25h\x1b[?1049l";

/// What a terminal would do more than show, in the places where others write.
const HOSTILE: &str = "日本語\x1b[2J\u{202e}\u{200b}🔒 e\u{301}\n\t| x";

fn path(state: &str) -> String {
    format!("states/{state}/terraform.tfstate")
}

async fn lock(db: &DynamoDb, state: &str, who: &str) {
    let record = record(ID, "OperationTypeApply", who, "2026-11-23T08:00:00Z");
    db.put(&path(state), &[("Info", text(&record))]).await;
}

/// An embedded `DynamoDB` with a long name, an unreadable record, and hostile text.
async fn bench() -> (DynamoDb, Program) {
    let db = DynamoDb::start().await;
    lock(&db, "env/prod", "jjoyner@ci-runner-04").await;
    lock(&db, "platform/eu-central-1/network/production/transit", HOSTILE).await;
    db.put(&path("env/odd"), &[("Info", text("?"))]).await;
    let program = at(&db.endpoint());
    (db, program)
}

fn at(endpoint: &str) -> Program {
    Program::at(endpoint)
        .set("LOCKTENDER_LOCK_TABLE", TABLE)
        .set("LOCKTENDER_POLL_INTERVAL", "1s")
        .set("TERM", "xterm-256color")
}

/// What a call writes to a terminal of this size, line by line, and its exit code.
async fn on_terminal(program: &Program, columns: u16, call: &[&str]) -> (Vec<String>, Option<i32>) {
    let screen = Screen::sized(columns, 24);
    let mut running = program.start_writing(screen.output(), call);
    let code = running.wait().await.code();
    // The last line arrives after the process has ended.
    let written = screen.shows("\n").await;
    (written.lines().map(str::to_owned).collect(), code)
}

fn without_colours(line: &str) -> String {
    let mut parts = line.split('\x1b');
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |line, part| line + part.split_once('m').unwrap().1)
}

#[tokio::test]
async fn a_terminal_gets_lines_that_fit_and_a_pipe_gets_whole_ones() {
    let (_db, program) = bench().await;
    for columns in [60, 80, 140] {
        for call in [&["list"][..], &["status", "env/prod"], &["config", "check"]] {
            let (lines, code) = on_terminal(&program, columns, call).await;
            assert_eq!(code, Some(0), "{call:?}: {lines:?}");
            for line in lines.iter().map(|line| without_colours(line)) {
                // A path or an ID stays whole, so that it can be copied.
                let is_whole = line.split(' ').any(|word| word.width() + 4 > columns.into());
                let fits = line.width() <= usize::from(columns);
                assert!(fits || is_whole, "{call:?} on {columns}: {line}");
            }
        }
    }
    let piped = program.run(&["list"]).await.stdout;
    assert!(piped.contains("platform/eu-central-1/network/production/transit  "), "{piped}");
    assert!(!piped.contains(['\x1b', '\u{202e}', '\t']), "{piped}");
    assert_eq!(piped.lines().count(), 4, "{piped}");
}

#[tokio::test]
async fn colours_are_only_on_a_terminal_that_wants_them() {
    let (_db, program) = bench().await;
    let (lines, _) = on_terminal(&program, 80, &["list"]).await;
    assert!(lines.concat().contains("\x1b["), "{lines:?}");
    // JSON is the same everywhere.
    let (json, _) = on_terminal(&program, 40, &["status", "env/odd", "--json"]).await;
    assert_eq!(json.join("\n") + "\n", program.run(&["status", "env/odd", "--json"]).await.stdout);
    for (variable, value) in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let program = program.same().set(variable, value);
        let (lines, _) = on_terminal(&program, 80, &["list"]).await;
        assert!(!lines.concat().contains('\x1b'), "{variable}: {lines:?}");
    }
}

#[tokio::test]
async fn a_watched_list_shows_what_changes_until_it_is_interrupted() {
    let (db, _) = bench().await;
    let proxy = Proxy::start(&db.endpoint()).await;
    let program = at(&proxy.endpoint()).set("NO_COLOR", "1");
    let screen = Screen::sized(100, 24);
    let mut running = program.start_writing(screen.output(), &["list", "--watch"]);
    let first = screen.shows("3 locks are held.").await;
    assert!(first.starts_with("\x1b[?1049h\x1b[?25l\x1b[H"), "{first:?}");
    assert!(!first.contains("+ "), "at the first look nothing is new: {first:?}");
    lock(&db, "env/qa", "sam@build-7").await;
    db.delete(&path("env/odd")).await;
    screen.shows("+  env/qa").await;
    screen.shows("-  env/odd").await;
    // An outage: the table stays, with its age and the reason.
    proxy.rule(|_| Fate::Answer(403, DENIED.to_owned()));
    let written = screen.shows("cannot be read. The last look was at").await;
    let frame = written.rsplit("\x1b[H").next().unwrap();
    assert!(frame.contains("?  env/prod") && frame.contains("?  env/qa"), "{frame:?}");
    assert!(frame.contains("3 locks were held when they were last read."), "{frame:?}");
    let before = screen.written().len();
    proxy.rule(|_| Fate::Pass);
    db.delete(&path("env/qa")).await;
    let again = screen.shows("-  env/qa").await;
    assert!(again[before..].contains("2 locks are held."), "{again:?}");
    screen.resize(60, 10);
    running.signal(Signal::WINCH);
    running.signal(Signal::INT);
    assert_eq!(running.wait().await.code(), Some(0));
    let written = screen.shows(LEFT).await;
    let (_, rest) = written.split_once(LEFT).unwrap();
    assert!(rest.contains("env/prod") && !rest.contains('\x1b'), "the last table stays: {rest:?}");
    assert_eq!(running.stderr(), "");
}

#[tokio::test]
async fn an_unreadable_backend_is_never_called_free_and_a_first_look_that_fails_is_an_error() {
    let db = DynamoDb::start().await;
    let proxy = Proxy::start(&db.endpoint()).await;
    let program = at(&proxy.endpoint());
    let screen = Screen::sized(80, 24);
    let mut running = program.start_writing(screen.output(), &["list", "--watch"]);
    screen.shows("No lock is held.").await;
    proxy.rule(|_| Fate::Answer(403, DENIED.to_owned()));
    let written = screen.shows("cannot be read").await;
    let frame = written.rsplit("\x1b[H").next().unwrap();
    assert!(!frame.contains("No lock is held"), "{frame:?}");
    running.terminate();
    assert_eq!(running.wait().await.code(), Some(0));
    let screen = Screen::sized(80, 24);
    let mut running = program.start_writing(screen.output(), &["list", "--watch"]);
    assert_eq!(running.wait().await.code(), Some(3));
    assert_eq!((screen.written().as_str(), running.stderr().lines().count()), ("", 1));
}

#[tokio::test]
async fn only_a_terminal_can_be_watched() {
    let (_db, program) = bench().await;
    let ran = program.run(&["list", "--watch"]).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{ran:?}");
    insta::assert_snapshot!(ran.stderr, @"locktender: list --watch needs a terminal on standard output: for a pipe or a file, call list as often as you need it");
    let ran = program.run(&["list", "--watch", "--json"]).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{ran:?}");
    assert!(ran.stderr.contains("cannot be used with"), "{ran:?}");
}

#[tokio::test]
async fn long_work_says_how_far_it_is_on_a_terminal_alone() {
    let db = DynamoDb::start().await;
    db.migrate().await;
    TrailTable::of(&db).put_all(&chain("states/env/prod/terraform.tfstate", 700)).await;
    let proxy = Proxy::start(&db.endpoint()).await;
    for call in [&["audit", "verify"][..], &["audit", "export"]] {
        let gate = Arc::new(Gate::default());
        let (scans, at_gate) = (AtomicUsize::new(0), gate.clone());
        proxy.rule(move |seen| match &*seen.what {
            "Scan" if scans.fetch_add(1, Ordering::Relaxed) == 1 => Fate::Wait(at_gate.clone()),
            _ => Fate::Pass,
        });
        let screen = Screen::sized(80, 24);
        let mut running = at(&proxy.endpoint()).start_telling(screen.output(), call);
        gate.reached().await;
        // Work that takes longer than half a second is shown.
        tokio::time::sleep(Duration::from_millis(600)).await;
        gate.open();
        assert_eq!(running.wait().await.code(), Some(0), "{call:?}");
        let written = screen.shows(" entries read, ").await;
        assert!(written.ends_with("\r\x1b[K"), "it disappears: {written:?}");
        assert!(!running.stdout().contains("entries read"), "{call:?}");
    }
    // Without a terminal there is nothing.
    proxy.rule(|_| Fate::Pass);
    let ran = at(&proxy.endpoint()).run(&["audit", "verify"]).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    // Where the entries are on the terminal themselves, nothing else is.
    let screen = Screen::sized(80, 24);
    let mut running = at(&proxy.endpoint()).start_writing(screen.output(), &["audit", "export"]);
    assert_eq!(running.wait().await.code(), Some(0));
    assert!(!screen.written().contains('\x1b'));
}

#[tokio::test]
async fn a_migration_says_which_table_it_waits_for() {
    let db = DynamoDb::start().await;
    let proxy = Proxy::start(&db.endpoint()).await;
    let (waits, table) = (AtomicUsize::new(0), tables().table);
    proxy.rule(move |seen| {
        let creating = r#"{"Table":{"TableStatus":"CREATING","KeySchema":[
            {"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}]}}"#;
        let is_it = seen.what == "DescribeTable"
            && String::from_utf8_lossy(&seen.body).contains(&format!("\"{table}\""));
        match is_it.then(|| waits.fetch_add(1, Ordering::Relaxed)) {
            Some(..3) => Fate::Answer(200, creating.to_owned()),
            _ => Fate::Pass,
        }
    });
    let screen = Screen::sized(80, 24);
    let mut running = at(&proxy.endpoint()).start_telling(screen.output(), &["migrate"]);
    let written = screen.shows("Waiting for the table `locktender` to become active").await;
    assert_eq!(running.wait().await.code(), Some(0), "{written}");
    assert!(screen.shows("\r\x1b[K").await.ends_with("\r\x1b[K"));
    assert_eq!(running.stdout(), "0001_requests applied\n0002_audit_trail applied\n");
}
