//! The daily check of the trail, and the heads that it stores.

use chrono::TimeDelta;
use locktender::audit::Heads;
use locktender::command::Command;
use locktender::ports::{Clock, Notice};
use locktender::workers::Checkpoints;

use super::{PROD, checkpoint, checkpoints, recorded};
use crate::support::dynamodb::{tables, text};
use crate::support::office::{ANNOUNCE, Office, approver};
use crate::support::trail::TrailTable;

type Row = std::collections::HashMap<String, aws_sdk_dynamodb::types::AttributeValue>;

/// The announcements about the trail.
fn announced(office: &Office) -> Vec<String> {
    let all = office.wall.read(ANNOUNCE);
    all.into_iter().filter(|text| text.contains("The audit trail")).collect()
}

fn next_day(office: &Office) {
    office.time.advance(TimeDelta::days(1));
}

/// The heads stored by the last good checkpoint.
async fn kept(office: &Office) -> Heads {
    office.context.trail.checkpoint().await.unwrap().unwrap().heads.unwrap()
}

/// The parts of the last checkpoint, and the item that names it.
async fn parts_and_last(office: &Office) -> (Vec<Row>, Row) {
    let rows = office.db.rows(&tables().table).await;
    let of = |row: &Row| row["pk"].as_s().unwrap().clone();
    let last = rows.iter().find(|row| of(row) == "checkpoint").unwrap().clone();
    let named = format!("checkpoint#{}", last["heads_at"].as_s().unwrap());
    (rows.into_iter().filter(|row| of(row) == named).collect(), last)
}

async fn put(office: &Office, row: Row) {
    let put = office.db.client.put_item().table_name(tables().table);
    put.set_item(Some(row)).send().await.unwrap();
}

async fn delete(office: &Office, row: &Row) {
    let delete = office.db.client.delete_item().table_name(tables().table);
    let delete = delete.key("pk", row["pk"].clone()).key("sk", row["sk"].clone());
    delete.send().await.unwrap();
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
    // The day is a UTC day, not 24 hours. The clock is at noon plus three hours.
    office.time.advance(TimeDelta::hours(10));
    checkpoint(&office).await;
    let both = announced(&office);
    assert_eq!(both.len(), 2, "{both:?}");
    let digest = |text: &str| text.split_once("heads is ").unwrap().1.to_owned();
    assert_eq!(digest(&both[0]), digest(&both[1]), "nothing was recorded meanwhile");
    insta::assert_snapshot!(both[0]);
}

#[tokio::test]
async fn two_replicas_that_check_the_trail_at_the_same_time_make_one_checkpoint() {
    let office = recorded().await;
    let trail = &office.context.trail;
    let notice = Notice::TrailBroken { at: office.time.now(), what: "entry 1".to_owned() };
    assert!(trail.set_checkpoint(office.time.now(), None, &notice).await.unwrap());
    // The other one has found no checkpoint of today either, and is slower.
    office.time.advance(TimeDelta::seconds(1));
    assert!(!trail.set_checkpoint(office.time.now(), None, &notice).await.unwrap());
    next_day(&office);
    assert!(trail.set_checkpoint(office.time.now(), None, &notice).await.unwrap());
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
    let heads = kept(&office).await;
    let before = office.trail("env/prod").await;
    trail(&office).set(PROD, 3, "reason", text("because")).await;
    for day in 1..=2 {
        next_day(&office);
        checkpoint(&office).await;
        assert_eq!(announced(&office).len(), 1 + day);
    }
    insta::assert_snapshot!(announced(&office)[1]);
    assert_eq!(kept(&office).await, heads, "the heads of the last good checkpoint stay");
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
    let seqs: Vec<u64> = kept(&office).await.values().map(|tail| tail.seq).collect();
    assert_eq!(seqs, [4, 4]);
}

#[tokio::test]
async fn a_checkpoint_whose_heads_were_deleted_or_changed_is_damaged_and_not_none() {
    for change_instead in [false, true] {
        let office = recorded().await;
        checkpoint(&office).await;
        // An attacker deletes the heads and the end of a chain. The trail must not pass as unchanged.
        let (parts, _) = parts_and_last(&office).await;
        for part in parts {
            if change_instead {
                put(&office, part.with("heads", text("{}"))).await;
            } else {
                delete(&office, &part).await;
            }
        }
        trail(&office).delete(PROD, 4).await;
        let verify = super::program(&office.db).run(&["audit", "verify"]).await;
        assert_eq!(verify.code, Some(1), "{verify:?}");
        insta::allow_duplicates! {
            insta::assert_snapshot!(verify.stdout, @"
            The trail does not hold: the checkpoint of 2026-11-23T12:00:00+00:00 is damaged: the heads that were kept then are not all there, or not as they were.
            If a table was restored from a backup, docs/BACKUP.md says how to go on. If none was, docs/RUNBOOK.md does.
            ");
        }
        next_day(&office);
        checkpoint(&office).await;
        let last = announced(&office).pop().unwrap();
        assert!(last.contains("is damaged"), "{last}");
    }
}

#[tokio::test]
async fn a_bad_entry_is_named_also_where_the_checkpoint_is_damaged() {
    let office = recorded().await;
    checkpoint(&office).await;
    for part in parts_and_last(&office).await.0 {
        delete(&office, &part).await;
    }
    trail(&office).set(PROD, 3, "reason", text("because")).await;
    let verify = super::program(&office.db).run(&["audit", "verify"]).await;
    assert!(verify.stdout.contains(&format!("entry 3 of {PROD} was edited")), "{verify:?}");
}

#[tokio::test]
async fn a_checkpoint_of_an_earlier_version_is_read_and_its_missing_heads_show() {
    let office = recorded().await;
    checkpoint(&office).await;
    let heads = kept(&office).await;
    // Earlier versions stored the heads under their time only.
    let (parts, last) = parts_and_last(&office).await;
    let time = last["heads_at"].as_s().unwrap().split('#').next().unwrap().to_owned();
    for part in &parts {
        delete(&office, part).await;
        put(&office, part.clone().with("pk", text(&format!("checkpoint#{time}")))).await;
    }
    put(&office, last.with("heads_at", text(&time))).await;
    assert_eq!(kept(&office).await, heads);
    for part in parts_and_last(&office).await.0 {
        delete(&office, &part).await;
    }
    let checkpoint = office.context.trail.checkpoint().await.unwrap().unwrap();
    assert!(checkpoint.heads.is_err());
}

/// A row with one attribute set.
trait With {
    fn with(self, name: &str, value: aws_sdk_dynamodb::types::AttributeValue) -> Self;
}

impl With for Row {
    fn with(mut self, name: &str, value: aws_sdk_dynamodb::types::AttributeValue) -> Self {
        self.insert(name.to_owned(), value);
        self
    }
}
