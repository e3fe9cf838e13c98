//! Notices arrive once and in order, if necessary later.

use std::time::Duration;

use locktender::command::Command;
use locktender::ports::Undelivered;

use crate::support::deadline::Deadline;
use crate::support::office::{ANNOUNCE, Office, PLACE, approver};

const STATE: &str = "env/prod";
const KEY: &str = "env/prod/terraform.tfstate";

fn later(after: Option<u64>) -> Undelivered {
    Undelivered::Later { after: after.map(Duration::from_millis), why: "busy".to_owned() }
}

async fn due(office: &Office) -> usize {
    let rows = office.db.rows("locktender").await;
    rows.iter().filter(|row| row["pk"].as_s().unwrap() == "outbox").count()
}

#[tokio::test]
async fn a_card_that_cannot_be_posted_now_is_posted_later_and_once() {
    let office = Office::locked(&[STATE]).await;
    office.wall.trouble([later(Some(10))]);
    let answer = office
        .told(
            &approver("alice"),
            Command::Unlock { state: STATE.to_owned(), reason: Some("died".to_owned()) },
        )
        .await;
    assert!(answer.contains("is recorded. Discord does not accept its card"), "{answer}");
    assert_eq!((office.wall.posted().len(), due(&office).await), (0, 1));
    tokio::time::sleep(Duration::from_millis(15)).await;
    office.context.courier.deliver().await;
    office.context.courier.deliver().await;
    assert_eq!((office.wall.posted().len(), due(&office).await), (1, 0));
    assert_eq!(office.wall.posted()[0].edits, 0);
}

#[tokio::test]
async fn announcements_that_wait_keep_their_order_and_nothing_overtakes_them() {
    let states = ["env/a", "env/b", "env/c"];
    let office = Office::locked(&states).await;
    office.wall.shut(ANNOUNCE, later(None));
    for state in states {
        let request = office.open(&approver("alice"), state).await;
        office.approve(&approver("bob"), request).await;
    }
    assert_eq!((office.wall.read(ANNOUNCE).len(), due(&office).await), (0, 3));
    office.wall.open(ANNOUNCE);
    let deadline = Deadline::generous();
    while due(&office).await > 0 {
        office.context.courier.deliver().await;
        assert!(deadline.look_again().await, "all of them are announced");
    }
    let announced = office.wall.read(ANNOUNCE);
    assert_eq!(announced.len(), 3, "{announced:?}");
    for (announced, state) in announced.iter().zip(states) {
        assert!(announced.contains(state), "{announced}");
    }
    for card in office.wall.read(PLACE.channel) {
        assert!(card.contains("unlocked"), "{card}");
    }
}

#[tokio::test]
async fn a_card_that_was_deleted_is_posted_again_while_it_can_be_pressed() {
    let office = Office::with(crate::support::office::policy(2)).await;
    office.db.lock(KEY).await;
    let request = office.open(&approver("alice"), STATE).await;
    office.wall.take_down(office.wall.posted()[0].id);
    office.approve(&approver("bob"), request).await;
    let posted = office.wall.posted();
    assert_eq!(posted.len(), 1);
    assert!(posted[0].message.calls.is_empty(), "the approvers have been called already");
    office.wall.take_down(posted[0].id);
    office.approve(&approver("carol"), request).await;
    assert_eq!(office.outcome(request).await, "Unlocked");
    assert_eq!(office.wall.read(PLACE.channel), Vec::<String>::new(), "a closed one stays gone");
    assert_eq!(office.wall.read(ANNOUNCE).len(), 1);
}

#[tokio::test]
async fn a_card_follows_what_happens_with_one_change_for_several() {
    let office = Office::locked(&[STATE]).await;
    let request = office.open(&approver("alice"), STATE).await;
    let card =
        || office.wall.posted().into_iter().find(|one| one.channel == PLACE.channel).unwrap();
    assert_eq!(card().edits, 0);
    office.ask(&approver("alice"), Command::Withdraw { request }).await;
    assert_eq!(card().edits, 1);
    // A refused click does not change the card.
    let second = office.open(&approver("alice"), STATE).await;
    office.told(&approver("alice"), Command::Approve { request: second, typed: None }).await;
    assert_eq!(office.wall.posted().iter().map(|one| one.edits).sum::<usize>(), 1);
}
