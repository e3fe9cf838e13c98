//! A request whose card cannot be posted blocks no other request. Its end is announced even if the card
//! cannot show it.

use std::time::Duration;

use locktender::command::Command;
use locktender::people::{Actor, ChannelId, Place};
use locktender::ports::Undelivered;

use crate::support::deadline::Deadline;
use crate::support::office::{ANNOUNCE, Office, PLACE, approver, words};

const STATE: &str = "env/prod";
const ELSEWHERE: Place = Place { channel: ChannelId::new(30), ..PLACE };

fn refused() -> Undelivered {
    Undelivered::Refused { why: "This bot may not write here: allow it to".to_owned() }
}

fn gone() -> Undelivered {
    Undelivered::ChannelGone { why: "There is no such channel: ask in another".to_owned() }
}

fn unlock() -> Command {
    Command::Unlock { state: STATE.to_owned(), reason: Some("the runner died".to_owned()) }
}

fn elsewhere(name: &str) -> Actor {
    Actor { place: ELSEWHERE, ..approver(name) }
}

async fn open_request(office: &Office) -> Option<locktender::people::RequestId> {
    let open = office.context.ledger.open_request(&office.path(STATE)).await.unwrap();
    open.map(|filed| filed.request.id)
}

async fn due(office: &Office) -> usize {
    let rows = office.db.rows("locktender").await;
    rows.iter().filter(|row| row["pk"].as_s().unwrap() == "outbox").count()
}

/// Delivers the outbox until `look` finds something.
async fn until<T>(office: &Office, what: &str, look: impl Fn() -> Option<T>) -> T {
    let deadline = Deadline::generous();
    loop {
        office.context.courier.deliver().await;
        if let Some(found) = look() {
            return found;
        }
        assert!(deadline.look_again().await, "{what}");
    }
}

#[tokio::test]
async fn a_request_whose_card_cannot_be_posted_is_closed_at_once_and_blocks_nobody() {
    let not_taken = Undelivered::NotTaken { why: "Discord does not take it".to_owned() };
    let malformed = Undelivered::Malformed { why: "Discord never takes it".to_owned() };
    for why in [refused(), gone(), not_taken, malformed] {
        let office = Office::locked(&[STATE]).await;
        office.wall.shut(PLACE.channel, why.clone());
        let told = office.told(&approver("alice"), unlock()).await;
        assert!(told.contains("is closed, because its card cannot be posted"), "{why}: {told}");
        assert!(told.contains(&why.to_string()), "{told}");
        assert_eq!(office.actions(STATE).await, ["request.opened", "request.unpostable"]);
        assert_eq!((open_request(&office).await, due(&office).await), (None, 0), "{why}");
        // In this channel and in another one.
        let told = office.told(&approver("carol"), unlock()).await;
        assert!(told.contains("is closed, because"), "{told}");
        let request = office.open(&elsewhere("bob"), STATE).await;
        assert_eq!(office.wall.read(ELSEWHERE.channel).len(), 1);
        office.approve(&elsewhere("alice"), request).await;
        assert_eq!(office.outcome(request).await, "Unlocked");
    }
}

#[tokio::test]
async fn what_to_do_about_a_card_that_cannot_be_posted_is_told_in_plain_words() {
    let office = Office::locked(&[STATE]).await;
    office.wall.shut(PLACE.channel, refused());
    let answer = office.ask(&approver("alice"), unlock()).await;
    insta::assert_snapshot!(words(&answer), @"Your request to unlock env/prod is closed, because its card cannot be posted. This bot may not write here: allow it to. Then ask again, here or in another channel.");
    let history = Command::History { state: STATE.to_owned(), before: None, count: 5 };
    let history = office.told(&approver("alice"), history).await;
    assert!(history.contains("request.unpostable"), "{history}");
}

#[tokio::test]
async fn a_first_card_that_only_waits_keeps_its_request_and_comes_after_a_restart() {
    let office = Office::locked(&[STATE]).await;
    let busy = Undelivered::Later { after: None, why: "busy".to_owned() };
    office.wall.shut(PLACE.channel, busy);
    let told = office.told(&approver("alice"), unlock()).await;
    insta::assert_snapshot!(told, @"Your request to unlock env/prod is recorded. Discord does not accept its card at the moment. The bot posts it as soon as Discord does.");
    let request = open_request(&office).await.expect("it is still open");
    office.wall.open(PLACE.channel);
    office.replica(&office.db.session()).courier.deliver().await;
    assert_eq!((office.wall.read(PLACE.channel).len(), due(&office).await), (1, 0));
    office.approve(&approver("bob"), request).await;
    assert_eq!(office.outcome(request).await, "Unlocked");
}

#[tokio::test]
async fn a_channel_that_takes_cards_again_is_not_left_alone_for_what_it_refused() {
    let office = Office::locked(&[STATE]).await;
    office.wall.shut(PLACE.channel, refused());
    for _ in 0..5 {
        office.told(&approver("alice"), unlock()).await;
    }
    office.wall.open(PLACE.channel);
    office.open(&approver("alice"), STATE).await;
    assert_eq!(office.wall.read(PLACE.channel).len(), 1);
}

#[tokio::test]
async fn a_new_card_does_not_wait_for_an_announcement_that_its_channel_refuses() {
    let office = Office::locked(&[STATE]).await;
    office.db.lock("env/b/terraform.tfstate").await;
    // The channel refuses after the request was opened and before the release is announced.
    let place = Place { channel: ANNOUNCE, ..PLACE };
    let request = office.open(&Actor { place, ..approver("alice") }, "env/b").await;
    office.wall.shut(ANNOUNCE, refused());
    office.approve(&Actor { place, ..approver("bob") }, request).await;
    assert_eq!(due(&office).await, 2, "the card and the announcement wait");
    let told = office.told(&Actor { place, ..approver("alice") }, unlock()).await;
    assert!(told.contains("is closed, because its card cannot be posted"), "{told}");
    assert_eq!(open_request(&office).await, None);
}

#[tokio::test]
async fn a_card_whose_channel_is_gone_keeps_nobody_from_asking() {
    let office = Office::locked(&[STATE]).await;
    let first = office.open(&approver("alice"), STATE).await;
    office.wall.shut(PLACE.channel, gone());
    let second = office.open(&elsewhere("bob"), STATE).await;
    assert_eq!(office.outcome(first).await, "Unpostable");
    assert_eq!(open_request(&office).await, Some(second));
    office.approve(&elsewhere("carol"), second).await;
    assert_eq!(office.outcome(second).await, "Unlocked");
}

#[tokio::test]
async fn a_card_whose_channel_refuses_a_change_still_counts() {
    let office = Office::locked(&[STATE]).await;
    let first = office.open(&approver("alice"), STATE).await;
    office.wall.shut(PLACE.channel, refused());
    let told = office.told(&elsewhere("bob"), unlock()).await;
    assert!(told.contains("There is an open request"), "{told}");
    office.approve(&approver("bob"), first).await;
    assert_eq!(office.outcome(first).await, "Unlocked");
}

#[tokio::test]
async fn an_end_that_the_card_cannot_show_is_announced_and_the_card_follows_later() {
    let office = Office::locked(&[STATE]).await;
    let request = office.open(&approver("alice"), STATE).await;
    office.wall.shut(PLACE.channel, refused());
    office.ask(&approver("alice"), Command::Withdraw { request }).await;
    let announced = until(&office, "an announcement", || office.wall.read(ANNOUNCE).pop()).await;
    let (words, _) = announced.split_once(", 20").unwrap();
    insta::assert_snapshot!(words, @"🔒 alice's request to unlock env/prod has ended: withdrawn by alice");
    assert!(announced.contains("They no longer do anything"), "{announced}");
    office.wall.open(PLACE.channel);
    let card = || office.wall.read(PLACE.channel).pop().filter(|card| card.contains("withdrawn"));
    until(&office, "the card to say so", card).await;
    assert_eq!(office.wall.read(ANNOUNCE).len(), 1);
    assert_eq!(due(&office).await, 0);
}

#[tokio::test]
async fn the_end_of_a_request_whose_channel_is_gone_is_announced() {
    let office = Office::locked(&[STATE]).await;
    let request = office.open(&approver("alice"), STATE).await;
    office.wall.shut(PLACE.channel, gone());
    office.ask(&approver("alice"), Command::Withdraw { request }).await;
    until(&office, "an announcement", || office.wall.read(ANNOUNCE).pop()).await;
    assert_eq!((office.wall.read(ANNOUNCE).len(), due(&office).await), (1, 0));
}

#[tokio::test]
async fn a_card_that_was_deleted_comes_back_to_say_that_nothing_was_released() {
    let office = Office::locked(&[STATE]).await;
    let request = office.open(&approver("alice"), STATE).await;
    office.wall.take_down(office.wall.posted()[0].id);
    office.ask(&approver("alice"), Command::Withdraw { request }).await;
    let [card] = &office.wall.posted()[..] else { panic!("one card") };
    assert!(office.wall.read(PLACE.channel)[0].contains("withdrawn"));
    assert!(card.message.calls.is_empty() && card.message.buttons.is_empty());
}

#[tokio::test]
async fn whoever_is_told_nothing_any_more_hears_of_a_card_that_could_not_be_posted() {
    let office = Office::locked(&[STATE]).await;
    let busy = Undelivered::Later { after: Some(Duration::from_millis(1)), why: "busy".to_owned() };
    office.wall.trouble([busy]);
    office.told(&approver("alice"), unlock()).await;
    // Discord works again, and refuses the card.
    office.wall.shut(PLACE.channel, refused());
    office.time.advance(chrono::TimeDelta::minutes(1));
    let announced = until(&office, "an announcement", || office.wall.read(ANNOUNCE).pop()).await;
    assert!(announced.contains("closed without a card"), "{announced}");
    assert!(announced.contains("This bot may not write here"), "{announced}");
    assert_eq!(open_request(&office).await, None);
}
