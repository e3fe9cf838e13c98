//! Measures the time from the approval click to the deleted lock.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::TimeDelta;
use locktender::aws::Sandbox;
use locktender::clock::SystemClock;
use locktender::command::Command;
use locktender::context::Context;
use locktender::people::{ChannelId, EventId, RequestId};
use locktender::ports::{Clock, Courier};

use crate::library::{ask, context};
use crate::report::{Report, Target, median, ms, ratio};
use crate::store::{BUCKET, Store};

/// A lock table with only this lock.
const TABLE: &str = "one-lock";

const STATE: &str = "env/prod";

const RUNS: u64 = 200;

const APPROVER: u64 = 1;

/// Compares a release with the least work that removes a lock: a read, and a delete without a
/// condition or a record.
pub async fn measure(store: &Store, report: &mut Report) {
    Sandbox::open(&store.session(), TABLE).await.unwrap();
    store.make_own_tables(TABLE).await;
    let courier = Arc::new(Watch::default());
    let context = context(store, TABLE, courier.clone());
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for run in 0..RUNS {
        lock(store).await;
        ours.push(release(&context, &courier, run).await);
        lock(store).await;
        bare.push(delete(store).await);
    }
    let (our, bare) = (median(&ours), median(&bare));
    report.figure(
        "8. click to released lock, 2 calls of DynamoDB",
        Target::AtMost(2.5),
        ms(our),
        format!("{}, GetItem and DeleteItem", ms(bare)),
        ratio(our, bare),
    );
}

/// Opens and approves a request, and returns how long the lock existed after the approval.
async fn release(context: &Context, courier: &Watch, run: u64) -> Duration {
    let opening = EventId::new(10 * run + 1);
    let reason = Some("the runner died".to_owned());
    // A person may open at most ten an hour, so each run has another requester.
    ask(context, APPROVER + 1 + run, opening, Command::Unlock { state: STATE.to_owned(), reason })
        .await;
    let approve = Command::Approve { request: RequestId::of(opening), typed: None };
    let begun = Instant::now();
    ask(context, APPROVER, EventId::new(10 * run + 2), approve).await;
    // The courier is called after the lock is deleted, and before people are notified.
    let gone = courier.0.lock().unwrap().take().unwrap();
    let filed = context.ledger.request(RequestId::of(opening)).await.unwrap().unwrap();
    assert!(!filed.request.is_open(), "{:?}", filed.request);
    gone - begun
}

async fn delete(store: &Store) -> Duration {
    let client = store.client();
    let key = || AttributeValue::S(path());
    let read = || client.get_item().table_name(TABLE).key("LockID", key()).consistent_read(true);
    // Opens the connection before the clock starts, as the bot does.
    read().send().await.unwrap();
    let begun = Instant::now();
    assert!(read().send().await.unwrap().item.is_some());
    client.delete_item().table_name(TABLE).key("LockID", key()).send().await.unwrap();
    begun.elapsed()
}

/// Takes the lock with a time of yesterday. A stale lock is approved without typing the state's
/// name.
async fn lock(store: &Store) {
    let created = (SystemClock.now() - TimeDelta::days(1)).to_rfc3339();
    let record = format!(
        r#"{{"ID":"1f6e7bc2-0ede-e7d2-69ce-4a7141d98284","Operation":"OperationTypeApply","Info":"","Who":"jjoyner@ci-runner-04","Version":"1.11.4","Created":"{created}","Path":"{}"}}"#,
        path()
    );
    let put = store.client().put_item().table_name(TABLE);
    let put = put.item("LockID", AttributeValue::S(path()));
    put.item("Info", AttributeValue::S(record)).send().await.unwrap();
}

fn path() -> String {
    format!("{BUCKET}/{STATE}/terraform.tfstate")
}

/// A courier that notes when it is called.
#[derive(Default)]
struct Watch(Mutex<Option<Instant>>);

#[async_trait]
impl Courier for Watch {
    async fn deliver(&self) {
        *self.0.lock().unwrap() = Some(Instant::now());
    }

    async fn deliver_to(&self, _: ChannelId) {}

    async fn refresh(&self, _: RequestId) {}
}
