//! A proxy on the loopback that can drop requests, or drop their answers. It stands in front of one server, or
//! in front of a `DynamoDB` and an S3 as one account of AWS.
//!
//! The server behind it does its work for real. So an answer that is lost is lost after the write was
//! done.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes};
use axum::http::{self, HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;
use futures::stream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;

use super::deadline::PATIENCE;
use super::loopback::Loopback;

/// A proxy. Dropping it stops it.
pub struct Proxy {
    server: Loopback,
    shared: Arc<Shared>,
}

/// What the proxy does with a request.
#[derive(Clone, Debug)]
pub enum Fate {
    /// The request passes, and its answer passes.
    Pass,
    /// The request passes. The proxy closes the connection instead of answering.
    LoseAnswer,
    /// The request does not pass. The proxy closes the connection.
    Cut,
    /// The request does not pass. The proxy answers with this status and body.
    Answer(u16, String),
    /// The request waits at the gate, and passes when the gate opens.
    Wait(Arc<Gate>),
}

/// A gate at which requests wait until the test opens it.
#[derive(Debug, Default)]
pub struct Gate {
    reached: watch::Sender<bool>,
    open: watch::Sender<bool>,
}

impl Gate {
    /// Waits until a request has reached the gate.
    pub async fn reached(&self) {
        let mut reached = self.reached.subscribe();
        let reached = timeout(PATIENCE, reached.wait_for(|reached| *reached)).await;
        reached.expect("a request comes to the gate").map(drop).unwrap();
    }

    /// Opens the gate for all requests.
    pub fn open(&self) {
        self.open.send_replace(true);
    }

    /// Waits until the test opens the gate.
    pub async fn pass(&self) {
        self.reached.send_replace(true);
        self.open.subscribe().wait_for(|open| *open).await.map(|_| ()).unwrap();
    }
}

/// A request that the proxy saw.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The operation: `TransactWriteItems` for `DynamoDB`, `DELETE /bucket/key` for other services.
    pub what: String,
    /// The access key that it is signed with. Empty where it is not signed.
    pub access_key: String,
    pub body: Bytes,
}

type Rule = Box<dyn Fn(&Seen) -> Fate + Send + Sync>;
type After = Box<dyn Fn(&Seen) + Send + Sync>;

struct Shared {
    /// The server of all requests without the target of a `DynamoDB` operation.
    upstream: SocketAddr,
    dynamodb: SocketAddr,
    rule: Mutex<Arc<(Rule, After)>>,
    seen: Mutex<Vec<Seen>>,
}

impl Proxy {
    /// Starts one that lets everything pass.
    pub async fn start(upstream: &str) -> Self {
        Self::account(upstream, upstream).await
    }

    /// Starts one in front of a `DynamoDB` and an S3, as one address.
    pub async fn account(dynamodb: &str, s3: &str) -> Self {
        let address = |url: &str| url.trim_start_matches("http://").parse().unwrap();
        let (upstream, dynamodb) = (address(s3), address(dynamodb));
        let pass: (Rule, After) = (Box::new(|_| Fate::Pass), Box::new(|_| {}));
        let shared = Arc::new(Shared {
            upstream,
            dynamodb,
            rule: Mutex::new(Arc::new(pass)),
            seen: Mutex::default(),
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

    /// Applies this rule to all requests from now on, and clears the requests seen.
    pub fn rule(&self, rule: impl Fn(&Seen) -> Fate + Send + Sync + 'static) {
        self.rule_and_after(rule, |_| {});
    }

    /// Like `rule`. `after` runs when the server has carried a request out, before the answer is passed on.
    pub fn rule_and_after(
        &self,
        rule: impl Fn(&Seen) -> Fate + Send + Sync + 'static,
        after: impl Fn(&Seen) + Send + Sync + 'static,
    ) {
        self.shared.seen.lock().unwrap().clear();
        *self.shared.rule.lock().unwrap() = Arc::new((Box::new(rule), Box::new(after)));
    }

    /// The requests since the last rule.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    /// The number of requests of this operation since the last rule.
    pub fn count(&self, what: &str) -> usize {
        self.seen().iter().filter(|seen| seen.what == what).count()
    }
}

impl Shared {
    async fn handle(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Response {
        let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
        let what = match target.and_then(|target| target.split_once('.')) {
            Some((_, operation)) => operation.to_owned(),
            None => format!("{method} {}", uri.path()),
        };
        let seen = {
            let seen = Seen { what, access_key: access_key(headers), body: body.clone() };
            self.seen.lock().unwrap().push(seen.clone());
            seen
        };
        let rule = self.rule.lock().unwrap().clone();
        match (rule.0)(&seen) {
            Fate::Cut => closed(),
            Fate::Answer(status, body) => {
                let mut response = Response::new(Body::from(body));
                *response.status_mut() = StatusCode::from_u16(status).unwrap();
                response
            }
            fate => {
                if let Fate::Wait(gate) = &fate {
                    gate.pass().await;
                }
                let upstream = if target.is_some() { self.dynamodb } else { self.upstream };
                let answer = forward(upstream, method, uri, headers, &body).await;
                (rule.1)(&seen);
                match (fate, answer) {
                    (Fate::Pass | Fate::Wait(_), Some(answer)) => answer.map(Body::from),
                    _ => closed(),
                }
            }
        }
    }
}

fn access_key(headers: &HeaderMap) -> String {
    let signed = headers.get("authorization").and_then(|signed| signed.to_str().ok());
    let scope = signed.and_then(|signed| signed.split_once("Credential="));
    scope.and_then(|(_, scope)| scope.split('/').next()).unwrap_or_default().to_owned()
}

/// Forwards a request and returns the answer, or `None` if the server has closed the connection.
///
/// It uses HTTP/1.0: the answer is not chunked and ends where the stream ends.
pub async fn forward(
    upstream: SocketAddr,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
) -> Option<http::Response<Vec<u8>>> {
    let mut head = format!("{method} {uri} HTTP/1.0\r\n");
    for (name, value) in headers {
        let skipped = ["connection", "content-length", "transfer-encoding", "expect"];
        if !skipped.contains(&name.as_str()) {
            head.push_str(&format!("{name}: {}\r\n", value.to_str().ok()?));
        }
    }
    head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    let mut stream = TcpStream::connect(upstream).await.ok()?;
    stream.write_all(&[head.as_bytes(), body].concat()).await.ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok()?;
    parse(&answer)
}

fn parse(answer: &[u8]) -> Option<http::Response<Vec<u8>>> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = str::from_utf8(&answer[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let mut response = http::Response::new(answer[end + 4..].to_vec());
    *response.status_mut() = StatusCode::from_u16(status).ok()?;
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        let name = name.to_ascii_lowercase();
        if !["connection", "content-length", "transfer-encoding"].contains(&&*name) {
            let name: http::HeaderName = name.parse().ok()?;
            response.headers_mut().append(name, value.parse().ok()?);
        }
    }
    Some(response)
}

/// An answer whose body fails before its first byte, so that the server closes the connection.
fn closed() -> Response {
    let failure = Err::<Vec<u8>, _>(std::io::Error::other("the answer is lost"));
    Response::new(Body::from_stream(stream::iter([failure])))
}
