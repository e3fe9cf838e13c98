//! The lock table moves to another account, or back, in the middle of a release. The configuration at each start
//! decides how the release goes on.

use super::*;
use crate::support::dynamodb::text;
use crate::support::far::PATH;

#[tokio::test]
async fn a_release_that_removed_a_far_row_is_not_called_already_free_after_the_table_moved() {
    let mut scene = Scene::new(ROW_ALONE).await;
    scene.far.own.rule(|seen| {
        let is_end = String::from_utf8_lossy(&seen.body).contains("unlock.done");
        if is_end { denied() } else { Fate::Pass }
    });
    scene.approve().await;
    assert_eq!((scene.outcome().await.as_str(), scene.far.row().await), ("Executing", None));
    scene.far.own.rule(|_| Fate::Pass);
    scene.far.restart(false).await;
    scene.resumed().await;
    assert_eq!(scene.outcome().await, "Unlocked");
}

#[tokio::test]
async fn a_release_that_was_begun_near_goes_on_far() {
    let mut scene = Scene::new(BOTH).await;
    scene.far.restart(false).await;
    // The look for the release finds the lock in the bot's own account.
    scene.far.office.db.put(PATH, &[("Info", text(&ours()))]).await;
    scene
        .far
        .s3
        .rule(|asked, _| (asked.method == "DELETE").then(|| stub::s3_error(503, "SlowDown")));
    scene.approve().await;
    assert_eq!(scene.outcome().await, "Executing");
    assert!(!scene.far.office.filed(scene.request).await.request.row_apart);
    scene.far.s3.rule(|_, _| None);
    scene.far.restart(true).await;
    scene.resumed().await;
    assert_eq!(scene.outcome().await, "Unlocked");
    assert_eq!((scene.far.row().await, scene.far.s3.get(LOCKFILE)), (None, None));
    assert_eq!(scene.far.proxy.count("DeleteItem"), 1);
}
