//! Terraform acts between the bot's look at the lock and the bot's delete of the row.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use super::*;
use crate::support::proxy::Gate;

/// How often the race is run. The records differ each time.
const TIMES: usize = 10;

/// The approval, with `meanwhile` done when the delete of the row has left the bot.
async fn approve_and(scene: &Scene, meanwhile: impl AsyncFnOnce()) {
    let gate = Arc::new(Gate::default());
    scene.far.proxy.rule(on_delete(Fate::Wait(gate.clone())));
    let step = async {
        gate.reached().await;
        meanwhile().await;
        gate.open();
    };
    tokio::join!(Box::pin(scene.approve()), step);
}

#[tokio::test]
async fn a_lock_that_terraform_takes_before_the_delete_stays() {
    for time in 0..TIMES {
        let scene = Scene::new(ROW_ALONE).await;
        let next = theirs().replace("92c15b3e", &format!("92c15b{time:02}"));
        approve_and(&scene, async || {
            scene.far.set_row(None).await;
            scene.far.set_row(Some(&next)).await;
        })
        .await;
        assert_eq!(
            (scene.outcome().await.as_str(), scene.far.row().await),
            ("Superseded", Some(next))
        );
        assert!(!scene.note().await.contains("removed"), "{}", scene.note().await);
    }
}

#[tokio::test]
async fn the_same_record_in_other_bytes_stays() {
    let scene = Scene::new(ROW_ALONE).await;
    let rewritten = ours().replace(':', ": ");
    approve_and(&scene, async || scene.far.set_row(Some(&rewritten)).await).await;
    assert_eq!(scene.outcome().await, "Superseded");
    assert_eq!(scene.far.row().await, Some(rewritten));
}

#[tokio::test]
async fn a_row_that_its_holder_removed_before_the_delete_is_already_free() {
    let scene = Scene::new(ROW_ALONE).await;
    approve_and(&scene, async || scene.far.set_row(None).await).await;
    assert_eq!(scene.outcome().await, "AlreadyFree");
    assert_eq!(scene.far.office.wall.read(ANNOUNCE), Vec::<String>::new());
}

#[tokio::test]
async fn a_row_that_changed_after_the_lockfile_was_removed_is_left_and_that_is_said() {
    let scene = Scene::new(BOTH).await;
    approve_and(&scene, async || scene.far.set_row(Some(&theirs())).await).await;
    assert_eq!(
        (scene.outcome().await.as_str(), scene.far.row().await),
        ("Superseded", Some(theirs()))
    );
    assert_eq!(scene.far.s3.get(LOCKFILE), None);
    let removed = "this release removed the lockfile; the lock there now is 92c15b3e by zoe@laptop";
    assert_eq!(scene.note().await, removed);
}

#[tokio::test]
async fn a_row_that_was_taken_anew_after_an_unanswered_delete_stays_and_the_release_is_recorded() {
    let scene = Scene::new(ROW_ALONE).await;
    let gate = Arc::new(Gate::default());
    let (second, tries) = (gate.clone(), AtomicUsize::new(0));
    scene.far.proxy.rule(move |seen| {
        if seen.what != "DeleteItem" {
            return Fate::Pass;
        }
        match tries.fetch_add(1, Ordering::Relaxed) {
            0 => Fate::LoseAnswer,
            _ => Fate::Wait(second.clone()),
        }
    });
    let step = async {
        gate.reached().await;
        scene.far.set_row(Some(&theirs())).await;
        gate.open();
    };
    tokio::join!(scene.approve(), step);
    assert_eq!(
        (scene.outcome().await.as_str(), scene.far.row().await),
        ("Unlocked", Some(theirs()))
    );
    assert_eq!(scene.left().await, Some(Left::NextLock));
    assert_snapshot!(scene.told());
}
