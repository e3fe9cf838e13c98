//! An interrupted release whose request no longer agrees with the audit trail ends, and names the rest of
//! the lock.

use axum::http::Method;
use chrono::TimeDelta;
use insta::assert_snapshot;
use locktender::unlock::Left;
use serde_json::json;

use super::*;
use crate::support::stub;
use crate::unlock::forged::forge;

/// A release whose lockfile was deleted without an answer. Then the approvals are removed from its stored
/// request.
async fn doubted(stores: Stores) -> Scene {
    let scene = Scene::new(stores).await;
    scene.s3.rule(|asked, objects| {
        (asked.method == Method::DELETE).then(|| {
            objects.remove(LOCKFILE);
            stub::lost()
        })
    });
    scene.approve().await;
    assert_eq!((scene.outcome().await.as_str(), scene.s3.get(LOCKFILE)), ("Executing", None));
    scene.s3.rule(|_, _| None);
    forge(&scene.office, scene.request, |written| written["approvals"] = json!([])).await;
    scene.office.time.advance(TimeDelta::seconds(6));
    scene
}

#[tokio::test]
async fn what_is_left_of_a_lock_is_said_and_nothing_more_is_deleted() {
    let scene = doubted(BOTH).await;
    scene.office.round().await;
    let filed = scene.office.filed(scene.request).await;
    assert_eq!(filed.request.closing().unwrap().left, Some(Left::Row));
    assert_eq!(scene.row().await, Some(ours()));
    assert_snapshot!(scene.told());
}

#[tokio::test]
async fn a_lock_that_is_gone_is_not_called_unreleased() {
    let scene = doubted(LOCKFILE_ALONE).await;
    scene.office.round().await;
    assert_eq!(scene.outcome().await, "Failed");
    assert_snapshot!(scene.note().await);
}

#[tokio::test]
async fn a_lock_that_cannot_be_read_is_said_to_be_unread() {
    let scene = doubted(LOCKFILE_ALONE).await;
    let refused = || stub::s3_error(403, "AccessDenied");
    scene.s3.rule(move |asked, _| (asked.method == Method::GET).then(refused));
    scene.office.round().await;
    let filed = scene.office.filed(scene.request).await;
    assert_eq!(filed.request.closing().unwrap().left, Some(Left::Unknown));
    assert_snapshot!(scene.note().await);
}
