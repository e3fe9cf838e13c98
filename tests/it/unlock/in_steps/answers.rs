//! Lost answers, refusals, and another lock taken in the meantime.

use axum::http::Method;
use insta::assert_snapshot;
use locktender::unlock::Left;
use serde_json::json;

use super::*;
use crate::support::office::words;
use crate::support::proxy::Fate;
use crate::support::stub;

/// The first delete is carried out and its answer is lost. If there is a `next` record, another run takes
/// the lock before the retry.
fn lose_the_delete(s3: &S3, next: Option<String>) {
    let mut is_first = true;
    s3.rule(move |asked, objects| {
        if asked.method != Method::DELETE || !std::mem::take(&mut is_first) {
            return None;
        }
        objects.remove(LOCKFILE);
        if let Some(next) = &next {
            objects.put(LOCKFILE, next);
        }
        Some(stub::lost())
    });
}

/// The first delete is carried out and its answer is lost. Retries get this answer.
fn lose_the_delete_then(s3: &S3, answer: fn() -> stub::Answer) {
    let mut is_first = true;
    s3.rule(move |asked, objects| {
        (asked.method == Method::DELETE).then(|| {
            objects.remove(LOCKFILE);
            if std::mem::take(&mut is_first) { stub::lost() } else { answer() }
        })
    });
}

fn denied(table: &str) -> Fate {
    let message = format!(
        "User: bot is not authorized to perform: dynamodb:X on resource: \
         arn:aws:dynamodb:us-east-1:1:table/{table} because no identity-based policy allows it"
    );
    let body =
        json!({"__type": "com.amazon.coral.service#AccessDeniedException", "Message": message});
    Fate::Answer(400, body.to_string())
}

/// Every write that ends a release meets this fate. The write that starts one has only `unlock.started`.
fn at_the_end(fate: Fate) -> impl Fn(&crate::support::proxy::Seen) -> Fate {
    move |seen| {
        let body = String::from_utf8_lossy(&seen.body);
        let is_end = body.contains("unlock.done");
        if seen.what == "TransactWriteItems" && is_end { fate.clone() } else { Fate::Pass }
    }
}

#[tokio::test]
async fn a_lockfile_whose_delete_went_unanswered_and_that_was_taken_anew_is_recorded_as_released() {
    let scene = Scene::new(LOCKFILE_ALONE).await;
    lose_the_delete(&scene.s3, Some(theirs()));
    let answer = scene.approve().await;
    assert_eq!((answer.outcome, words(&answer)), ("answered", String::new()));
    assert_eq!(scene.s3.get(LOCKFILE), Some(theirs()), "the new lock stays");
    assert_eq!(scene.outcome().await, "Unlocked");
    let done = ["request.opened", "request.approved", "unlock.started", "unlock.done"];
    assert_eq!(scene.actions().await, done);
    assert_snapshot!(scene.told());
}

#[tokio::test]
async fn a_lockfile_that_was_taken_anew_after_a_crash_is_recorded_as_released() {
    let scene = Scene::new(LOCKFILE_ALONE).await;
    scene.s3.rule(|asked, objects| {
        (asked.method == Method::DELETE).then(|| {
            objects.remove(LOCKFILE);
            stub::lost()
        })
    });
    let told = words(&scene.approve().await);
    assert!(told.contains("not known yet"), "{told}");
    scene.s3.rule(|_, _| None);
    scene.s3.put(LOCKFILE, &theirs());
    scene.office.time.advance(chrono::TimeDelta::seconds(6));
    scene.office.round().await;
    assert_eq!(scene.outcome().await, "Unlocked");
    assert!(scene.note().await.contains("by this release or by its holder"));
    assert_eq!(scene.s3.get(LOCKFILE), Some(theirs()), "the new lock stays");
}

#[tokio::test]
async fn the_row_is_released_too_where_the_lockfile_was_taken_anew() {
    let scene = Scene::new(BOTH).await;
    lose_the_delete(&scene.s3, Some(theirs()));
    scene.approve().await;
    assert_eq!((scene.outcome().await.as_str(), scene.row().await), ("Unlocked", None));
    assert_eq!(scene.s3.get(LOCKFILE), Some(theirs()), "the new lock stays");
    assert!(scene.note().await.contains("by this release or by its holder"));
}

#[tokio::test]
async fn a_lockfile_whose_delete_went_unanswered_is_never_called_free_already() {
    // A versioned bucket with a delete marker as its newest version may answer 412 instead of 404.
    let scene = Scene::new(LOCKFILE_ALONE).await;
    lose_the_delete_then(&scene.s3, || stub::s3_error(412, "PreconditionFailed"));
    scene.approve().await;
    assert_eq!(scene.outcome().await, "Unlocked");
}

#[tokio::test]
async fn a_delete_that_is_refused_after_one_that_went_unanswered_is_not_called_undone() {
    let scene = Scene::new(LOCKFILE_ALONE).await;
    lose_the_delete_then(&scene.s3, || stub::s3_error(403, "AccessDenied"));
    scene.approve().await;
    assert_eq!(scene.outcome().await, "Unlocked");
}

#[tokio::test]
async fn a_delete_that_finds_nothing_after_one_that_went_unanswered_does_not_name_who_removed_it() {
    let scene = Scene::new(BOTH).await;
    lose_the_delete_then(&scene.s3, || stub::s3_error(404, "NoSuchKey"));
    // The delete of the row fails, so the last entry names who removed the lockfile.
    scene.proxy.rule(at_the_end(denied(TABLE)));
    scene.approve().await;
    assert_eq!(scene.outcome().await, "Failed");
    let note = scene.note().await;
    assert!(note.contains("removed by this release or by its holder"), "{note}");
}

#[tokio::test]
async fn a_lockfile_that_its_holder_gave_back_before_the_delete_is_already_free() {
    let scene = Scene::new(LOCKFILE_ALONE).await;
    scene.s3.rule(|asked, objects| {
        (asked.method == Method::DELETE).then(|| {
            objects.remove(LOCKFILE);
            stub::s3_error(404, "NoSuchKey")
        })
    });
    scene.approve().await;
    assert_eq!(scene.outcome().await, "AlreadyFree");
}

#[tokio::test]
async fn a_lock_that_changed_hands_before_the_delete_is_left_and_nothing_is_said_to_be_removed() {
    let scene = Scene::new(LOCKFILE_ALONE).await;
    scene.s3.put(LOCKFILE, &theirs());
    scene.approve().await;
    assert_eq!(scene.outcome().await, "Superseded");
    assert_eq!(scene.note().await, "the lock there now is 92c15b3e by zoe@laptop");
    assert_eq!(scene.s3.get(LOCKFILE), Some(theirs()));
}

#[tokio::test]
async fn a_release_that_cannot_be_recorded_is_finished_when_it_can_and_never_called_failed() {
    for stores in [LOCKFILE_ALONE, BOTH] {
        for table in ["locktender-audit", "locktender"] {
            let scene = Scene::new(stores).await;
            scene.proxy.rule(at_the_end(denied(table)));
            let told = words(&scene.approve().await);
            assert!(told.contains("not known yet") && told.contains(table), "{told}");
            assert_eq!(scene.outcome().await, "Executing");
            scene.proxy.rule(|_| Fate::Pass);
            scene.office.time.advance(chrono::TimeDelta::seconds(6));
            scene.office.round().await;
            assert_eq!((scene.outcome().await.as_str(), scene.row().await), ("Unlocked", None));
            assert!(!scene.actions().await.contains(&"unlock.failed".to_owned()));
        }
    }
}

#[tokio::test]
async fn a_release_of_which_only_half_is_allowed_is_announced() {
    let scene = Scene::new(BOTH).await;
    scene.proxy.rule(at_the_end(denied(TABLE)));
    scene.approve().await;
    let filed = scene.office.filed(scene.request).await;
    assert_eq!(filed.request.closing().unwrap().left, Some(Left::Row));
    assert_eq!((scene.row().await, scene.s3.get(LOCKFILE)), (Some(ours()), None));
    assert_snapshot!("the_row_is_left", scene.told());

    let scene = Scene::new(BOTH).await;
    let refused = || stub::s3_error(403, "AccessDenied");
    scene.s3.rule(move |asked, _| (asked.method == Method::DELETE).then(refused));
    scene.approve().await;
    let filed = scene.office.filed(scene.request).await;
    assert_eq!(filed.request.closing().unwrap().left, Some(Left::Lockfile));
    assert_eq!((scene.row().await, scene.s3.get(LOCKFILE)), (None, Some(ours())));
    assert_snapshot!("the_lockfile_is_left", scene.told());
}

#[tokio::test]
async fn a_release_that_has_removed_nothing_is_not_announced() {
    let scene = Scene::new(LOCKFILE_ALONE).await;
    let refused = || stub::s3_error(403, "AccessDenied");
    scene.s3.rule(move |asked, _| (asked.method == Method::DELETE).then(refused));
    scene.approve().await;
    assert_eq!(scene.outcome().await, "Failed");
    assert_eq!(scene.office.wall.read(ANNOUNCE), Vec::<String>::new());
}

#[tokio::test]
async fn a_store_that_says_changed_and_shows_the_same_is_not_asked_without_end() {
    let scene = Scene::new(LOCKFILE_ALONE).await;
    let changed = || stub::s3_error(412, "PreconditionFailed");
    scene.s3.rule(move |asked, _| (asked.method == Method::DELETE).then(changed));
    scene.approve().await;
    assert_eq!(scene.outcome().await, "Executing");
    assert_eq!(scene.s3.count("DELETE"), 2);
}

#[tokio::test]
async fn only_s3_itself_can_say_that_a_lockfile_is_gone() {
    let scene = Scene::new(LOCKFILE_ALONE).await;
    scene.s3.rule(|asked, _| (asked.method == Method::DELETE).then(|| stub::bare(404, &[])));
    let told = words(&scene.approve().await);
    assert!(told.contains("not known yet"), "{told}");
    assert_eq!(scene.outcome().await, "Executing");
    scene.s3.rule(|asked, _| (asked.method == Method::GET).then(|| stub::bare(404, &[])));
    scene.office.time.advance(chrono::TimeDelta::seconds(6));
    scene.office.round().await;
    assert_eq!(scene.outcome().await, "Executing");
    scene.s3.rule(|_, _| None);
    scene.office.round().await;
    assert_eq!((scene.outcome().await.as_str(), scene.s3.get(LOCKFILE)), ("Unlocked", None));
}
