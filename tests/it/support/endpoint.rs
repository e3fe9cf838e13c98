//! Raw requests to moto, without an AWS SDK.
//!
//! The product uses the SDK. A test that used it too could share its mistakes. The `aws` command is
//! independent, but it starts Python at each call, and takes ten times as long as the Terraform command
//! under test. moto checks no signature. It only reads the service's name from the `Authorization`
//! header, so plain HTTP needs little code.

use std::fmt::{self, Write};
use std::net::SocketAddr;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub const REGION: &str = "us-east-1";

/// IAM, for [`Endpoint::call`].
pub const IAM: (&str, &str) = ("iam", "2010-05-08");

/// The address of a moto, as one of its accounts sees it.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint {
    pub address: SocketAddr,
    /// The number of the account. `None` for the default one.
    pub account: Option<&'static str>,
}

pub struct Request<'a> {
    /// `s3` or `dynamodb`, as in a signature's scope.
    pub service: &'a str,
    pub method: &'a str,
    /// Path and query, already percent-encoded.
    pub target: &'a str,
    pub headers: &'a [(&'a str, &'a str)],
    pub body: &'a [u8],
}

#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Endpoint {
    /// The same moto, as another account sees it.
    pub fn in_account(self, account: &'static str) -> Self {
        Self { account: Some(account), ..self }
    }

    /// The environment that makes a child process use this moto as AWS.
    pub fn env(self) -> [(&'static str, String); 5] {
        [
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_ENDPOINT_URL", self.to_string()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ]
    }

    pub async fn send(self, request: Request<'_>) -> Response {
        let what = format!("{} {}", request.method, request.target);
        let message = self.message(&request);
        let exchange = async {
            let mut stream = TcpStream::connect(self.address).await?;
            stream.write_all(&message).await?;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await?;
            std::io::Result::Ok(answer)
        };
        let answer = exchange.await.unwrap_or_else(|e| panic!("{what} at {self}: {e}"));
        parse(&answer).unwrap_or_else(|| {
            panic!("{what} at {self}: not HTTP: {:?}", String::from_utf8_lossy(&answer))
        })
    }

    /// Calls an action of a service that takes forms and answers XML, such as IAM.
    ///
    /// # Panics
    /// If it fails.
    pub async fn call(
        self,
        (service, version): (&str, &str),
        action: &str,
        parameters: &[(&str, &str)],
    ) -> String {
        let encoded = |(name, value): &(&str, &str)| {
            format!("&{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC))
        };
        let rest: String = parameters.iter().map(encoded).collect();
        let form = format!("Action={action}&Version={version}{rest}");
        let request = Request {
            service,
            method: "POST",
            target: "/",
            headers: &[("Content-Type", "application/x-www-form-urlencoded")],
            body: form.as_bytes(),
        };
        let answer = self.send(request).await;
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!(answer.status, 200, "{action}: {body}");
        body
    }

    /// HTTP/1.0: its answer is neither chunked nor kept alive, so it ends where the stream ends.
    fn message(self, request: &Request<'_>) -> Vec<u8> {
        let Request { service, method, target, headers, body } = request;
        let mut head = format!(
            "{method} {target} HTTP/1.0\r\n\
             Host: {}\r\n\
             Authorization: AWS4-HMAC-SHA256 \
             Credential=test/20260101/{REGION}/{service}/aws4_request, \
             SignedHeaders=host, Signature=0\r\n\
             Content-Length: {}\r\n",
            self.address,
            body.len()
        );
        if let Some(account) = self.account {
            write!(head, "x-moto-account-id: {account}\r\n").expect("a String takes all");
        }
        for (name, value) in *headers {
            write!(head, "{name}: {value}\r\n").expect("a String takes all");
        }
        head.push_str("\r\n");
        [head.as_bytes(), body].concat()
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.address)
    }
}

fn parse(answer: &[u8]) -> Option<Response> {
    let end_of_head = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let (head, body) = answer.split_at(end_of_head);
    let status = str::from_utf8(head).ok()?.split(' ').nth(1)?.parse().ok()?;
    Some(Response { status, body: body[4..].to_vec() })
}

/// The texts of all elements with this tag, in their order.
pub fn elements<'x>(xml: &'x str, tag: &str) -> Vec<&'x str> {
    let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
    let rest = xml.split(&*open).skip(1);
    rest.map(|text| text.split(&*close).next().expect("split gives a first part")).collect()
}
