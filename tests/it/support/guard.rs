//! A proxy in front of AWS's doubles that enforces policies as IAM does, and remembers what they were used
//! for.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;
use serde_json::json;

use super::iam::{Permission, Policies, demanded};
use super::loopback::Loopback;
use super::proxy::forward;

/// A proxy in front of both services. Dropping it stops it.
pub struct Guard {
    server: Loopback,
    shared: Arc<Shared>,
}

struct Shared {
    dynamodb: SocketAddr,
    s3: SocketAddr,
    policies: Policies,
    used: Mutex<BTreeSet<Permission>>,
    refused: Mutex<BTreeSet<Permission>>,
}

impl Guard {
    /// Starts one in front of these two endpoints, for an identity with these policies.
    pub async fn start(dynamodb: &str, s3: &str, policies: Policies) -> Self {
        let address_of = |endpoint: &str| endpoint.trim_start_matches("http://").parse().unwrap();
        let shared = Arc::new(Shared {
            dynamodb: address_of(dynamodb),
            s3: address_of(s3),
            policies,
            used: Mutex::default(),
            refused: Mutex::default(),
        });
        let state = shared.clone();
        let server = Loopback::start(move |method, uri, headers, body| {
            let shared = state.clone();
            async move { shared.handle(&method, &uri, &headers, &body).await }
        });
        Self { server: server.await, shared }
    }

    /// Its address, `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        self.server.endpoint()
    }

    /// The permissions that were demanded and allowed.
    pub fn used(&self) -> BTreeSet<Permission> {
        self.shared.used.lock().unwrap().clone()
    }

    /// The permissions that were demanded and not allowed.
    pub fn refused(&self) -> BTreeSet<Permission> {
        self.shared.refused.lock().unwrap().clone()
    }
}

impl Shared {
    async fn handle(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Response {
        let demanded = demanded(method, uri, headers, body);
        let is_dynamodb = headers.contains_key("x-amz-target");
        if let Some(denied) = demanded.iter().find(|permission| !self.policies.allow(permission)) {
            self.refused.lock().unwrap().insert(denied.clone());
            return if is_dynamodb { dynamodb_denies(denied) } else { s3_denies() };
        }
        self.used.lock().unwrap().extend(demanded);
        let upstream = if is_dynamodb { self.dynamodb } else { self.s3 };
        let answer = forward(upstream, method, uri, headers, body).await.expect("an answer");
        let is_missing_object = !is_dynamodb && answer.status() == StatusCode::NOT_FOUND;
        if is_missing_object && !self.may_list(uri) {
            // S3 tells only those who may list a bucket what is not in it ("GetObject", "Permissions").
            return s3_denies();
        }
        answer.map(Body::from)
    }

    fn may_list(&self, uri: &Uri) -> bool {
        let bucket = uri.path().trim_start_matches('/').split('/').next().unwrap();
        let list = Permission {
            action: "s3:ListBucket".to_owned(),
            resource: format!("arn:aws:s3:::{bucket}"),
        };
        let may = self.policies.allow(&list);
        if may {
            self.used.lock().unwrap().insert(list);
        } else {
            self.refused.lock().unwrap().insert(list);
        }
        may
    }
}

/// The answer of `DynamoDB`, with the words of its documents.
fn dynamodb_denies(Permission { action, resource }: &Permission) -> Response {
    let message = format!(
        "User: arn:aws:sts::123456789012:assumed-role/locktender/i-0 is not authorized to perform: \
         {action} on resource: {resource} because no identity-based policy allows the {action} action"
    );
    let kind = "com.amazon.coral.service#AccessDeniedException";
    let body = json!({ "__type": kind, "Message": message }).to_string();
    answer(StatusCode::BAD_REQUEST, "application/x-amz-json-1.0", body)
}

fn s3_denies() -> Response {
    let body = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
    answer(StatusCode::FORBIDDEN, "application/xml", body.to_owned())
}

fn answer(status: StatusCode, kind: &'static str, body: String) -> Response {
    let response = Response::builder().status(status).header("content-type", kind);
    response.body(Body::from(body)).unwrap()
}
