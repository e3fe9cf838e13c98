//! Measures 20 backends: watching them, an answer about one of them, and the check of a large file.

use std::path::Path;
use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use chrono::TimeDelta;
use locktender::aws::Sandbox;
use locktender::clock::SystemClock;
use locktender::ports::Clock;
use tempfile::TempDir;
use tokio::time::sleep;

use crate::bot::Bot;
use crate::process::{program, time};
use crate::report::{Report, Target, median, ms, quantile, ratio};
use crate::store::{BUCKET, Store, TABLE, record};
use crate::watch::cost;

/// Backends in the file. The first one has the table of figure 1.
const BACKENDS: usize = 20;

/// States of each further backend, and how many of them are locked.
const STATES: usize = 260;
const LOCKS: usize = 10;

/// The age of their locks: not stale.
const HELD: TimeDelta = TimeDelta::minutes(30);

/// How long until the names are read and the first looks are over.
const SETTLING: Duration = Duration::from_secs(15);

/// Interactions of each bot that are not timed, and that are.
const WARM_UP: usize = 100;
const ONE_BY_ONE: usize = 600;

/// Policies in the large file, and timed checks of it.
const POLICIES: usize = 1_000;
const CHECKS: usize = 25;

/// Measures the three.
pub async fn measure(store: &Store, report: &mut Report) {
    let home = TempDir::new().unwrap();
    let file = home.path().join("backends.toml");
    std::fs::write(&file, backends(store).await).unwrap();
    watching(store, &file, report).await;
    answer(store, &file, report).await;
    check(&home, report).await;
}

/// Makes the lock tables, and returns the file. Half of the backends are reached in another way than the bot's
/// own tables, each by a session of its own.
async fn backends(store: &Store) -> String {
    let endpoint = store.endpoint();
    let mut file = entry("main", BUCKET, TABLE);
    for at in 1..BACKENDS {
        let (name, bucket, table) =
            (format!("team-{at}"), format!("states-{at}"), format!("locks-{at}"));
        Sandbox::open(&store.session(), &table).await.unwrap();
        let rows: Vec<WriteRequest> = (0..STATES).map(|row| state(&bucket, at, row)).collect();
        store.write(&table, &rows).await;
        file.push_str(&entry(&name, &bucket, &table));
        if at % 2 == 0 {
            // The double takes any region, and each region is another session.
            file.push_str(&format!("endpoint = \"{endpoint}\"\nregion = \"bench-{at}\"\n"));
        }
    }
    file
}

fn entry(name: &str, bucket: &str, table: &str) -> String {
    format!("[[backend]]\nname = \"{name}\"\nbucket = \"{bucket}\"\ndynamodb_table = \"{table}\"\n")
}

fn state(bucket: &str, backend: usize, at: usize) -> WriteRequest {
    let path = format!("{bucket}/service-{backend}-{at}/terraform.tfstate");
    let put = if at < LOCKS {
        let number = backend * STATES + at;
        let taken = SystemClock.now() - HELD;
        let info = record(number, &format!("root@runner-{number}"), taken, &path);
        PutRequest::builder().item("LockID", text(path)).item("Info", text(info))
    } else {
        let key = text(format!("{path}-md5"));
        PutRequest::builder().item("LockID", key).item("Digest", text(format!("{at:032x}")))
    };
    WriteRequest::builder().put_request(put.build().unwrap()).build()
}

fn text(value: String) -> AttributeValue {
    AttributeValue::S(value)
}

async fn watching(store: &Store, file: &Path, report: &mut Report) {
    let bot = Bot::with_file(store, TABLE, file, "5s").await;
    sleep(SETTLING).await;
    let states = (BACKENDS - 1) * STATES + 100;
    let what = format!("12. watching {BACKENDS} backends with {states} states");
    cost(&bot, &what, report).await;
}

/// Compares the answer of a bot with one backend and of a bot with all of them, in turn.
async fn answer(store: &Store, file: &Path, report: &mut Report) {
    let one = Bot::locktender_at_rest(store, TABLE).await;
    // Two bots of the same tables would take turns.
    store.make_own_tables("backends").await;
    let many = Bot::with_file(store, "backends", file, "1d").await;
    sleep(SETTLING).await;
    one.rests().await;
    many.rests().await;
    let (mut of_one, mut of_many) = (Vec::new(), Vec::new());
    for turn in 0..WARM_UP + ONE_BY_ONE {
        let (first, second) = if turn % 2 == 0 { (&one, &many) } else { (&many, &one) };
        let (first, second) = (first.ask(1).await, second.ask(1).await);
        if turn < WARM_UP {
            continue;
        }
        let (a, b) = if turn % 2 == 0 { (first, second) } else { (second, first) };
        of_one.push(a);
        of_many.push(b);
    }
    let (a, b) = (median(&of_one), median(&of_many));
    report.figure(
        &format!("13. /lock status with {BACKENDS} backends, median"),
        Target::AtMost(1.05),
        ms(b),
        format!("{}, one backend", ms(a)),
        ratio(b, a),
    );
    let (a, b) = (quantile(&of_one, 0.95), quantile(&of_many, 0.95));
    report.figure(
        "13. its 95th percentile",
        Target::None,
        ms(b),
        format!("{}, one backend", ms(a)),
        ratio(b, a),
    );
}

/// Times the check of a file as a whole process.
async fn check(home: &TempDir, report: &mut Report) {
    let file = home.path().join("policies.toml");
    let policy = |at: usize| {
        format!(
            "[[policy]]\nstates = \"team-{at}/*/prod*\"\napprovals = 2\napprovers = [\"{}\"]\n",
            at + 1
        )
    };
    let policies: String = (0..POLICIES).map(policy).collect();
    std::fs::write(&file, entry("main", BUCKET, TABLE) + &policies).unwrap();
    let mut times = Vec::new();
    for _ in 0..CHECKS {
        let variables = vec![("LOCKTENDER_CONFIG", file.display().to_string())];
        let mut command = program(env!("CARGO_BIN_EXE_locktender"), home, variables);
        command.args(["config", "check"]);
        times.push(time(command).await);
    }
    let time = median(&times);
    report.figure(
        &format!("14. locktender config check of {POLICIES} policies, whole process"),
        Target::Under(50.0, "ms"),
        ms(time),
        String::new(),
        time.as_secs_f64() * 1_000.0,
    );
}
