//! The report of the last days, over recorded holds and requests.

mod weekly;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use locktender::aws::AwsHolds;
use locktender::command::Command;
use locktender::commands::{self, ReportJson, Reported};
use locktender::console::{Output, report_csv, report_text};
use locktender::people::RequestId;
use locktender::picture::report_svg;
use locktender::ports::Holds;
use locktender::watch::{Ending, Hold, HoldId, PastHold};
use serde_json::{Value, json};

use crate::support::dynamodb::{DynamoDb, TABLE, tables, text};
use crate::support::given::record;
use crate::support::office::{Office, approver, lookout};
use crate::support::program::{Program, Ran};
use crate::support::proxy::{Fate, Proxy};
use crate::support::sites::DENIED;
use crate::support::trail::{TrailTable, chain};

/// A text that a terminal, a spreadsheet, XML or a chat would interpret.
const HOSTILE: &str = "=cmd|'</text><script>&\"\u{1b}[2J\u{202e}\u{ffff}@everyone";

/// A hostile name without invisible characters, since such a name is refused.
const HOSTILE_STATE: &str = "env/=<b>&\"\u{ffff}]]>@everyone";

fn now(office: &Office) -> DateTime<Utc> {
    office.context.reading.clock.now()
}

/// Locks a state for this many minutes, with looks at its beginning, shortly before its end and after it.
async fn hold(office: &Office, state: &str, who: &str, minutes: i64) {
    let lookout = lookout(&office.context);
    let path = office.path(state);
    let since = now(office).to_rfc3339_opts(SecondsFormat::Secs, true);
    let id = format!("{state}-{since}");
    let record = record(&id, "OperationTypeApply", who, &since);
    office.db.put(path.as_str(), &[("Info", text(&record))]).await;
    lookout.pass().await.unwrap();
    office.time.advance(TimeDelta::minutes(minutes - 1));
    lookout.pass().await.unwrap();
    office.time.advance(TimeDelta::minutes(1));
    office.db.delete(path.as_str()).await;
    lookout.pass().await.unwrap();
}

/// Leaves a state locked, lets somebody ask for its release after some minutes, and lets it happen.
async fn left_behind(office: &Office, state: &str, who: &str, reason: &str) {
    let lookout = lookout(&office.context);
    let path = office.path(state);
    let since = now(office).to_rfc3339_opts(SecondsFormat::Secs, true);
    let record = record(&format!("left-{state}"), "OperationTypeApply", who, &since);
    office.db.put(path.as_str(), &[("Info", text(&record))]).await;
    lookout.pass().await.unwrap();
    office.time.advance(TimeDelta::hours(5));
    lookout.pass().await.unwrap();
    let unlock = Command::Unlock { state: path.to_string(), reason: Some(reason.to_owned()) };
    let event = office.event();
    office.ask_as(event, &approver("alice"), unlock).await;
    office.time.advance(TimeDelta::minutes(12));
    office.approve(&approver("bob"), RequestId::of(event)).await;
    lookout.pass().await.unwrap();
}

/// A hold that begins at this time.
fn held(path: &str, since: DateTime<Utc>) -> Hold {
    let state = json!({"name": path, "path": path, "backend": "main"});
    Hold {
        id: HoldId::try_from("a".repeat(64)).unwrap(),
        state: serde_json::from_value(state).unwrap(),
        who: Some("ci@runner-1".to_owned()),
        operation: Some("OperationTypeApply".to_owned()),
        lock_id: None,
        since,
        half: false,
        told_stale: false,
        was_whole: Some(true),
    }
}

/// Some days of an office.
async fn office() -> Office {
    let office = Office::new().await;
    for n in 0..12 {
        let state = format!("svc/{n}");
        let digest = office.path(&state).digest_row();
        office.db.put(&digest, &[("Digest", text("0"))]).await;
        hold(&office, &state, &format!("ci@ci-runner-{n}"), 5 + n).await;
    }
    office.time.advance(TimeDelta::days(2));
    left_behind(&office, "env/prod", "jjoyner@ci-runner-04", "the runner died").await;
    hold(&office, "env/prod", "mira@mira-macbook", 30).await;
    hold(&office, "env/prod", "ci@ci-runner-99", 400).await;
    hold(&office, "env/prod", "ci@=<b>-1", 1).await;
    hold(&office, "env/prod", "ci@=<b>-2", 1).await;
    office.time.advance(TimeDelta::days(1));
    left_behind(&office, HOSTILE_STATE, "ci@=evil", HOSTILE).await;
    // One is asked for and denied, and the lock stays.
    office.db.lock("env/dev/terraform.tfstate").await;
    lookout(&office.context).pass().await.unwrap();
    let request = office.open(&approver("alice"), "env/dev").await;
    office.time.advance(TimeDelta::minutes(3));
    let deny = Command::Deny { request, reason: Some("it is alive".to_owned()) };
    office.ask(&approver("bob"), deny).await;
    // It was taken after the last look.
    office.db.lock("env/late/terraform.tfstate").await;
    office
}

async fn reported(office: &Office, days: u16) -> Reported {
    let context = &office.context;
    commands::report(&context.reading, &*context.holds, &*context.trail, days).await.unwrap()
}

#[tokio::test]
async fn it_says_what_was_held_and_forced_for_people_programs_and_spreadsheets() {
    let office = office().await;
    let reported = reported(&office, 5).await;
    insta::assert_snapshot!("report_text", report_text(&reported.report, &[], Output::PLAIN));
    let narrow = Output { width: Some(60), ..Output::PLAIN };
    insta::assert_snapshot!("report_text_narrow", report_text(&reported.report, &[], narrow));
    insta::assert_snapshot!("report_csv", report_csv(&reported.report));
    let json = serde_json::to_string_pretty(&ReportJson::from(&reported)).unwrap();
    insta::assert_snapshot!("report_json", json);
    insta::assert_snapshot!("report_svg", report_svg(&reported.report, &[]));
}

#[tokio::test]
async fn no_text_from_outside_is_markup_a_formula_or_a_control_sequence() {
    let office = office().await;
    let report = reported(&office, 5).await.report;
    let (text, csv, svg) =
        (report_text(&report, &[], Output::PLAIN), report_csv(&report), report_svg(&report, &[]));
    for written in [&text, &csv, &svg] {
        let is_control = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!written.contains(is_control), "{written}");
    }
    assert!(text.contains("=cmd|'</text>"), "the reason is shown: {text}");
    for cell in csv.lines().flat_map(|line| line.split(',')) {
        assert!(!cell.trim_start_matches('"').starts_with(['=', '+', '-', '@']), "{cell}");
    }
    let document = roxmltree::Document::parse(&svg).unwrap();
    assert!(document.descendants().all(|node| node.tag_name().name() != "script"));
    let texts: Vec<&str> = document.descendants().filter_map(|node| node.text()).collect();
    assert!(texts.iter().any(|text| text.contains("<b>&\"")), "{texts:?}");
}

#[tokio::test]
async fn no_person_is_named() {
    let office = office().await;
    let reported = reported(&office, 5).await;
    let json = serde_json::to_string(&ReportJson::from(&reported)).unwrap();
    let report = &reported.report;
    for written in
        [report_text(report, &[], Output::PLAIN), report_csv(report), report_svg(report, &[]), json]
    {
        for name in ["alice", "bob", "jjoyner", "mira", "macbook"] {
            assert!(!written.contains(name), "{name} in {written}");
        }
    }
}

#[tokio::test]
async fn a_quiet_office_is_not_called_free() {
    let office = Office::new().await;
    let reported = reported(&office, 30).await;
    insta::assert_snapshot!(report_text(&reported.report, &[], Output::PLAIN));
    roxmltree::Document::parse(&report_svg(&reported.report, &[])).unwrap();
}

#[tokio::test]
async fn states_of_a_removed_backend_and_odd_items_are_said() {
    let office = office().await;
    // A hold that nobody ends.
    let hold = held("gone/net/terraform.tfstate", now(&office));
    assert!(office.context.holds.begin(&hold).await.unwrap());
    // A request of a state whose bucket was served once, and a past hold of a newer version.
    let entries = chain("gone/env/old/terraform.tfstate", 3);
    TrailTable::of(&office.db).put_all(&entries).await;
    let past = office.db.rows(&tables().table).await;
    let is_past = |pk: &&str| pk.starts_with("past#");
    let mut pks = past.iter().filter_map(|item| item["pk"].as_s().ok().map(String::as_str));
    let pk = pks.find(is_past).unwrap();
    let key = format!("{}#odd", now(&office).to_rfc3339_opts(SecondsFormat::Millis, true));
    let odd = [("pk", text(pk)), ("sk", text(&key)), ("past", text("{\"v\":2}"))];
    office.db.put_item(&tables().table, &odd).await;
    let report = reported(&office, 5).await.report;
    assert_eq!((report.gaps.not_served, report.gaps.not_understood), (1, 1));
    assert_eq!((report.gaps.unwatched, report.total.held_now), (1, 1), "env/dev alone goes on");
    let said = report_text(&report, &[], Output::PLAIN);
    for sentence in [
        "gone/env/old/terraform.tfstate",
        "in a bucket that no backend has",
        "1 stored item is not understood",
    ] {
        assert!(said.contains(sentence), "{sentence} in {said}");
    }
}

/// The program beside an embedded `DynamoDB` with the bot's tables in it.
async fn program() -> (DynamoDb, Program) {
    let db = DynamoDb::start().await;
    db.migrate().await;
    let program = Program::at(&db.endpoint()).set("LOCKTENDER_LOCK_TABLE", TABLE);
    (db, program)
}

fn assert_fails(ran: &Ran, code: i32, says: &str) {
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(code), ""), "{ran:?}");
    assert!(ran.stderr.contains(says) && ran.stderr.lines().count() == 1, "{ran:?}");
}

#[tokio::test]
async fn the_program_prints_what_was_recorded_and_draws_it() {
    let (db, program) = program().await;
    db.put("states/env/prod/terraform.tfstate-md5", &[("Digest", text("0"))]).await;
    let holds = AwsHolds::connect(&db.session(), tables());
    let now = locktender::clock::SystemClock;
    let now = locktender::ports::Clock::now(&now);
    let hold = held("states/env/prod/terraform.tfstate", now - TimeDelta::minutes(90));
    assert!(holds.begin(&hold).await.unwrap());
    let past = PastHold { hold, ended_at: now, ending: Ending::Cleared };
    assert!(holds.end(&past, None, now, &|_| Vec::new()).await.unwrap());
    let ran =
        program.run(&["report", "--days", "2", "--svg", "report.svg", "--format", "json"]).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
    let json: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json["states"][0]["state"], "env/prod");
    assert_eq!(json["total"]["held_seconds"], 90 * 60);
    let svg = std::fs::read_to_string(program.folder().join("report.svg")).unwrap();
    assert!(svg.contains("env/prod"), "{svg}");
    let text = program.run(&["report"]).await;
    assert_eq!((text.code, text.stderr.as_str()), (Some(0), ""), "{text:?}");
    assert!(text.stdout.contains("1 hold ended"), "{text:?}");
    let csv = program.run(&["report", "--format", "csv"]).await;
    assert_eq!(csv.code, Some(0), "{csv:?}");
    assert!(
        csv.stdout.contains("\nenv/prod,states/env/prod/terraform.tfstate,1,0,5400,5400,0,0,0\n"),
        "{csv:?}"
    );
    assert!(csv.stderr.contains("Nothing is recorded of"), "{csv:?}");
}

#[tokio::test]
async fn what_it_cannot_use_or_read_is_one_sentence() {
    let (db, program) = program().await;
    for days in ["0", "91", "100000"] {
        assert_fails(&program.run(&["report", "--days", days]).await, 2, "from 1 to 90");
    }
    let usage = program.run(&["report", "--days", "many"]).await;
    assert_eq!((usage.code, usage.stdout.as_str()), (Some(2), ""), "{usage:?}");
    assert_fails(
        &program.run(&["report", "--svg", "no/such/folder.svg"]).await,
        2,
        "cannot be written",
    );
    assert_fails(&Program::new().run(&["report"]).await, 2, "LOCKTENDER_");
    let missing = Program::at(&db.endpoint()).set("LOCKTENDER_LOCK_TABLE", "no-such-table");
    assert_fails(&missing.run(&["report"]).await, 3, "no-such-table");
    let empty = DynamoDb::start().await;
    let unmigrated = Program::at(&empty.endpoint()).set("LOCKTENDER_LOCK_TABLE", TABLE);
    assert_fails(&unmigrated.run(&["report"]).await, 3, "locktender");
}

#[tokio::test]
async fn a_backend_that_cannot_be_read_is_said_and_takes_nothing_from_the_others() {
    let (db, team) = tokio::join!(DynamoDb::start(), DynamoDb::start());
    db.migrate().await;
    db.put("states/env/prod/terraform.tfstate-md5", &[("Digest", text("0"))]).await;
    let proxy = Proxy::start(&team.endpoint()).await;
    let program = Program::at(&db.endpoint()).set("LOCKTENDER_CONFIG", "locktender.toml");
    let file = format!(
        "[[backend]]\nname = 'main'\nbucket = 'states'\ndynamodb_table = '{TABLE}'\n\
         [[backend]]\nname = 'team'\nbucket = 'team-states'\ndynamodb_table = '{TABLE}'\n\
         endpoint = '{}'\n",
        proxy.endpoint()
    );
    std::fs::write(program.folder().join("locktender.toml"), file).unwrap();
    assert_eq!(program.run(&["report"]).await.code, Some(0));
    proxy.rule(|_| Fate::Answer(403, DENIED.to_owned()));
    let ran = program.run(&["report", "--format", "json"]).await;
    assert_eq!(ran.code, Some(3), "{ran:?}");
    let json: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json["gaps"]["stores_not_read"].as_array().unwrap().len(), 1, "{json}");
    assert_eq!(ran.stderr, "");
    let csv = program.run(&["report", "--format", "csv", "--days", "1"]).await;
    let said: Vec<&str> = csv.stderr.lines().collect();
    insta::assert_snapshot!(said[0], @"States of team may be missing. The lock table `locks` refused access: allow dynamodb:Scan on it");
    let text = program.run(&["report", "--svg", "report.svg"]).await;
    assert_eq!((text.code, text.stderr.as_str()), (Some(3), ""), "{text:?}");
    assert!(text.stdout.contains("States of team may be missing."), "{text:?}");
    let svg = std::fs::read_to_string(program.folder().join("report.svg")).unwrap();
    assert!(svg.contains("States of team may be missing."), "{svg}");
}
