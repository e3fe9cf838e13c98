//! The middleware of every request: authorization, limits, faults, the log.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{Request as HttpRequest, State as Shared};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use futures::stream;
use serde_json::json;

use super::error::{ApiError, Violation};
use super::faults::Fault;
use super::state::Server;
use super::world::Request;
use super::{gateway, routes};

const API: &str = "/api/v10";

pub(super) fn router(server: Arc<Server>) -> Router {
    Router::new()
        .nest(API, routes::api())
        .route("/", get(gateway::upgrade))
        .fallback(async || ApiError::unknown_route())
        .method_not_allowed_fallback(async || ApiError::unknown_route())
        .layer(from_fn_with_state(server.clone(), gate))
        .with_state(server)
}

async fn gate(Shared(server): Shared<Arc<Server>>, request: HttpRequest, next: Next) -> Response {
    let method = request.method().to_string();
    let path = request.uri().path();
    let path = path.strip_prefix(API).unwrap_or(path).to_owned();
    let fault = server.faults.take(&method, &path);
    let limited = is_limited(&path).then(|| server.faults.over_global_limit()).flatten();
    let response = if needs_authorization(&path) && !is_authorized(&server, request.headers()) {
        ApiError::unauthorized().into_response()
    } else if let Some(wait) = limited {
        too_many_requests(wait, true)
    } else {
        match fault {
            Some(Fault::Status(status, code)) => {
                let status = StatusCode::from_u16(status).expect("a fault's status is one");
                let reason = status.canonical_reason().unwrap_or_default();
                ApiError::new(status, code, reason).into_response()
            }
            Some(Fault::RateLimited(wait)) => too_many_requests(wait, false),
            Some(Fault::RateLimitedEverywhere(wait)) => too_many_requests(wait, true),
            Some(Fault::LastOne(wait)) => {
                let mut response = next.run(request).await;
                let reset = value(&format!("{:.3}", wait.as_secs_f64()));
                response.headers_mut().insert("x-ratelimit-remaining", HeaderValue::from(0));
                response.headers_mut().insert("x-ratelimit-reset-after", reset);
                response
            }
            Some(Fault::Delay(delay)) => {
                let later = server.clock.now() + delay;
                tokio::time::sleep(delay).await;
                server.clock.reach(later);
                next.run(request).await
            }
            Some(Fault::Wait(gate)) => {
                gate.pass().await;
                next.run(request).await
            }
            Some(Fault::AnswerLost) => {
                next.run(request).await;
                record(&server, method, path, None);
                return connection_closed();
            }
            None => next.run(request).await,
        }
    };
    record(&server, method, path.clone(), Some(&response));
    with_rate_limit_headers(response, &path)
}

/// All routes, except those with a token in the path, the gateway, and the gateway's address.
fn needs_authorization(path: &str) -> bool {
    let open = ["/interactions/", "/webhooks/"];
    !matches!(path, "/" | "/gateway") && !open.iter().any(|prefix| path.starts_with(prefix))
}

fn is_authorized(server: &Server, headers: &HeaderMap) -> bool {
    let expected = format!("Bot {}", server.token);
    headers.get(header::AUTHORIZATION).is_some_and(|given| given.as_bytes() == expected.as_bytes())
}

/// Whether the request counts against the global limit.
fn is_limited(path: &str) -> bool {
    path != "/" && !path.starts_with("/interactions/")
}

fn record(server: &Server, method: String, path: String, response: Option<&Response>) {
    let status = response.map(Response::status);
    let violation = response.and_then(|response| response.extensions().get::<Violation>());
    server.write(|state| {
        // The time is taken under the lock, so that the log is in the order of its times.
        let at = server.clock.now();
        let counts =
            [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::TOO_MANY_REQUESTS];
        state.log.invalid_requests += usize::from(status.is_some_and(|s| counts.contains(&s)));
        if let Some(Violation(detail)) = violation {
            state.log.violations.push(format!("{method} {path}: {detail}"));
        }
        let status = status.map(|status| status.as_u16());
        let seen = Instant::now();
        state.log.requests.push(Request { method, path, status, at, seen });
    });
}

fn too_many_requests(wait: Duration, global: bool) -> Response {
    let seconds = wait.as_secs_f64();
    let body = json!({
        "message": "You are being rate limited.",
        "retry_after": seconds,
        "global": global,
    });
    let mut response = (StatusCode::TOO_MANY_REQUESTS, Json(body)).into_response();
    let headers = response.headers_mut();
    // The header has whole seconds, so Discord rounds up.
    let whole = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    headers.insert(header::RETRY_AFTER, HeaderValue::from(whole));
    headers.insert("x-ratelimit-reset-after", value(&format!("{seconds:.3}")));
    headers.insert("x-ratelimit-remaining", HeaderValue::from(0));
    headers.insert("x-ratelimit-scope", value(if global { "global" } else { "user" }));
    if global {
        headers.insert("x-ratelimit-global", value("true"));
    }
    response
}

/// Adds the headers that a client with a rate limiter reads. Without a fault they show a free bucket.
fn with_rate_limit_headers(mut response: Response, path: &str) -> Response {
    let bucket: String = path.split('/').filter(|part| part.parse::<u64>().is_err()).collect();
    let defaults = [
        ("x-ratelimit-bucket", bucket.as_str()),
        ("x-ratelimit-limit", "50"),
        ("x-ratelimit-remaining", "49"),
        ("x-ratelimit-reset-after", "1.000"),
    ];
    for (name, text) in defaults {
        response.headers_mut().entry(name).or_insert_with(|| value(text));
    }
    response
}

fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("a header of plain characters")
}

/// An answer whose body fails before its first byte, so that the server closes the connection and
/// sends nothing.
fn connection_closed() -> Response {
    let failure = Err::<Vec<u8>, _>(io::Error::other("the answer is lost"));
    Response::new(Body::from_stream(stream::iter([failure])))
}
