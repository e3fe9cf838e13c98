//! Once a day the trail is checked and its heads are kept.

use chrono::TimeDelta;
use locktender::command::Command;
use locktender::workers::Checkpoints;

use super::{PROD, checkpoint, checkpoints, recorded};
use crate::support::dynamodb::text;
use crate::support::office::{ANNOUNCE, Office, approver};
use crate::support::trail::TrailTable;

/// What was announced of the trail.
fn announced(office: &Office) -> Vec<String> {
    let all = office.wall.read(ANNOUNCE);
    all.into_iter().filter(|text| text.contains("The audit trail")).collect()
}

fn next_day(office: &Office) {
    office.time.advance(TimeDelta::days(1));
}

fn trail(office: &Office) -> TrailTable {
    TrailTable::of(&office.db)
}

#[tokio::test]
async fn a_checkpoint_is_announced_once_a_day() {
    let office = recorded().await;
    for _ in 0..3 {
        checkpoint(&office).await;
        office.time.advance(TimeDelta::hours(1));
    }
    assert_eq!(announced(&office).len(), 1);
    // The day is that of UTC and not 24 hours: it is noon and three hours.
    office.time.advance(TimeDelta::hours(10));
    checkpoint(&office).await;
    let both = announced(&office);
    assert_eq!(both.len(), 2, "{both:?}");
    let digest = |text: &str| text.split_once("heads is ").unwrap().1.to_owned();
    assert_eq!(digest(&both[0]), digest(&both[1]), "nothing was recorded meanwhile");
    insta::assert_snapshot!(both[0]);
}

#[tokio::test]
async fn a_checkpoint_has_the_digest_that_verify_prints() {
    let office = recorded().await;
    checkpoint(&office).await;
    let verify = super::program(&office.db).run(&["audit", "verify"]).await.stdout;
    let digest = verify.lines().find_map(|line| line.strip_prefix("Digest of all heads: "));
    let announced = announced(&office);
    assert!(announced[0].contains(digest.unwrap()), "{announced:?}");
}

#[tokio::test]
async fn while_nothing_is_recorded_there_is_no_checkpoint() {
    let office = Office::new().await;
    checkpoint(&office).await;
    assert_eq!(announced(&office), Vec::<String>::new());
    assert_eq!(office.context.trail.checkpoint().await.unwrap(), None);
}

#[tokio::test]
async fn two_replicas_announce_a_checkpoint_once() {
    for _ in 0..5 {
        let office = recorded().await;
        let other = office.replica(&office.db.session());
        let other = Checkpoints {
            trail: other.trail,
            courier: other.courier,
            clock: office.context.reading.clock.clone(),
        };
        let ours = checkpoints(&office);
        tokio::try_join!(ours.round(), other.round()).unwrap();
        office.context.courier.deliver().await;
        assert_eq!(announced(&office).len(), 1);
    }
}

#[tokio::test]
async fn a_trail_that_was_changed_is_announced_every_day_until_it_holds_again() {
    let office = recorded().await;
    checkpoint(&office).await;
    let (_, heads) = office.context.trail.checkpoint().await.unwrap().unwrap();
    let before = office.trail("env/prod").await;
    trail(&office).set(PROD, 3, "reason", text("because")).await;
    for day in 1..=2 {
        next_day(&office);
        checkpoint(&office).await;
        assert_eq!(announced(&office).len(), 1 + day);
    }
    insta::assert_snapshot!(announced(&office)[1]);
    let (_, kept) = office.context.trail.checkpoint().await.unwrap().unwrap();
    assert_eq!(kept, heads, "the heads of the last good checkpoint stay");
    trail(&office).put(&before[2]).await;
    next_day(&office);
    checkpoint(&office).await;
    let last = announced(&office).pop().unwrap();
    assert!(last.contains("The audit trail holds: 6 entries in 2 chains"), "{last}");
}

#[tokio::test]
async fn an_end_that_was_cut_off_since_the_last_checkpoint_is_announced() {
    let office = recorded().await;
    checkpoint(&office).await;
    trail(&office).delete(PROD, 4).await;
    next_day(&office);
    checkpoint(&office).await;
    let last = announced(&office).pop().unwrap();
    assert!(last.contains("does not hold"), "{last}");
    assert!(last.contains(&format!("entry 4 of {PROD} was cut off")), "{last}");
}

#[tokio::test]
async fn chains_go_on_after_a_checkpoint_and_the_next_one_has_seen_more() {
    let office = recorded().await;
    checkpoint(&office).await;
    next_day(&office);
    let alice = approver("alice");
    let request = office.open(&alice, "env/test").await;
    office.ask(&alice, Command::Withdraw { request }).await;
    checkpoint(&office).await;
    let all = announced(&office);
    assert!(all[1].contains("holds: 8 entries in 2 chains"), "{all:?}");
    let (_, heads) = office.context.trail.checkpoint().await.unwrap().unwrap();
    let seqs: Vec<u64> = heads.values().map(|tail| tail.seq).collect();
    assert_eq!(seqs, [4, 4]);
}
