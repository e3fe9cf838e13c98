//! An AWS with canned answers over real HTTP. It records the requests.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;
use futures::stream::{self, StreamExt};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::Value;

use super::loopback::Loopback;

/// A server that answers by a rule. Dropping it stops it.
pub struct Stub {
    endpoint: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    _server: Loopback,
}

/// One request as it arrived.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// The answer to a request.
pub enum Answer {
    Now(Response),
    /// The connection stays open, and no answer comes.
    Never,
}

impl Stub {
    /// Starts one that answers by this rule.
    pub async fn start(rule: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (record, rule) = (Arc::clone(&asked), Arc::new(rule));
        let server = Loopback::start(move |method, uri, headers, body| {
            let request = Asked { method, uri, headers, body };
            let answer = rule(&request);
            record.lock().unwrap().push(request);
            async move {
                match answer {
                    Answer::Now(response) => response,
                    Answer::Never => std::future::pending().await,
                }
            }
        })
        .await;
        Self { endpoint: server.endpoint(), asked, _server: server }
    }

    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// All requests so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

impl Asked {
    /// The operation of a `DynamoDB` request, such as `GetItem`, or `None` for S3.
    pub fn dynamodb(&self) -> Option<&str> {
        self.headers.get("x-amz-target")?.to_str().unwrap().strip_prefix("DynamoDB_20120810.")
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The object key of a request in path style.
    pub fn key(&self) -> String {
        let key = self.uri.path().splitn(3, '/').nth(2).unwrap_or_default();
        percent_decode_str(key).decode_utf8().unwrap().into_owned()
    }

    /// The number of objects before the page of a listing.
    pub fn page_start(&self) -> usize {
        let mut pairs = self.uri.query().unwrap_or_default().split('&');
        let token = pairs.find_map(|pair| pair.strip_prefix("continuation-token="));
        token.map_or(0, |token| token.parse().unwrap())
    }

    /// Whether the request lists a bucket.
    pub fn is_listing(&self) -> bool {
        self.uri.query().is_some_and(|query| query.contains("list-type=2"))
    }
}

/// A successful `DynamoDB` answer.
pub fn json(value: &Value) -> Answer {
    answer(StatusCode::OK, "application/x-amz-json-1.0", value.to_string())
}

/// A `DynamoDB` error.
pub fn dynamodb_error(status: u16, code: &str, message: &str) -> Answer {
    let body = serde_json::json!({
        "__type": format!("com.amazonaws.dynamodb.v20120810#{code}"),
        "message": message,
    });
    let status = StatusCode::from_u16(status).unwrap();
    answer(status, "application/x-amz-json-1.0", body.to_string())
}

/// An S3 error.
pub fn s3_error(status: u16, code: &str) -> Answer {
    let body = format!("<Error><Code>{code}</Code><Message>{code}</Message></Error>");
    answer(StatusCode::from_u16(status).unwrap(), "application/xml", body)
}

/// An answer without a body, such as one from a proxy, or S3's `301`.
pub fn bare(status: u16, headers: &[(&'static str, &'static str)]) -> Answer {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    for &(name, value) in headers {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    Answer::Now(response)
}

/// An object of S3.
pub fn object(body: impl Into<Body>) -> Answer {
    object_with_etag(body, "\"b7ae\"")
}

/// An object of S3 with this `ETag`.
pub fn object_with_etag(body: impl Into<Body>, etag: &str) -> Answer {
    let response = Response::builder()
        .header("last-modified", "Mon, 23 Nov 2026 08:50:22 GMT")
        .header("etag", etag)
        .body(body.into())
        .unwrap();
    Answer::Now(response)
}

/// The server closes the connection instead of answering.
pub fn lost() -> Answer {
    let failure = Err::<Vec<u8>, _>(std::io::Error::other("the answer is lost"));
    Answer::Now(Response::new(Body::from_stream(stream::iter([failure]))))
}

/// A bucket listing on one page: key, `ETag` and size of each object.
pub fn listed(objects: impl Iterator<Item = (String, String, usize)>) -> Answer {
    page_of(objects, None)
}

/// A page of a bucket listing, and the token of the next page.
pub fn page_of(
    objects: impl Iterator<Item = (String, String, usize)>,
    next: Option<usize>,
) -> Answer {
    let contents: String = objects
        .map(|(key, etag, size)| {
            format!(
                "<Contents><Key>{}</Key><ETag>{}</ETag><Size>{size}</Size>\
                 <LastModified>2026-11-23T08:50:22.000Z</LastModified></Contents>",
                encoded(&key),
                etag.replace('"', "&quot;"),
            )
        })
        .collect();
    answer(StatusCode::OK, "application/xml", listing_of(&contents, next))
}

fn listing_of(contents: &str, next: Option<usize>) -> String {
    let more = match next {
        Some(next) => format!(
            "<IsTruncated>true</IsTruncated><NextContinuationToken>{next}</NextContinuationToken>"
        ),
        None => "<IsTruncated>false</IsTruncated>".to_owned(),
    };
    let coding = "<EncodingType>url</EncodingType>";
    format!("<ListBucketResult>{coding}{more}{contents}</ListBucketResult>")
}

/// A body that sends its first bytes and never ends.
pub fn unfinished(first: &'static str) -> Body {
    let first = stream::iter([Ok::<_, Infallible>(Bytes::from_static(first.as_bytes()))]);
    Body::from_stream(first.chain(stream::pending()))
}

/// A read-only bucket with these objects, in path style. It lists `page` keys on a page.
pub fn bucket(objects: BTreeMap<String, Vec<u8>>, page: usize) -> impl Fn(&Asked) -> Answer {
    move |asked| {
        if asked.is_listing() {
            return listing(&objects, page, asked);
        }
        match objects.get(&asked.key()) {
            Some(bytes) => object(bytes.clone()),
            None => s3_error(404, "NoSuchKey"),
        }
    }
}

fn listing(objects: &BTreeMap<String, Vec<u8>>, page: usize, asked: &Asked) -> Answer {
    let start = asked.page_start();
    let keys = objects.keys().skip(start).take(page);
    let contents: String =
        keys.map(|key| format!("<Contents><Key>{}</Key></Contents>", encoded(key))).collect();
    let next = Some(start + page).filter(|next| *next < objects.len());
    answer(StatusCode::OK, "application/xml", listing_of(&contents, next))
}

/// A key as S3 writes it into a listing with `encoding-type=url`.
fn encoded(key: &str) -> String {
    utf8_percent_encode(key, NON_ALPHANUMERIC).to_string().replace("%2F", "/").replace("%20", "+")
}

fn answer(status: StatusCode, content_type: &str, body: String) -> Answer {
    let response = Response::builder()
        .status(status)
        .header("content-type", content_type)
        .body(Body::from(body))
        .unwrap();
    Answer::Now(response)
}
