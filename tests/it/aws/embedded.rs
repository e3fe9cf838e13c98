//! The embedded `DynamoDB` that the demo and these tests use.

use locktender::aws::Sandbox;
use locktender::embedded::{Embedded, EmbeddedError};
use locktender::lock::StatePath;
use tokio::net::TcpStream;

use crate::support::deadline::Deadline;
use crate::support::dynamodb::{TABLE, record, session};

/// Takes the lock of one state. False if it was held.
async fn lock(embedded: &Embedded) -> bool {
    let sandbox = Sandbox::open(&session(&embedded.endpoint()), TABLE).await.unwrap();
    let path = StatePath::parse("states/env/prod/terraform.tfstate").unwrap();
    sandbox.lock(&path, &record(&path)).await.unwrap()
}

#[tokio::test]
async fn what_is_in_memory_is_its_own() {
    let (one, other) = tokio::try_join!(Embedded::start(None), Embedded::start(None)).unwrap();
    assert!(lock(&one).await);
    assert!(lock(&other).await);
    assert!(!lock(&one).await);
}

#[tokio::test]
async fn what_is_in_a_file_is_there_the_next_time() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("demo.db");
    let first = Embedded::start(Some(&file)).await.unwrap();
    assert!(lock(&first).await);
    drop(first);
    assert!(!lock(&Embedded::start(Some(&file)).await.unwrap()).await);
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let error = Embedded::start(Some(folder.path())).await.unwrap_err();
    assert!(matches!(error, EmbeddedError::Database(_)), "{error}");
}

#[tokio::test]
async fn it_stops_when_it_is_dropped() {
    let embedded = Embedded::start(None).await.unwrap();
    let address = embedded.endpoint().replace("http://", "");
    TcpStream::connect(&address).await.unwrap();
    drop(embedded);
    let deadline = Deadline::generous();
    while TcpStream::connect(&address).await.is_ok() {
        assert!(deadline.look_again().await, "it still listens");
    }
}
