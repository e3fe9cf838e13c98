//! Releases of locks whose table is in another account. Their rows are deleted between the record of the start
//! and the record of the end.

mod kills;
mod moved;
mod stepped;

use std::sync::atomic::{AtomicBool, Ordering};

use chrono::TimeDelta;
use insta::assert_snapshot;
use locktender::commands::Answer;
use locktender::people::RequestId;
use locktender::unlock::Left;
use serde_json::json;

use crate::support::dynamodb::TABLE;
use crate::support::far::{Far, LOCKFILE, ROW_ALONE, STATE};
use crate::support::office::{ANNOUNCE, PLACE, approver, words};
use crate::support::proxy::{Fate, Seen};
use crate::support::stub;
use crate::support::two_stores::{BOTH, ours, theirs};

const IN_STEPS: [&str; 4] = ["request.opened", "request.approved", "unlock.started", "unlock.done"];

/// A lock in another account, and alice's request for it.
struct Scene {
    far: Far,
    request: RequestId,
}

impl Scene {
    async fn new(stores: locktender::lock::Stores) -> Self {
        let far = Far::new(stores).await;
        let request = far.office.open(&approver("alice"), STATE).await;
        Self { far, request }
    }

    async fn approve(&self) -> Answer {
        self.far.office.approve(&approver("bob"), self.request).await
    }

    async fn outcome(&self) -> String {
        self.far.office.outcome(self.request).await
    }

    async fn note(&self) -> String {
        let filed = self.far.office.filed(self.request).await;
        filed.request.closing().and_then(|closing| closing.note.clone()).unwrap_or_default()
    }

    async fn left(&self) -> Option<Left> {
        let filed = self.far.office.filed(self.request).await;
        filed.request.closing().and_then(|closing| closing.left)
    }

    async fn actions(&self) -> Vec<String> {
        self.far.office.actions(STATE).await
    }

    /// The warden's next round, when the first attempt has had its time.
    async fn resumed(&self) {
        self.far.office.time.advance(TimeDelta::seconds(6));
        self.far.office.round().await;
    }

    /// The card and the announcements.
    fn told(&self) -> String {
        let wall = &self.far.office.wall;
        [wall.read(PLACE.channel), wall.read(ANNOUNCE)].concat().join("\n----\n")
    }
}

/// A delete of the row meets this fate.
fn on_delete(fate: Fate) -> impl Fn(&Seen) -> Fate {
    move |seen| if seen.what == "DeleteItem" { fate.clone() } else { Fate::Pass }
}

/// The first delete of the row is carried out, and its answer is lost.
fn lose_the_first_delete() -> impl Fn(&Seen) -> Fate {
    let is_first = AtomicBool::new(true);
    move |seen| {
        let loses = seen.what == "DeleteItem" && is_first.swap(false, Ordering::SeqCst);
        if loses { Fate::LoseAnswer } else { Fate::Pass }
    }
}

fn denied() -> Fate {
    let message = format!(
        "User: bot is not authorized to perform: dynamodb:DeleteItem on resource: \
         arn:aws:dynamodb:us-east-1:1:table/{TABLE} because no identity-based policy allows it"
    );
    answer("com.amazon.coral.service#AccessDeniedException", &message)
}

fn answer(kind: &str, message: &str) -> Fate {
    Fate::Answer(400, json!({"__type": kind, "message": message, "Message": message}).to_string())
}

#[tokio::test]
async fn a_row_in_another_account_is_released_in_steps_and_announced_once() {
    for stores in [ROW_ALONE, BOTH] {
        let scene = Scene::new(stores).await;
        let answer = scene.approve().await;
        assert_eq!((answer.outcome, words(&answer)), ("answered", String::new()));
        assert_eq!((scene.far.row().await, scene.far.s3.get(LOCKFILE)), (None, None));
        assert_eq!(scene.actions().await, IN_STEPS);
        let announced = scene.far.office.wall.read(ANNOUNCE);
        assert_eq!(announced.len(), 1, "{announced:?}");
        assert!(!scene.told().contains("lockfile") || stores == BOTH, "{}", scene.told());
        // No transaction of the bot names a table of the other account.
        assert_eq!(scene.far.proxy.count("TransactWriteItems"), 0);
        assert_eq!(scene.far.proxy.count("DeleteItem"), 1);
    }
}

#[tokio::test]
async fn a_far_row_that_may_not_be_deleted_ends_the_release_at_once() {
    let missing = answer(
        "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException",
        "Requested resource not found",
    );
    for (name, fate) in [("denied", denied()), ("missing", missing)] {
        let scene = Scene::new(ROW_ALONE).await;
        scene.far.proxy.rule(on_delete(fate));
        scene.approve().await;
        assert_eq!((scene.outcome().await.as_str(), scene.left().await), ("Failed", None));
        assert_eq!(scene.far.row().await, Some(ours()));
        assert_eq!(scene.far.office.wall.read(ANNOUNCE), Vec::<String>::new());
        assert_snapshot!(format!("a_row_that_is_{name}"), scene.note().await);
    }
}

#[tokio::test]
async fn a_far_account_that_cannot_be_read_ends_the_release_at_once() {
    let scene = Scene::new(ROW_ALONE).await;
    scene.far.proxy.rule(|_| denied());
    scene.approve().await;
    assert_eq!(scene.outcome().await, "Failed");
    assert!(scene.note().await.starts_with("nothing was released"), "{}", scene.note().await);
    assert_eq!(scene.far.row().await, Some(ours()));
}

#[tokio::test]
async fn a_far_table_that_is_throttled_is_tried_again_and_released_once() {
    let scene = Scene::new(ROW_ALONE).await;
    let throttled = answer(
        "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
        "slow down",
    );
    scene.far.proxy.rule(on_delete(throttled));
    let told = words(&scene.approve().await);
    assert!(told.contains("not known yet"), "{told}");
    assert_eq!(scene.outcome().await, "Executing");
    scene.far.proxy.rule(|_| Fate::Pass);
    scene.resumed().await;
    assert_eq!((scene.outcome().await.as_str(), scene.far.row().await), ("Unlocked", None));
    assert_eq!(scene.far.office.wall.read(ANNOUNCE).len(), 1);
}

#[tokio::test]
async fn a_release_of_which_only_half_is_allowed_says_which() {
    let scene = Scene::new(BOTH).await;
    scene.far.proxy.rule(on_delete(denied()));
    scene.approve().await;
    assert_eq!(scene.left().await, Some(Left::Row));
    assert_eq!((scene.far.row().await, scene.far.s3.get(LOCKFILE)), (Some(ours()), None));
    assert_snapshot!("the_row_is_left", scene.told());

    let scene = Scene::new(BOTH).await;
    let refused = || stub::s3_error(403, "AccessDenied");
    scene.far.s3.rule(move |asked, _| (asked.method == "DELETE").then(refused));
    scene.approve().await;
    assert_eq!(scene.left().await, Some(Left::Lockfile));
    assert_eq!((scene.far.row().await, scene.far.s3.get(LOCKFILE)), (None, Some(ours())));
    assert_snapshot!("the_lockfile_is_left", scene.told());
}

#[tokio::test]
async fn a_row_whose_delete_went_unanswered_is_recorded_as_released() {
    let scene = Scene::new(ROW_ALONE).await;
    scene.far.proxy.rule(lose_the_first_delete());
    scene.approve().await;
    assert_eq!((scene.outcome().await.as_str(), scene.far.row().await), ("Unlocked", None));
    assert_eq!(scene.actions().await, IN_STEPS);
}

#[tokio::test]
async fn a_refused_half_is_not_forgotten_while_the_other_one_goes_unanswered() {
    let scene = Scene::new(BOTH).await;
    let refused = || stub::s3_error(403, "AccessDenied");
    scene.far.s3.rule(move |asked, _| (asked.method == "DELETE").then(refused));
    scene.far.proxy.rule(lose_the_first_delete());
    scene.approve().await;
    assert_eq!(scene.left().await, Some(Left::Lockfile), "{}", scene.note().await);
    assert_snapshot!(scene.note().await);
}

#[tokio::test]
async fn a_release_that_cannot_be_recorded_is_finished_when_it_can() {
    for stores in [ROW_ALONE, BOTH] {
        let scene = Scene::new(stores).await;
        scene.far.own.rule(|seen| {
            let is_end = String::from_utf8_lossy(&seen.body).contains("unlock.done");
            if is_end { denied() } else { Fate::Pass }
        });
        let told = words(&scene.approve().await);
        assert!(told.contains("not known yet"), "{told}");
        assert_eq!((scene.outcome().await.as_str(), scene.far.row().await), ("Executing", None));
        scene.far.own.rule(|_| Fate::Pass);
        scene.resumed().await;
        assert_eq!(scene.outcome().await, "Unlocked");
        assert_eq!(scene.far.office.wall.read(ANNOUNCE).len(), 1);
    }
}

#[tokio::test]
async fn a_release_that_is_given_up_says_what_is_left_of_a_far_lock() {
    let scene = Scene::new(BOTH).await;
    // The row never answers after the lockfile is gone.
    scene.far.proxy.rule(on_delete(Fate::Cut));
    scene.approve().await;
    assert_eq!((scene.outcome().await.as_str(), scene.far.s3.get(LOCKFILE)), ("Executing", None));
    scene.far.office.time.advance(TimeDelta::minutes(11));
    scene.far.office.round().await;
    assert_eq!((scene.outcome().await.as_str(), scene.left().await), ("Failed", Some(Left::Row)));
    assert_eq!(scene.far.row().await, Some(ours()));
    assert_snapshot!(scene.note().await);
}
