//! A release that can neither continue nor fail ends after ten minutes, and names the rest of the lock.

use axum::http::Method;
use chrono::TimeDelta;
use insta::assert_snapshot;
use locktender::unlock::Left;
use locktender::workers::Warden;

use super::*;
use crate::support::proxy::Fate;
use crate::support::stub::{self, Answer};

/// The name of a case, and the answer to a delete in it.
type Case = (&'static str, fn() -> Answer);

/// Gives this answer to every delete of a lockfile.
fn answer_deletes(s3: &S3, answer: fn() -> Answer) {
    s3.rule(move |asked, _| (asked.method == Method::DELETE).then(answer));
}

fn not_implemented() -> Answer {
    stub::s3_error(501, "NotImplemented")
}

#[tokio::test]
async fn a_store_that_can_never_carry_a_release_out_has_it_end_as_failed() {
    let cases: [Case; 5] = [
        ("not implemented", not_implemented),
        ("not allowed", || stub::s3_error(405, "MethodNotAllowed")),
        ("an unknown answer", || stub::bare(418, &[])),
        ("no credentials", || stub::s3_error(403, "InvalidAccessKeyId")),
        ("another form of ETag", || stub::s3_error(412, "PreconditionFailed")),
    ];
    for (case, answer) in cases {
        let scene = Scene::new(BOTH).await;
        answer_deletes(&scene.s3, answer);
        scene.approve().await;
        scene.office.time.advance(TimeDelta::minutes(10) - TimeDelta::seconds(1));
        scene.office.round().await;
        assert_eq!(scene.outcome().await, "Executing", "{case}");
        scene.office.time.advance(TimeDelta::seconds(1));
        scene.office.round().await;
        assert_eq!(scene.outcome().await, "Failed", "{case}");
        assert!(scene.note().await.starts_with("nothing was released"), "{case}");
        assert_eq!((scene.row().await, scene.s3.get(LOCKFILE)), (Some(ours()), Some(ours())));
        // The path is free for a new request.
        scene.office.open(&approver("alice"), STATE).await;
    }
}

#[tokio::test]
async fn what_is_left_is_said_of_a_release_that_stopped_halfway() {
    let scene = Scene::new(BOTH).await;
    // The lockfile is gone, but the write that ends the release fails.
    let is_end = |body: &[u8]| String::from_utf8_lossy(body).contains("unlock.done");
    scene.proxy.rule(move |seen| match &*seen.what {
        "TransactWriteItems" if is_end(&seen.body) => Fate::Cut,
        _ => Fate::Pass,
    });
    scene.approve().await;
    assert_eq!((scene.outcome().await.as_str(), scene.s3.get(LOCKFILE)), ("Executing", None));
    scene.office.time.advance(TimeDelta::minutes(10));
    scene.office.round().await;
    let filed = scene.office.filed(scene.request).await;
    assert_eq!(filed.request.closing().unwrap().left, Some(Left::Row));
    assert_snapshot!(scene.told());
}

#[tokio::test]
async fn what_cannot_be_read_at_the_end_is_said_to_be_unread() {
    let scene = Scene::new(BOTH).await;
    scene.s3.rule(|asked, _| {
        let is_read_later = asked.method == Method::GET;
        (asked.method == Method::DELETE || is_read_later).then(not_implemented)
    });
    scene.approve().await;
    assert_eq!(scene.outcome().await, "Executing");
    scene.office.time.advance(TimeDelta::minutes(10));
    scene.office.round().await;
    let filed = scene.office.filed(scene.request).await;
    assert_eq!(filed.request.closing().unwrap().left, Some(Left::Unknown));
    assert_snapshot!(scene.told());
}

#[tokio::test]
async fn an_end_that_cannot_be_written_waits_until_it_can() {
    let scene = Scene::new(LOCKFILE_ALONE).await;
    answer_deletes(&scene.s3, not_implemented);
    scene.approve().await;
    let cut = |what: &str| if what == "TransactWriteItems" { Fate::Cut } else { Fate::Pass };
    scene.proxy.rule(move |seen| cut(&seen.what));
    scene.office.time.advance(TimeDelta::minutes(15));
    scene.office.round().await;
    assert_eq!(scene.outcome().await, "Executing");
    scene.proxy.rule(|_| Fate::Pass);
    scene.office.round().await;
    assert_eq!(scene.outcome().await, "Failed");
}

#[tokio::test]
async fn a_release_that_goes_well_at_last_is_not_given_up_however_late() {
    let scene = Scene::new(LOCKFILE_ALONE).await;
    answer_deletes(&scene.s3, not_implemented);
    scene.approve().await;
    scene.s3.rule(|_, _| None);
    scene.office.time.advance(TimeDelta::hours(3));
    scene.office.round().await;
    assert_eq!(scene.outcome().await, "Unlocked");
}

#[tokio::test]
async fn a_clock_that_is_set_back_keeps_nobody_from_a_release() {
    let scene = Scene::new(LOCKFILE_ALONE).await;
    answer_deletes(&scene.s3, not_implemented);
    scene.approve().await;
    scene.office.time.advance(-TimeDelta::hours(1));
    let warden = Warden::new(scene.office.context.clone());
    let tried = |scene: &Scene| scene.s3.count("DELETE");
    let before = tried(&scene);
    warden.round().await.unwrap();
    assert_eq!(tried(&scene), before, "it is left to whoever began it");
    scene.office.time.advance(TimeDelta::seconds(5));
    warden.round().await.unwrap();
    assert!(tried(&scene) > before);
    scene.office.time.advance(TimeDelta::minutes(10));
    warden.round().await.unwrap();
    assert_eq!(scene.outcome().await, "Failed");
}

#[tokio::test]
async fn a_bot_that_starts_again_and_again_does_not_prolong_a_release() {
    let scene = Scene::new(LOCKFILE_ALONE).await;
    answer_deletes(&scene.s3, not_implemented);
    scene.approve().await;
    // Each round acts like a new process that has seen nothing yet.
    for _ in 0..4 {
        scene.office.time.advance(TimeDelta::minutes(3));
        scene.office.round().await;
    }
    assert_eq!(scene.outcome().await, "Failed");
}
