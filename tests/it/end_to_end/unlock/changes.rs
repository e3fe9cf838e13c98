//! The lock changes between the request and the approval.

use super::site;
use crate::support::e2e::Locking;
use crate::support::lock::{LockRow, Lockfile};
use crate::support::site::{STATE, Site};

/// Asserts that the trail ends with this action. The entry of the approval depends on what saw the change
/// first: the click, or the worker for open requests.
async fn assert_ended(site: &Site, action: &str) {
    let actions = site.actions().await;
    assert_eq!(actions.first().map(String::as_str), Some("request.opened"), "{actions:?}");
    assert_eq!(actions.last().map(String::as_str), Some(action), "{actions:?}");
    assert!(!actions.iter().any(|action| action == "unlock.done"), "{actions:?}");
    let announced = site.announced(0).await;
    assert!(!announced.iter().any(|text| text.contains("released by")), "{announced:?}");
}

#[tokio::test]
async fn a_lock_that_terraform_took_after_the_request_stays_and_its_apply_finishes() {
    for locking in [Locking::Row, Locking::Lockfile, Locking::Both] {
        let Some((_bench, site)) = site(locking).await else { return };
        let stale = site.dir.apply_and_kill().await;
        let card = site.ask(STATE).await;
        site.dir.force_unlock(&stale.id()).await.expect_success();
        let apply = site.dir.start_apply().await;
        let (row, lockfile) = (site.dir.lock_row().await, site.dir.lockfile().await);
        site.approve(&card, STATE).await;
        let closed = site.card("changed hands").await;
        assert_eq!(closed.id, card.id);
        let item = |row: Option<LockRow>| row.map(|row| row.item);
        assert_eq!(item(site.dir.lock_row().await), item(row), "{locking:?}");
        let info = |lockfile: Option<Lockfile>| lockfile.map(|lockfile| lockfile.info);
        assert_eq!(info(site.dir.lockfile().await), info(lockfile), "{locking:?}");
        apply.finish().await.expect_success();
        assert_ended(&site, "unlock.superseded").await;
        assert!(site.dir.plan().await.success);
        site.close().await;
    }
}

#[tokio::test]
async fn a_lock_that_its_apply_gave_back_after_the_request_is_already_free() {
    for locking in [Locking::Row, Locking::Lockfile, Locking::Both] {
        let Some((_bench, site)) = site(locking).await else { return };
        let apply = site.dir.start_apply().await;
        let card = site.ask(STATE).await;
        apply.finish().await.expect_success();
        site.approve(&card, STATE).await;
        site.card("already free").await;
        assert_ended(&site, "unlock.already_free").await;
        assert!(site.dir.plan().await.success);
        site.close().await;
    }
}
