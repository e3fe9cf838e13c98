//! Counts the requests that a piece of work sends to AWS.
//!
//! One address serves both services, so the bot reaches them with one session, as it reaches AWS.
//! Requests with the header of `DynamoDB` go to the embedded one, all others to the S3 stand-in.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{self, HeaderMap, Method, Uri};
use axum::response::Response;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::sleep;

use super::iam::{Permission, demanded};
use super::loopback::Loopback;
use super::proxy::forward;

/// The interval at which the gate looks for new requests.
const TICK: Duration = Duration::from_millis(10);

/// The gate opens after this many ticks without a new request. A stall of the machine delays ticks and
/// requests alike, so it does not split a round.
const QUIET_TICKS: u32 = 5;

/// What a piece of work cost at AWS.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Requests to either service.
    pub calls: u32,
    /// How often the work waited for answers. Requests that wait together are one round.
    pub rounds: u32,
    /// Read units of `DynamoDB`.
    pub read: f64,
    /// Write units of `DynamoDB`.
    pub write: f64,
    /// Requests to S3.
    pub s3: S3Requests,
}

/// Requests to S3, counted by price class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct S3Requests {
    pub list: u32,
    pub get: u32,
    pub delete: u32,
}

/// A proxy in front of both services. Dropping it stops it.
pub struct Meter {
    server: Loopback,
    shared: Arc<Shared>,
}

struct Shared {
    dynamodb: SocketAddr,
    s3: SocketAddr,
    /// `None` while nothing is measured. Requests then pass at once and are not counted.
    measured: Mutex<Option<Measured>>,
    /// The permissions that AWS demands for all requests, measured or not.
    demanded: Mutex<BTreeSet<Permission>>,
}

#[derive(Default)]
struct Measured {
    cost: Cost,
    /// The requests at the gate.
    waiting: Vec<oneshot::Sender<()>>,
    /// The number of requests that passed the gate and have no answer yet.
    under_way: usize,
    /// Events that make the count wrong. A measurement fails if there is one.
    not_counted: Vec<String>,
}

impl Meter {
    /// Starts one in front of these two endpoints.
    pub async fn start(dynamodb: &str, s3: &str) -> Self {
        let address_of = |endpoint: &str| endpoint.trim_start_matches("http://").parse().unwrap();
        let shared = Arc::new(Shared {
            dynamodb: address_of(dynamodb),
            s3: address_of(s3),
            measured: Mutex::default(),
            demanded: Mutex::default(),
        });
        let state = shared.clone();
        let server = Loopback::start(move |method, uri, headers, body| {
            let shared = state.clone();
            async move { shared.handle(&method, &uri, &headers, body).await }
        });
        Self { server: server.await, shared }
    }

    /// Its address, `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        self.server.endpoint()
    }

    /// The permissions that AWS demands for the requests so far, measured or not.
    pub fn demanded(&self) -> BTreeSet<Permission> {
        self.shared.demanded.lock().unwrap().clone()
    }

    /// Does a piece of work, and returns its cost and its result.
    pub async fn measure<T>(&self, work: impl Future<Output = T>) -> (Cost, T) {
        let before = self.shared.measured().replace(Measured::default());
        assert!(before.is_none(), "one measurement at a time");
        let done = tokio::select! {
            done = work => done,
            never = self.shared.let_through() => match never {},
        };
        let measured = self.shared.measured().take().expect("it is measured until now");
        assert_eq!(measured.not_counted, Vec::<String>::new());
        let left = measured.waiting.len() + measured.under_way;
        assert_eq!(left, 0, "the work has ended before its requests");
        (measured.cost, done)
    }
}

impl Shared {
    fn measured(&self) -> MutexGuard<'_, Option<Measured>> {
        self.measured.lock().unwrap()
    }

    async fn handle(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Response {
        let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
        let operation = target.and_then(|target| Some(target.split_once('.')?.1));
        self.demanded.lock().unwrap().extend(demanded(method, uri, headers, &body));
        let gate = self.measured().as_mut().map(|measured| measured.arrive(operation, method, uri));
        let is_counted = gate.is_some();
        if let Some(gate) = gate {
            gate.await.expect("the gate opens");
        }
        let (upstream, body) = match operation {
            Some(_) => (self.dynamodb, asking_for_capacity(&body)),
            None => (self.s3, body.to_vec()),
        };
        let answer = forward(upstream, method, uri, headers, &body).await.expect("an answer");
        if is_counted && let Some(measured) = &mut *self.measured() {
            measured.under_way -= 1;
            if let Some(operation) = operation {
                measured.count_units(operation, &answer);
            }
        }
        answer.map(Body::from)
    }

    /// Opens the gate round by round, each time for all requests that wait together.
    async fn let_through(&self) -> Infallible {
        let (mut quiet, mut seen) = (0, 0);
        loop {
            sleep(TICK).await;
            let mut measured = self.measured();
            let Some(measured) = &mut *measured else { continue };
            let is_quiet = measured.under_way == 0 && measured.cost.calls == seen;
            seen = measured.cost.calls;
            quiet = if is_quiet && !measured.waiting.is_empty() { quiet + 1 } else { 0 };
            if quiet == QUIET_TICKS {
                quiet = 0;
                measured.open();
            }
        }
    }
}

impl Measured {
    fn arrive(
        &mut self,
        operation: Option<&str>,
        method: &Method,
        uri: &Uri,
    ) -> oneshot::Receiver<()> {
        self.cost.calls += 1;
        if operation.is_none() {
            let is_list = uri.query().is_some_and(|query| query.contains("list-type=2"));
            match *method {
                Method::GET if is_list => self.cost.s3.list += 1,
                Method::GET => self.cost.s3.get += 1,
                Method::DELETE => self.cost.s3.delete += 1,
                _ => self.not_counted.push(format!("{method} {uri}")),
            }
        }
        let (pass, gate) = oneshot::channel();
        self.waiting.push(pass);
        gate
    }

    fn open(&mut self) {
        self.cost.rounds += 1;
        for pass in self.waiting.drain(..) {
            match pass.send(()) {
                Ok(()) => self.under_way += 1,
                Err(()) => self.not_counted.push("a request that was given up".to_owned()),
            }
        }
    }

    fn count_units(&mut self, operation: &str, answer: &http::Response<Vec<u8>>) {
        let body = serde_json::from_slice(answer.body()).unwrap_or(Value::Null);
        let Some(units) = units(&body["ConsumedCapacity"]) else {
            // A write whose condition fails costs units too, but its answer does not say how many.
            self.not_counted.push(format!("{operation}: {body}"));
            return;
        };
        match operation {
            "GetItem" | "BatchGetItem" | "Query" | "Scan" => self.cost.read += units,
            _ => self.cost.write += units,
        }
    }
}

/// The request with `ReturnConsumedCapacity`, so that its answer says what it cost.
fn asking_for_capacity(body: &[u8]) -> Vec<u8> {
    let mut body: Value = serde_json::from_slice(body).expect("DynamoDB is asked in JSON");
    body["ReturnConsumedCapacity"] = json!("TOTAL");
    body.to_string().into_bytes()
}

/// The units of one table, or the sum over all tables.
fn units(consumed: &Value) -> Option<f64> {
    match consumed {
        Value::Array(tables) => tables.iter().map(units).sum(),
        table => table["CapacityUnits"].as_f64(),
    }
}
