//! Terraform takes the lock during the bot's delete, or the answer to the delete is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{DONE, DONE_IN_STEPS};
use crate::support::discord::Message;
use crate::support::e2e::{self, Bench, Locking};
use crate::support::proxy::{Fate, Gate, Proxy, Seen};
use crate::support::site::{STATE, Site};

/// A site whose bot reaches moto through a proxy. Terraform reaches moto directly.
async fn behind_a_proxy(bench: &Bench, locking: Locking) -> (Site, Proxy) {
    let backend = bench.backend(locking).await;
    let proxy = Proxy::start(&backend.endpoint.to_string()).await;
    let site = Site::on(bench, &backend, &proxy.endpoint()).await;
    (site, proxy)
}

/// Whether this is the transaction that deletes a lock's row.
fn deletes_row(seen: &Seen) -> bool {
    seen.what == "TransactWriteItems" && String::from_utf8_lossy(&seen.body).contains("LockID")
}

/// Whether this request deletes a lockfile.
fn deletes_lockfile(seen: &Seen) -> bool {
    seen.what.starts_with("DELETE ") && seen.what.ends_with(".tflock")
}

/// Holds the bot's delete while the lock is released by hand and another apply takes it.
async fn overtaken(bench: &Bench, locking: Locking, held: fn(&Seen) -> bool) {
    let (site, proxy) = behind_a_proxy(bench, locking).await;
    let stale = site.dir.apply_and_kill().await;
    let card = site.ask(STATE).await;
    let gate = Arc::new(Gate::default());
    let at_the_gate = gate.clone();
    proxy.rule(move |seen| if held(seen) { Fate::Wait(at_the_gate.clone()) } else { Fate::Pass });
    let approving = site.approve(&card, STATE);
    let overtaking = async {
        gate.reached().await;
        site.dir.force_unlock(&stale.id()).await.expect_success();
        let apply = site.dir.start_apply().await;
        gate.open();
        apply
    };
    let (_, apply) = tokio::join!(approving, overtaking);
    let (row, lockfile) = (site.dir.lock_row().await, site.dir.lockfile().await);
    site.ended().await;
    let id = |record: &str| {
        let record: serde_json::Value = serde_json::from_str(record).unwrap();
        record["ID"].as_str().unwrap().to_owned()
    };
    let records = [row.map(|row| row.info().to_owned()), lockfile.map(|it| it.info)];
    let records: Vec<String> = records.into_iter().flatten().collect();
    assert_eq!(records.len(), if locking == Locking::Both { 2 } else { 1 });
    assert!(records.iter().all(|record| id(record) != stale.id()), "{records:?}");
    let now = [
        site.dir.lock_row().await.map(|row| row.info().to_owned()),
        site.dir.lockfile().await.map(|it| it.info),
    ];
    assert_eq!(now.into_iter().flatten().collect::<Vec<_>>(), records, "the new lock stays");
    let finished = apply.finish().await;
    assert!(finished.success, "{}", finished.output);
    assert_nothing_is_claimed(&site).await;
    assert!(site.dir.plan().await.success);
    site.close().await;
}

/// Asserts that the last entry claims nothing unknown about the delete. On a busy machine the delete may
/// wait at the gate for longer than the bot's timeout. Its answer is then lost, and it is not known who
/// removed the lockfile.
async fn assert_nothing_is_claimed(site: &Site) {
    let exported = site.program.run(&["audit", "export"]).await.stdout;
    let last: serde_json::Value = serde_json::from_str(exported.lines().last().unwrap()).unwrap();
    let detail = last["detail"].as_str().unwrap_or_default();
    let is_open = detail.contains("by this release or by its holder");
    assert!(last["action"] == "unlock.superseded" || is_open, "{last}");
}

#[tokio::test]
async fn a_lock_that_terraform_takes_while_the_row_is_being_deleted_stays() {
    let Some(bench) = e2e::bench().await else { return };
    for _ in 0..2 {
        overtaken(&bench, Locking::Row, deletes_row).await;
    }
}

#[tokio::test]
async fn a_lock_that_terraform_takes_while_the_lockfile_is_being_deleted_stays() {
    let Some(bench) = e2e::bench().await else { return };
    for _ in 0..2 {
        overtaken(&bench, Locking::Lockfile, deletes_lockfile).await;
    }
}

#[tokio::test]
async fn a_lock_that_terraform_takes_in_both_stores_meanwhile_stays_in_both() {
    let Some(bench) = e2e::bench().await else { return };
    overtaken(&bench, Locking::Both, deletes_lockfile).await;
}

/// Loses the first answers to a write that was done. moto ignores client tokens, so the retry fails
/// because of the first attempt.
async fn lost(bench: &Bench, locking: Locking, what: fn(&Seen) -> bool, answers: usize) {
    let (site, proxy) = behind_a_proxy(bench, locking).await;
    site.dir.apply_and_kill().await;
    let card = site.ask(STATE).await;
    let met = AtomicUsize::new(0);
    proxy.rule(move |seen| {
        let lose = what(seen) && met.fetch_add(1, Ordering::Relaxed) < answers;
        if lose { Fate::LoseAnswer } else { Fate::Pass }
    });
    let answer = site.approve(&card, STATE).await;
    site.card("unlocked").await;
    let told = answer.messages();
    assert!(!told.iter().any(Message::is_ephemeral), "nothing to be told: {told:?}");
    assert!(site.dir.plan().await.success);
    assert_eq!(site.announced(1).await.len(), 1);
    let done: &[&str] = if locking == Locking::Row { &DONE } else { &DONE_IN_STEPS };
    assert_eq!(site.actions().await, done);
    site.close().await;
}

#[tokio::test]
async fn a_release_whose_answer_is_lost_is_done_and_done_once() {
    let Some(bench) = e2e::bench().await else { return };
    // The SDK tries three times. After that the bot reads the result itself.
    for answers in [1, 3] {
        lost(&bench, Locking::Row, deletes_row, answers).await;
    }
}

#[tokio::test]
async fn a_deleted_lockfile_whose_answer_is_lost_is_done_and_done_once() {
    let Some(bench) = e2e::bench().await else { return };
    lost(&bench, Locking::Lockfile, deletes_lockfile, 1).await;
    lost(&bench, Locking::Both, deletes_row, 1).await;
}
