//! Failures of AWS. Each has its own sentence, and none is read as a free state.

use std::time::Duration;

use insta::assert_snapshot;
use locktender::aws::{AwsLocks, Patience, Session};
use locktender::error::Fault;
use locktender::lock::{Catalog, State, StatePath};
use locktender::ports::Locks;
use serde_json::json;
use tokio::net::TcpListener;

use crate::support::dynamodb::{BUCKET, DynamoDb, TABLE, backend, session};
use crate::support::stub::{self, Answer, Asked, Stub};

/// Too short for a real call, long enough to differ from no wait at all.
const IMPATIENT: Patience = Patience {
    connect: Duration::from_millis(100),
    attempt: Duration::from_millis(200),
    operation: Duration::from_millis(500),
};

#[derive(Clone, Copy)]
enum In {
    Table,
    Bucket,
}

fn locks(store: In, session: &Session) -> AwsLocks {
    let stores = match store {
        In::Table => backend("main", BUCKET, Some(TABLE), false),
        In::Bucket => backend("main", BUCKET, None, true),
    };
    AwsLocks::connect(session, vec![stores])
}

fn state() -> State {
    let backend = backend("main", BUCKET, Some(TABLE), false).backend().clone();
    Catalog::new(vec![backend])
        .state_at(StatePath::new(BUCKET, "env/prod/terraform.tfstate").unwrap())
        .unwrap()
}

async fn inspect(store: In, session: &Session) -> Fault {
    locks(store, session).inspect(&state()).await.unwrap_err()
}

/// The fault when nothing can be read. Asserts that each read gives the same one.
async fn every_read(locks: &AwsLocks) -> Fault {
    let fault = locks.inspect(&state()).await.unwrap_err();
    assert_eq!(locks.list().await.unwrap_err().to_string(), fault.to_string());
    assert_eq!(locks.seen().await.unwrap_err().to_string(), fault.to_string());
    fault
}

fn line(case: &str, fault: &Fault) -> String {
    assert!(fault.source.is_some() || case.contains("schema"), "{case} has nothing for the log");
    format!("{case} [{}] {fault}", fault.kind.as_str())
}

/// The name of a case, and AWS's answer in it.
type Case = (&'static str, fn() -> Answer);

/// The sentences for these answers of a store, one line per case.
async fn sentences(store: In, cases: impl IntoIterator<Item = Case>) -> String {
    let mut lines = Vec::new();
    for (case, answer) in cases {
        let stub = Stub::start(move |_: &Asked| answer()).await;
        lines.push(line(case, &inspect(store, &session(stub.endpoint())).await));
    }
    lines.join("\n")
}

#[tokio::test]
async fn a_lock_table_that_cannot_be_read_says_why_and_what_to_do() {
    let cases: [Case; 12] = [
        ("denied", || stub::dynamodb_error(400, "AccessDeniedException", "not authorized")),
        ("unknown key", || stub::dynamodb_error(400, "UnrecognizedClientException", "invalid")),
        ("bad signature", || stub::dynamodb_error(400, "InvalidSignatureException", "mismatch")),
        ("expired", || stub::dynamodb_error(400, "ExpiredTokenException", "expired")),
        ("capacity", || {
            stub::dynamodb_error(400, "ProvisionedThroughputExceededException", "exceeded")
        }),
        ("throttled", || stub::dynamodb_error(400, "ThrottlingException", "rate")),
        ("account limit", || stub::dynamodb_error(400, "RequestLimitExceeded", "limit")),
        ("missing", || stub::dynamodb_error(400, "ResourceNotFoundException", "not found")),
        ("other schema", || {
            let message = "The provided key element does not match the schema";
            stub::dynamodb_error(400, "ValidationException", message)
        }),
        ("bad request", || stub::dynamodb_error(400, "ValidationException", "table name")),
        ("server error", || stub::dynamodb_error(500, "InternalServerError", "oops")),
        ("proxy", || stub::bare(503, &[])),
    ];
    assert_snapshot!(sentences(In::Table, cases).await, @r"
    denied [denied] The lock table `locks` refused access: allow dynamodb:GetItem on it
    unknown key [credentials] The lock table `locks` did not accept the AWS credentials: check AWS_PROFILE or AWS_ACCESS_KEY_ID and its secret, and this host's clock
    bad signature [credentials] The lock table `locks` did not accept the AWS credentials: check AWS_PROFILE or AWS_ACCESS_KEY_ID and its secret, and this host's clock
    expired [credentials] The lock table `locks` did not accept the AWS credentials: they have expired; renew them, as with `aws sso login`
    capacity [throttled] The lock table `locks` is throttling requests: try again in a minute, and raise its capacity if it stays
    throttled [throttled] The lock table `locks` is throttling requests: try again in a minute, and raise its capacity if it stays
    account limit [throttled] The lock table `locks` is throttling requests: try again in a minute, and raise its capacity if it stays
    missing [missing] The lock table `locks` does not exist: check its name, and that it is in us-east-1
    other schema [not_a_lock_table] The lock table `locks` is not a Terraform lock table: its key must be the string LockID
    bad request [unexpected] The lock table `locks` gave an unexpected answer: try again in a minute; the log has what it said
    server error [unexpected] The lock table `locks` gave an unexpected answer: try again in a minute; the log has what it said
    proxy [throttled] The lock table `locks` is throttling requests: try again in a minute, and raise its capacity if it stays
    ");
}

#[tokio::test]
async fn a_bucket_that_cannot_be_read_says_why_and_what_to_do() {
    let cases: [Case; 12] = [
        ("denied", || stub::s3_error(403, "AccessDenied")),
        ("unknown key", || stub::s3_error(403, "InvalidAccessKeyId")),
        ("bad signature", || stub::s3_error(403, "SignatureDoesNotMatch")),
        ("expired", || stub::s3_error(400, "ExpiredToken")),
        ("slow down", || stub::s3_error(503, "SlowDown")),
        ("missing", || stub::s3_error(404, "NoSuchBucket")),
        ("redirect", || stub::s3_error(301, "PermanentRedirect")),
        ("redirect with region", || stub::bare(301, &[("x-amz-bucket-region", "eu-west-1")])),
        ("wrong signing region", || stub::s3_error(400, "AuthorizationHeaderMalformed")),
        ("server error", || stub::s3_error(500, "InternalError")),
        ("not XML", || stub::bare(502, &[])),
        ("unknown answer", || stub::bare(418, &[])),
    ];
    assert_snapshot!(sentences(In::Bucket, cases).await, @r"
    denied [denied] The bucket `states` refused access: allow s3:GetObject on *.tflock, s3:ListBucket (without it a missing lockfile looks forbidden), and kms:Decrypt where KMS encrypts
    unknown key [credentials] The bucket `states` did not accept the AWS credentials: check AWS_PROFILE or AWS_ACCESS_KEY_ID and its secret, and this host's clock
    bad signature [credentials] The bucket `states` did not accept the AWS credentials: check AWS_PROFILE or AWS_ACCESS_KEY_ID and its secret, and this host's clock
    expired [credentials] The bucket `states` did not accept the AWS credentials: they have expired; renew them, as with `aws sso login`
    slow down [throttled] The bucket `states` is throttling requests: try again in a minute
    missing [missing] The bucket `states` does not exist: check its name
    redirect [wrong_region] The bucket `states` is in another region: set AWS_REGION, now us-east-1, to the bucket's own
    redirect with region [wrong_region] The bucket `states` is in another region: set AWS_REGION, now us-east-1, to eu-west-1
    wrong signing region [wrong_region] The bucket `states` is in another region: set AWS_REGION, now us-east-1, to the bucket's own
    server error [unexpected] The bucket `states` gave an unexpected answer: try again in a minute; the log has what it said
    not XML [unreachable] The bucket `states` cannot be reached: check the network, the region (us-east-1) and AWS_ENDPOINT_URL, then try again
    unknown answer [unexpected] The bucket `states` gave an unexpected answer: try again in a minute; the log has what it said
    ");
}

#[tokio::test]
async fn a_list_that_may_not_be_read_names_the_permission_that_is_missing() {
    let stub = Stub::start(|asked: &Asked| match asked.dynamodb() {
        Some(_) => stub::dynamodb_error(400, "AccessDeniedException", "not authorized"),
        None => stub::s3_error(403, "AccessDenied"),
    })
    .await;
    let session = session(stub.endpoint());
    let table = locks(In::Table, &session).list().await.unwrap_err();
    assert_snapshot!(table, @"The lock table `locks` refused access: allow dynamodb:Scan on it");
    let bucket = locks(In::Bucket, &session).list().await.unwrap_err();
    assert_snapshot!(bucket, @"The bucket `states` refused access: allow s3:ListBucket on it");
}

#[tokio::test]
async fn no_answer_is_an_error_within_the_time_that_is_set() {
    let hanging = Stub::start(|_: &Asked| Answer::Never).await;
    let hanging = Session::at(hanging.endpoint(), IMPATIENT);
    let table = inspect(In::Table, &hanging).await;
    assert_snapshot!(table, @"The lock table `locks` cannot be reached: check the network, the region (us-east-1) and AWS_ENDPOINT_URL, then try again");
    let bucket = inspect(In::Bucket, &hanging).await;
    assert_snapshot!(bucket, @"The bucket `states` cannot be reached: check the network, the region (us-east-1) and AWS_ENDPOINT_URL, then try again");
}

#[tokio::test]
async fn a_refused_connection_is_told_like_a_missing_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let fault = inspect(In::Table, &Session::at(&endpoint, IMPATIENT)).await;
    assert_snapshot!(fault, @"The lock table `locks` cannot be reached: check the network, the region (us-east-1) and AWS_ENDPOINT_URL, then try again");
}

#[tokio::test]
async fn a_missing_table_is_told_by_a_real_dynamodb_too() {
    let db = DynamoDb::start().await;
    let stores = backend("main", BUCKET, Some("no-such-table"), false);
    let locks = AwsLocks::connect(&db.session(), vec![stores]);
    assert_snapshot!(every_read(&locks).await, @"The lock table `no-such-table` does not exist: check its name, and that it is in us-east-1");
}

#[tokio::test]
async fn a_table_of_another_kind_is_an_error_and_not_an_empty_list() {
    use aws_sdk_dynamodb::types::{
        AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    };
    let db = DynamoDb::start().await;
    let key = KeySchemaElement::builder().attribute_name("pk").key_type(KeyType::Hash);
    let attribute =
        AttributeDefinition::builder().attribute_name("pk").attribute_type(ScalarAttributeType::S);
    db.client
        .create_table()
        .table_name("orders")
        .key_schema(key.build().unwrap())
        .attribute_definitions(attribute.build().unwrap())
        .billing_mode(BillingMode::PayPerRequest)
        .send()
        .await
        .unwrap();
    let row = db.client.put_item().table_name("orders");
    row.item("pk", crate::support::dynamodb::text("1")).send().await.unwrap();
    let stores = backend("main", BUCKET, Some("orders"), false);
    let locks = AwsLocks::connect(&db.session(), vec![stores]);
    assert_snapshot!(every_read(&locks).await, @"The lock table `orders` is not a Terraform lock table: its key must be the string LockID");
}

#[tokio::test]
async fn a_state_of_a_backend_that_is_not_configured_is_never_taken_for_free() {
    let db = DynamoDb::start().await;
    let locks = AwsLocks::connect(&db.session(), vec![backend("other", "b", Some(TABLE), false)]);
    let fault = locks.inspect(&state()).await.unwrap_err();
    assert_snapshot!(fault, @"A backend with the bucket `states` does not exist: add it to the configuration");
}

#[tokio::test]
async fn a_throttled_read_that_goes_well_the_next_time_is_no_error() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let first = AtomicBool::new(true);
    let stub = Stub::start(move |_: &Asked| {
        if first.swap(false, Ordering::SeqCst) {
            stub::dynamodb_error(400, "ThrottlingException", "rate")
        } else {
            stub::json(&json!({}))
        }
    })
    .await;
    locks(In::Table, &session(stub.endpoint())).inspect(&state()).await.unwrap();
    assert_eq!(stub.asked().len(), 2);
}

#[tokio::test]
async fn a_read_that_is_denied_is_not_tried_again() {
    let stub =
        Stub::start(|_: &Asked| stub::dynamodb_error(400, "AccessDeniedException", "")).await;
    inspect(In::Table, &session(stub.endpoint())).await;
    assert_eq!(stub.asked().len(), 1);
}

#[tokio::test]
async fn a_lock_is_read_strongly_consistently_in_one_request() {
    let stub = Stub::start(|_: &Asked| stub::json(&json!({}))).await;
    locks(In::Table, &session(stub.endpoint())).inspect(&state()).await.unwrap();
    let asked = stub.asked();
    assert_eq!(asked.iter().map(Asked::dynamodb).collect::<Vec<_>>(), [Some("GetItem")]);
    assert_eq!(
        asked[0].json(),
        json!({
            "TableName": "locks",
            "Key": {"LockID": {"S": "states/env/prod/terraform.tfstate"}},
            "ConsistentRead": true,
        })
    );
}

#[tokio::test]
async fn an_empty_page_with_a_continuation_does_not_end_the_list() {
    let row = |key: &str| json!({"LockID": {"S": key}, "Info": {"S": "?"}});
    let stub = Stub::start(move |asked: &Asked| {
        let at = asked.json()["ExclusiveStartKey"]["LockID"]["S"].as_str().map(str::to_owned);
        stub::json(&match at.as_deref() {
            None => {
                json!({"Items": [row("states/a/x")], "LastEvaluatedKey": {"LockID": {"S": "1"}}})
            }
            Some("1") => json!({"Items": [], "LastEvaluatedKey": {"LockID": {"S": "2"}}}),
            Some("2") => json!({"LastEvaluatedKey": {"LockID": {"S": "3"}}}),
            Some(_) => json!({"Items": [row("states/b/x")]}),
        })
    })
    .await;
    let list = locks(In::Table, &session(stub.endpoint())).list().await.unwrap().held;
    assert_eq!(list.len(), 2);
    let asked = stub.asked();
    assert_eq!(asked.len(), 4);
    assert!(asked.iter().all(|asked| asked.json()["ConsistentRead"] == true));
}
