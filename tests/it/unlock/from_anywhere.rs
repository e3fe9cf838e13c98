//! Deny and withdraw work from any channel in the server, even if the request has no card.

use std::time::Duration;

use locktender::command::{Audience, Command};
use locktender::commands::Reply;
use locktender::people::{Actor, ChannelId, GuildId, Place};
use locktender::ports::Undelivered;

use crate::support::dynamodb::TABLE;
use crate::support::office::{Office, PLACE, actor, approver, words};

const STATE: &str = "env/prod";

fn deny(reason: Option<&str>) -> Command {
    Command::DenyByState { state: STATE.to_owned(), reason: reason.map(str::to_owned) }
}

fn withdraw(reason: Option<&str>) -> Command {
    Command::WithdrawByState { state: STATE.to_owned(), reason: reason.map(str::to_owned) }
}

fn elsewhere(who: &Actor) -> Actor {
    Actor { place: Place { channel: ChannelId::new(11), ..PLACE }, ..who.clone() }
}

#[tokio::test]
async fn a_request_without_a_card_can_be_denied_and_withdrawn_from_another_channel() {
    let (alice, bob) = (actor("alice", &[]), approver("bob"));
    let mut told = Vec::new();
    for (who, command, outcome) in [
        (&bob, deny(Some("it still runs")), "Denied"),
        (&bob, deny(None), "Denied"),
        (&alice, withdraw(Some("found it")), "Withdrawn"),
        (&alice, withdraw(None), "Withdrawn"),
    ] {
        let office = Office::locked(&[STATE]).await;
        let (after, why) = (Some(Duration::from_hours(1)), "Discord is busy".to_owned());
        office.wall.trouble([Undelivered::Later { after, why }]);
        let request = office.open(&alice, STATE).await;
        assert!(office.wall.posted().is_empty(), "there is no card to press");
        let answer = office.ask(&elsewhere(who), command).await;
        let Some(Ok(Reply::Message { audience, .. })) = &answer.said else { panic!("{answer:?}") };
        assert_eq!(*audience, Audience::Asker);
        assert_eq!(office.outcome(request).await, outcome);
        let entries = office.trail(STATE).await;
        let reason = entries[1].text("reason").unwrap_or("no reason");
        told.push(format!("{}\n{} · {reason}", words(&answer), entries[1].text("action").unwrap()));
        // The path is free for the next request, and the lock is untouched.
        office.open(&bob, STATE).await;
        assert_eq!(office.db.rows(TABLE).await.len(), 1);
    }
    insta::assert_snapshot!(told.join("\n\n"), @"
    You have denied the request of alice to unlock env/prod. The lock stays.
    request.denied · it still runs

    You have denied the request of alice to unlock env/prod. The lock stays.
    request.denied · no reason

    Your request to unlock env/prod is withdrawn. The lock stays.
    request.withdrawn · found it

    Your request to unlock env/prod is withdrawn. The lock stays.
    request.withdrawn · no reason
    ");
}

#[tokio::test]
async fn the_same_people_are_refused_as_by_the_buttons_and_it_is_recorded() {
    let office = Office::locked(&[STATE]).await;
    let alice = approver("alice");
    let none = office.told(&alice, withdraw(None)).await;
    let request = office.open(&alice, STATE).await;
    let abroad =
        |who: &Actor| Actor { place: Place { guild: GuildId::new(2), ..PLACE }, ..who.clone() };
    let (bob, dave) = (approver("bob"), actor("dave", &[]));
    let mut told = vec![none];
    for (who, command) in [
        (elsewhere(&alice), deny(None)),
        (elsewhere(&dave), deny(None)),
        (Actor { is_bot: true, ..elsewhere(&bob) }, deny(None)),
        (abroad(&bob), deny(None)),
        (elsewhere(&bob), withdraw(None)),
        (abroad(&alice), withdraw(None)),
    ] {
        told.push(office.told(&who, command).await);
    }
    insta::assert_snapshot!(told.join("\n"), @"
    There is no open request to unlock env/prod: see the lock with /lock status, and earlier \
         requests with /lock history.
    This is your own request: press Withdraw or type /lock withdraw instead.
    You have no approver role: ask a person who has one, or ask the operator of this bot to add \
         your role to LOCKTENDER_APPROVER_ROLE_IDS.
    Bots cannot ask or approve: a person must do it.
    This request was made in another server: approve, deny or withdraw it there.
    Only the requester can withdraw this request: an approver can press Deny or type /lock deny.
    This request was made in another server: approve, deny or withdraw it there.
    ");
    assert_eq!(office.outcome(request).await, "Pending");
    let (denial, withdrawal) = ("denial.refused", "withdrawal.refused");
    let refused = [denial, denial, denial, withdrawal, withdrawal];
    assert_eq!(office.actions(STATE).await[1..], refused);
}

#[tokio::test]
async fn an_approval_still_needs_the_channel_of_the_card() {
    let office = Office::locked(&[STATE]).await;
    let request = office.open(&approver("alice"), STATE).await;
    let press = Command::Approve { request, typed: None };
    let told = office.told(&elsewhere(&approver("bob")), press).await;
    assert!(told.contains("This request was made in another channel"), "{told}");
    assert_eq!(office.outcome(request).await, "Pending");
}
