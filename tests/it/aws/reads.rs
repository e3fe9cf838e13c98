//! Single items are read in one call. An item that could not be read is never treated as missing.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::join_all;
use locktender::aws::{AwsLedger, AwsLocks};
use locktender::error::FaultKind;
use locktender::lock::{Catalog, LockState, State, StatePath};
use locktender::ports::{Ledger, Locks};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::support::dynamodb::{BUCKET, DynamoDb, TABLE, backend, session, tables};
use crate::support::proxy::{Fate, Gate, Proxy};
use crate::support::stub::{self, Asked, Stub};

const ONE: &str = "GetItem";
const MANY: &str = "BatchGetItem";

fn state(n: usize) -> State {
    let path = StatePath::new(BUCKET, &format!("env/{n}/terraform.tfstate")).unwrap();
    Catalog::new(vec![DynamoDb::backend().backend().clone()]).state_at(path).unwrap()
}

/// A bot behind a proxy. State 0 is locked.
struct Scene {
    _db: DynamoDb,
    proxy: Proxy,
    locks: AwsLocks,
    ledger: AwsLedger,
}

impl Scene {
    async fn new() -> Self {
        let db = DynamoDb::start().await;
        db.migrate().await;
        db.lock("env/0/terraform.tfstate").await;
        let proxy = Proxy::start(&db.endpoint()).await;
        let session = session(&proxy.endpoint());
        let backends = vec![DynamoDb::backend()];
        let ledger = AwsLedger::connect(&session, tables(), &backends);
        let locks = AwsLocks::connect(&session, backends);
        Self { _db: db, proxy, locks, ledger }
    }

    /// Reads a lock and its request concurrently.
    async fn look(&self) {
        let state = state(0);
        let (lock, asked) =
            futures::join!(self.locks.inspect(&state), self.ledger.asked(&state.path));
        assert_ne!(lock.unwrap(), LockState::Free);
        assert_eq!(asked.unwrap(), None);
    }

    fn calls(&self) -> [usize; 2] {
        [ONE, MANY].map(|what| self.proxy.count(what))
    }
}

#[tokio::test]
async fn what_is_asked_for_side_by_side_goes_in_one_call() {
    let scene = Scene::new().await;
    scene.look().await;
    assert_eq!(scene.calls(), [0, 1]);
    scene.locks.inspect(&state(0)).await.unwrap();
    assert_eq!(scene.calls(), [1, 1], "one item alone takes no batch");
}

#[tokio::test]
async fn a_policy_without_batches_takes_one_call_an_item() {
    let scene = Scene::new().await;
    let denied = json!({
        "__type": "com.amazon.coral.service#AccessDeniedException",
        "Message": "not authorized to perform: dynamodb:BatchGetItem",
    });
    scene.proxy.rule(move |seen| match &*seen.what {
        MANY => Fate::Answer(400, denied.to_string()),
        _ => Fate::Pass,
    });
    scene.look().await;
    assert_eq!(scene.calls(), [2, 1]);
    scene.look().await;
    assert_eq!(scene.calls(), [4, 1], "it is not asked for again at once");
}

#[tokio::test]
async fn of_two_tables_the_one_that_is_refused_is_named_and_the_other_is_read() {
    let scene = Scene::new().await;
    let missing = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException",
        "message": "Requested resource not found",
    });
    scene.proxy.rule(move |seen| {
        let asks_for_own = String::from_utf8_lossy(&seen.body).contains("\"locktender\"");
        if asks_for_own { Fate::Answer(400, missing.to_string()) } else { Fate::Pass }
    });
    let state = state(0);
    let (lock, asked) =
        futures::join!(scene.locks.inspect(&state), scene.ledger.asked(&state.path));
    assert_ne!(lock.unwrap(), LockState::Free);
    let fault = asked.unwrap_err();
    assert_eq!((fault.kind, &*fault.subject), (FaultKind::Missing, "The table `locktender`"));
}

#[tokio::test]
async fn where_no_answer_comes_everybody_is_told_so() {
    let scene = Scene::new().await;
    scene.proxy.rule(|_| Fate::Cut);
    let state = state(0);
    let (lock, asked) =
        futures::join!(scene.locks.inspect(&state), scene.ledger.asked(&state.path));
    let faults = [lock.unwrap_err(), asked.unwrap_err()];
    assert_eq!(faults.map(|fault| fault.kind), [FaultKind::Unexpected; 2]);
    assert_eq!(scene.proxy.count(ONE), 0, "what cannot be reached is not asked item by item");
}

#[tokio::test]
async fn a_reader_that_is_stopped_takes_nothing_from_those_who_read_with_it() {
    let scene = Scene::new().await;
    let gate = Arc::new(Gate::default());
    let held = gate.clone();
    scene.proxy.rule(move |_| Fate::Wait(held.clone()));
    let locks = Arc::new(scene.locks);
    let read = |n| {
        let locks = locks.clone();
        tokio::spawn(async move { locks.inspect(&state(n)).await })
    };
    // The first read makes the call for both.
    let (first, second) = (read(1), read(0));
    gate.reached().await;
    assert_eq!(scene.proxy.count(MANY), 1);
    first.abort();
    gate.open();
    assert_ne!(second.await.unwrap().unwrap(), LockState::Free);
}

#[tokio::test]
async fn a_burst_takes_few_calls_and_each_gets_its_own_item() {
    let scene = Scene::new().await;
    let gate = Arc::new(Gate::default());
    let held = gate.clone();
    scene.proxy.rule(move |_| Fate::Wait(held.clone()));
    let looks = join_all((0..300).map(|n| {
        let locks = &scene.locks;
        async move { locks.inspect(&state(n)).await }
    }));
    let opens = async {
        gate.reached().await;
        // When the number stops growing, all 300 reads have been asked.
        quiet(|| scene.proxy.seen().len()).await;
        let under_way = scene.proxy.seen().len();
        gate.open();
        under_way
    };
    let (looks, under_way) = futures::join!(looks, opens);
    assert!(under_way <= 8, "{under_way} calls at once");
    assert!(scene.proxy.seen().len() <= 8 + 300 / 25, "{} calls", scene.proxy.seen().len());
    let held: Vec<usize> =
        (0..300).filter(|n| looks[*n].as_ref().unwrap() != &LockState::Free).collect();
    assert_eq!(held, [0]);
}

#[tokio::test]
async fn connections_are_bounded_for_lockfiles_too() {
    let stub = Stub::start(|_: &Asked| stub::s3_error(404, "NoSuchKey")).await;
    let proxy = Proxy::start(stub.endpoint()).await;
    let gate = Arc::new(Gate::default());
    let held = gate.clone();
    proxy.rule(move |_| Fate::Wait(held.clone()));
    let stores = vec![backend("main", BUCKET, None, true)];
    let locks = AwsLocks::connect(&session(&proxy.endpoint()), stores);
    let looks = join_all((0..100).map(|n| {
        let locks = &locks;
        async move { locks.inspect(&state(n)).await }
    }));
    let opens = async {
        gate.reached().await;
        quiet(|| proxy.seen().len()).await;
        let under_way = proxy.seen().len();
        gate.open();
        under_way
    };
    let (looks, under_way) = futures::join!(looks, opens);
    assert_eq!(under_way, 32);
    assert!(looks.into_iter().all(|look| look.unwrap() == LockState::Free));
}

/// Waits until a number has stopped growing.
async fn quiet(number: impl Fn() -> usize) {
    let (mut before, mut ticks) = (number(), 0);
    while ticks < 5 {
        sleep(Duration::from_millis(10)).await;
        ticks = if number() == before { ticks + 1 } else { 0 };
        before = number();
    }
}

/// A table that answers the first batch with `first`.
async fn odd_table(first: Value) -> (Stub, AwsLocks) {
    let first = Mutex::new(Some(first));
    let stub = Stub::start(move |asked: &Asked| match asked.dynamodb() {
        Some(MANY) => stub::json(&first.lock().unwrap().take().unwrap_or(json!({
            "Responses": { TABLE: [row(0)] }, "UnprocessedKeys": {},
        }))),
        Some(ONE) if asked.body.windows(5).any(|five| five == b"env/0") => {
            stub::json(&json!({ "Item": row(0) }))
        }
        _ => stub::json(&json!({})),
    })
    .await;
    let locks = AwsLocks::connect(&session(stub.endpoint()), vec![DynamoDb::backend()]);
    (stub, locks)
}

fn row(n: usize) -> Value {
    json!({ "LockID": { "S": state(n).path.as_str() }, "Info": { "S": "{}" } })
}

#[tokio::test]
async fn what_was_left_unprocessed_is_asked_for_again() {
    let key = json!({ "LockID": { "S": state(0).path.as_str() } });
    let left = json!({ TABLE: { "Keys": [key], "ConsistentRead": true } });
    let (stub, locks) = odd_table(json!({ "Responses": {}, "UnprocessedKeys": left })).await;
    let (zero, one) = (state(0), state(1));
    let (held, free) = futures::join!(locks.inspect(&zero), locks.inspect(&one));
    assert_ne!(held.unwrap(), LockState::Free);
    assert_eq!(free.unwrap(), LockState::Free);
    assert_eq!(stub.asked().len(), 2);
}

#[tokio::test]
async fn an_answer_that_says_nothing_calls_no_state_free() {
    // A double of DynamoDB may answer so if it does not know the call.
    let (stub, locks) = odd_table(json!({})).await;
    let (zero, one) = (state(0), state(1));
    let (held, _) = futures::join!(locks.inspect(&zero), locks.inspect(&one));
    assert_ne!(held.unwrap(), LockState::Free);
    let asked: Vec<_> =
        stub.asked().iter().map(|asked| asked.dynamodb().unwrap().to_owned()).collect();
    assert_eq!(asked, [MANY, ONE, ONE]);
}
