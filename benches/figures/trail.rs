//! Measures `locktender audit verify` of a long trail: its time, and that its memory does not grow
//! with the number of entries.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use futures::stream::{self, StreamExt};
use locktender::audit::{Action, Draft, Entry, Tail};
use locktender::clock::SystemClock;
use locktender::lock::{LockRecord, LockState, StoredLock, Stores};
use locktender::people::{EventId, Person, RequestId, UserId};
use locktender::ports::Clock;
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use crate::child::Running;
use crate::report::{Report, Target, median, ms, ratio};
use crate::store::{BUCKET, Store, own_tables};

/// Chains, the same number in both trails, since memory holds the heads of all chains.
const CHAINS: usize = 1_000;

const RUNS: usize = 5;

/// Measures both trails.
pub async fn measure(store: &Store, report: &mut Report) {
    let (.., short) = verify(store, "short-trail", 10).await;
    let (time, processor, long) = verify(store, "long-trail", 100).await;
    report.figure(
        "7. audit verify, 100,000 entries",
        Target::Under(2.0, "s"),
        ms(time),
        String::new(),
        time.as_secs_f64(),
    );
    report.figure(
        "   its processor time, of that",
        Target::None,
        ms(processor),
        format!("{}, from start to end", ms(time)),
        ratio(processor, time),
    );
    let mib = |kib: u32| f64::from(kib) / 1024.0;
    report.figure(
        "7. its memory, VmHWM",
        Target::AtMost(1.1),
        format!("{:.1} MiB", mib(long)),
        format!("{:.1} MiB, 10,000 entries", mib(short)),
        mib(long) / mib(short),
    );
}

/// Fills a trail with chains of this length, and verifies it several times. Returns the medians of
/// the time, the processor time and the peak.
async fn verify(store: &Store, name: &str, length: usize) -> (Duration, Duration, u32) {
    fill(store, name, length).await;
    let (mut times, mut processors, mut peaks) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let variables = store.variables(name);
        let run = move || {
            let begun = Instant::now();
            let program = Path::new(env!("CARGO_BIN_EXE_locktender"));
            let verify = Running::start(program, &["audit", "verify"], &variables);
            let (peak, processor) = verify.used_until_end();
            (begun.elapsed(), processor, peak)
        };
        let (time, processor, peak) = spawn_blocking(run).await.unwrap();
        times.push(time);
        processors.push(processor);
        peaks.push(peak);
    }
    peaks.sort_unstable();
    (median(&times), median(&processors), peaks[RUNS / 2])
}

async fn fill(store: &Store, name: &str, length: usize) {
    store.make_own_tables(name).await;
    let client = store.client();
    let table = own_tables(name).audit_table;
    let batches = (0..CHAINS).flat_map(|at| {
        let requests: Vec<WriteRequest> = chain(at, length).iter().map(put).collect();
        // BatchWriteItem takes at most 25.
        requests.chunks(25).map(<[WriteRequest]>::to_vec).collect::<Vec<_>>()
    });
    stream::iter(batches)
        .for_each_concurrent(4, async |batch| {
            let write = client.batch_write_item().request_items(&table, batch);
            drop(write.send().await.unwrap());
        })
        .await;
}

/// A chain of approved and finished requests.
fn chain(at: usize, length: usize) -> Vec<Entry> {
    let path = format!("{BUCKET}/team-{}/service-{}/prod/terraform.tfstate", at / 50, at % 50);
    let record = format!(
        r#"{{"ID":"1f6e7bc2-0ede-e7d2-69ce-{at:012x}","Operation":"OperationTypeApply","Who":"jjoyner@ci-runner-{at}","Created":"2026-11-23T08:50:21.532151069Z","Path":"{path}"}}"#
    );
    let row = StoredLock::new(LockRecord::new(record), None);
    let lock = LockState::from_stores(Stores { row: true, lockfile: false }, Some(row), None);
    let state = json!({"name": format!("service-{at}"), "path": path, "backend": "main"});
    let draft = |entry: usize| Draft {
        at: SystemClock.now(),
        action: [Action::Opened, Action::Approved, Action::UnlockDone][entry % 3],
        actor: Some(Person {
            id: UserId::new(1_100_000_000_000_000_003),
            name: "alice".to_owned(),
        }),
        request: RequestId::of(EventId::new(1_100_000_000_000_001_000)),
        state: serde_json::from_value(state.clone()).unwrap(),
        lock: lock.clone(),
        reason: Some("The runner died during apply; the job is gone".to_owned()),
        detail: None,
    };
    Tail::default().append(&(0..length).map(draft).collect::<Vec<_>>())
}

fn put(entry: &Entry) -> WriteRequest {
    let put = PutRequest::builder().set_item(Some(item(&json!(entry.fields()))));
    WriteRequest::builder().put_request(put.build().unwrap()).build()
}

fn item(fields: &Value) -> HashMap<String, AttributeValue> {
    let fields = fields.as_object().unwrap().iter();
    fields.map(|(name, value)| (name.clone(), attribute(value))).collect()
}

fn attribute(value: &Value) -> AttributeValue {
    match value {
        Value::Null => AttributeValue::Null(true),
        Value::Number(number) => AttributeValue::N(number.to_string()),
        Value::Object(_) => AttributeValue::M(item(value)),
        text => AttributeValue::S(text.as_str().unwrap().to_owned()),
    }
}
