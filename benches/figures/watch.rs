//! Measures the cost of watching many locks, and how soon a clearing is announced.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use chrono::TimeDelta;
use locktender::aws::{AwsHolds, Sandbox};
use locktender::clock::SystemClock;
use locktender::ports::{Clock, Holds};
use locktender::workers::Lookout;
use tokio::time::{sleep, timeout};

use crate::bot::Bot;
use crate::double::CHANNEL;
use crate::library::{Nobody, context};
use crate::report::{Report, Target, median, ms, ratio};
use crate::store::{BUCKET, Store, own_tables};

const TABLE: &str = "watched-locks";

/// States in the table, and how many of them are locked.
const STATES: usize = 5_000;
const LOCKS: usize = 1_000;

/// The age of all locks: old enough that the bot checks whether they are stale, but not stale.
const HELD: TimeDelta = TimeDelta::minutes(30);

/// The bot's poll interval: the default of `LOCKTENDER_POLL_INTERVAL`.
const INTERVAL: Duration = Duration::from_secs(5);

/// Environment variable with the length of the window in seconds, for a longer measurement.
const SECONDS: &str = "BENCH_WATCH_SECONDS";

/// Clearings whose delay is measured, each at another phase of the interval.
const CLEARINGS: u32 = 12;

/// Limit for every wait on the bot.
const LIMIT: Duration = Duration::from_mins(1);

const PASSES: usize = 15;

/// Measures the bot as a process, and one lookout pass in the library.
pub async fn measure(store: &Store, report: &mut Report) {
    fill(store).await;
    let bot = Bot::announcing(store, TABLE, CHANNEL).await;
    settled(store).await;
    cost(&bot, "9. watching 1,000 locks of 5,000 states", report).await;
    delay(store, &bot, report).await;
    drop(bot);
    passes(store, report).await;
}

/// Waits until the bot has stored all holds, and had time to read the past holds of each.
async fn settled(store: &Store) {
    let holds = AwsHolds::connect(&store.session(), own_tables(TABLE));
    let begun = Instant::now();
    while holds.current().await.unwrap().len() < LOCKS {
        assert!(begun.elapsed() < LIMIT, "it does not see all locks");
        sleep(Duration::from_millis(100)).await;
    }
    sleep(2 * INTERVAL).await;
}

/// Measures the processor time of a bot that looks at the locks, and its memory. `what` begins with the number of
/// the figure.
pub async fn cost(bot: &Bot, what: &str, report: &mut Report) {
    let seconds = std::env::var(SECONDS).map_or(60, |text| text.parse().expect("whole seconds"));
    let window = Duration::from_secs(seconds);
    let before = bot.process().processor_time();
    sleep(window).await;
    let used = bot.process().processor_time().saturating_sub(before);
    let share = used.as_secs_f64() / window.as_secs_f64() * 100.0;
    report.figure(
        &format!("{what} for {seconds} s"),
        Target::Under(5.0, "% of a core"),
        format!("{share:.2} %"),
        String::new(),
        share,
    );
    let peak = f64::from(bot.process().memory().peak) / 1024.0;
    report.figure(
        &format!("{}. its memory, VmHWM", what.split('.').next().unwrap()),
        Target::Under(64.0, "MiB"),
        format!("{peak:.1} MiB"),
        String::new(),
        peak,
    );
}

/// The time from the delete of a row, which is Terraform's last step, to the announcement.
async fn delay(store: &Store, bot: &Bot, report: &mut Report) {
    let client = store.client();
    let mut posted = bot.discord().posted();
    let mut delays = Vec::new();
    for at in 0..CLEARINGS {
        // The last announcement came right after a pass, so this sleep sets the phase of the next
        // delete.
        sleep(INTERVAL * at / CLEARINGS).await;
        let name = name(at as usize);
        let key = AttributeValue::S(path(at as usize));
        client.delete_item().table_name(TABLE).key("LockID", key).send().await.unwrap();
        let gone = Instant::now();
        let announced = async {
            loop {
                let (at, body) = posted.recv().await.unwrap();
                if std::str::from_utf8(&body).unwrap().contains(&format!("{name} is free")) {
                    return at;
                }
            }
        };
        let announced = timeout(LIMIT, announced).await.expect("an announcement");
        delays.push(announced.saturating_duration_since(gone));
    }
    let longest = delays.iter().max().unwrap().as_secs_f64();
    report.figure(
        "10. from a cleared lock to its announcement, the longest of 12",
        Target::Under(INTERVAL.as_secs_f64() + 1.0, "s"),
        format!("{longest:.2} s"),
        format!("{:.2} s, the median", median(&delays).as_secs_f64()),
        longest,
    );
}

/// Compares one lookout pass without changes with the scan that it needs.
async fn passes(store: &Store, report: &mut Report) {
    let context = context(store, TABLE, Arc::new(Nobody));
    let lookout = Lookout::new(context.clone(), context.reading.locks.clone(), INTERVAL);
    let client = store.client();
    // The first pass also reads the stored holds.
    lookout.pass().await.unwrap();
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..PASSES {
        let begun = Instant::now();
        lookout.pass().await.unwrap();
        ours.push(begun.elapsed());
        bare.push(scan(&client).await);
    }
    let (our, bare) = (median(&ours), median(&bare));
    report.figure(
        "11. one look at 1,000 locks of 5,000 states",
        Target::None,
        ms(our),
        format!("{}, a bare Scan", ms(bare)),
        ratio(our, bare),
    );
}

/// Reads the lock rows without parsing them.
async fn scan(client: &Client) -> Duration {
    let begun = Instant::now();
    let scan = client.scan().table_name(TABLE).consistent_read(true);
    let scan = scan.filter_expression("attribute_exists(Info)");
    let mut pages = scan.into_paginator().send();
    let mut locks = 0;
    while let Some(page) = pages.next().await {
        locks += page.unwrap().items().len();
    }
    assert_eq!(locks, LOCKS - CLEARINGS as usize);
    begun.elapsed()
}

/// Fills the table as Terraform does: a digest for every state, and another row for every lock.
async fn fill(store: &Store) {
    Sandbox::open(&store.session(), TABLE).await.unwrap();
    store.make_own_tables(TABLE).await;
    let rows: Vec<WriteRequest> = (0..STATES).map(digest).chain((0..LOCKS).map(lock)).collect();
    store.write(TABLE, &rows).await;
}

fn name(at: usize) -> String {
    let stage = ["prod", "staging", "qa", "dev", "sandbox"][at % 5];
    format!("team-{}/service-{}/{stage}", at / 50, at % 50)
}

fn path(at: usize) -> String {
    format!("{BUCKET}/{}/terraform.tfstate", name(at))
}

fn digest(at: usize) -> WriteRequest {
    put([("LockID", format!("{}-md5", path(at))), ("Digest", format!("{at:032x}"))])
}

fn lock(at: usize) -> WriteRequest {
    let created = (SystemClock.now() - HELD).to_rfc3339();
    let path = path(at);
    let record = format!(
        r#"{{"ID":"1f6e7bc2-0ede-e7d2-69ce-{at:012x}","Operation":"OperationTypeApply","Info":"","Who":"jjoyner@ci-runner-{at}","Version":"1.11.4","Created":"{created}","Path":"{path}"}}"#
    );
    put([("LockID", path), ("Info", record)])
}

fn put(attributes: [(&str, String); 2]) -> WriteRequest {
    let item = attributes.map(|(name, value)| (name.to_owned(), AttributeValue::S(value)));
    let put = PutRequest::builder().set_item(Some(item.into())).build();
    WriteRequest::builder().put_request(put.unwrap()).build()
}
