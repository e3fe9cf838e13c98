//! A release needs two different people with the right roles.

use chrono::TimeDelta;
use locktender::command::Command;
use locktender::people::{Actor, ChannelId, GuildId, RequestId, RoleId};

use crate::support::dynamodb::TABLE;
use crate::support::office::{ANNOUNCE, Office, PLACE, actor, approver, policy, words};

const STATE: &str = "env/prod";
const KEY: &str = "env/prod/terraform.tfstate";

fn press(request: RequestId) -> Command {
    Command::Approve { request, typed: None }
}

#[tokio::test]
async fn two_people_release_exactly_the_lock_and_all_of_it_is_on_record() {
    let office = Office::locked(&[STATE]).await;
    let other = office.db.lock("env/dev/terraform.tfstate").await;
    let alice = approver("alice");
    let request = office.open(&alice, STATE).await;
    assert_eq!(office.outcome(request).await, "Pending");
    office.approve(&approver("bob"), request).await;

    assert_eq!(office.outcome(request).await, "Unlocked");
    let rows = office.db.rows(TABLE).await;
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!(rows[0]["Info"].as_s().unwrap(), &other.to_text());
    let trail = office.trail(STATE).await;
    let said: Vec<String> = trail
        .iter()
        .map(|entry| {
            let by = entry.text_of("actor", "name").unwrap_or("nobody");
            format!("{} {} by {by}", entry.seq(), entry.text("action").unwrap())
        })
        .collect();
    assert_eq!(
        said,
        ["1 request.opened by alice", "2 request.approved by bob", "3 unlock.done by bob",]
    );
    let card = &office.wall.read(PLACE.channel)[0];
    assert!(card.contains("unlocked") && card.contains("alice") && card.contains("bob"), "{card}");
    assert_eq!(office.wall.read(ANNOUNCE).len(), 1);
}

#[tokio::test]
async fn the_requester_is_never_the_second_person() {
    let office = Office::locked(&[STATE]).await;
    let request = office.open(&actor("alice", &[]), STATE).await;
    // Without the role, with the role, and with the role and a new name.
    let renamed = Actor {
        person: locktender::people::Person {
            name: "Alice the Second".to_owned(),
            ..approver("alice").person
        },
        ..approver("alice")
    };
    for alice in [actor("alice", &[]), approver("alice"), renamed] {
        let told = office.told(&alice, press(request)).await;
        assert!(told.contains("You requested this unlock yourself"), "{told}");
        assert_eq!(office.outcome(request).await, "Pending");
    }
    assert_eq!(office.db.rows(TABLE).await.len(), 1);
    let actions = office.actions(STATE).await;
    assert_eq!(actions[1..], ["approval.refused"; 3]);
}

#[tokio::test]
async fn one_approver_twice_is_one_approval() {
    let office = Office::with(policy(2)).await;
    office.db.lock(KEY).await;
    let request = office.open(&approver("alice"), STATE).await;
    for told in ["", "You have approved this already"] {
        let answer = office.approve(&approver("bob"), request).await;
        assert!(words(&answer).contains(told), "{}", words(&answer));
        assert_eq!(office.outcome(request).await, "Pending");
    }
    let card = &office.wall.read(PLACE.channel)[0];
    assert!(card.contains("1 of 2: bob"), "{card}");
    office.approve(&approver("carol"), request).await;
    assert_eq!(office.outcome(request).await, "Unlocked");
}

#[tokio::test]
async fn only_a_person_with_the_role_in_the_same_channel_is_a_second_person() {
    let office = Office::locked(&[STATE]).await;
    let request = office.open(&approver("alice"), STATE).await;
    let bob = approver("bob");
    let elsewhere = locktender::people::Place { channel: ChannelId::new(11), ..PLACE };
    let abroad = locktender::people::Place { guild: GuildId::new(2), ..PLACE };
    let cases = [
        // A role with the same name has another ID.
        (actor("bob", &[RoleId::new(901)]), "no approver role"),
        (actor("bob", &[]), "no approver role"),
        (Actor { is_bot: true, ..bob.clone() }, "Bots cannot ask or approve"),
        (Actor { place: elsewhere, ..bob.clone() }, "in another channel"),
        (Actor { place: abroad, ..bob.clone() }, "in another server"),
    ];
    for (who, why) in cases {
        let told = office.told(&who, press(request)).await;
        assert!(told.contains(why), "{told}");
        if who.place == elsewhere {
            // A denial from another channel is allowed.
            continue;
        }
        let deny = Command::Deny { request, reason: Some(String::new()) };
        let told = office.told(&who, deny).await;
        assert!(told.contains(why), "{told}");
    }
    assert_eq!(office.outcome(request).await, "Pending");
    // At most three refusals of one person are recorded.
    let refused = ["approval.refused", "denial.refused", "approval.refused"];
    assert_eq!(office.actions(STATE).await[1..], refused);
}

#[tokio::test]
async fn two_approvers_at_once_are_one_release() {
    for round in 0..5 {
        let office = Office::locked(&[STATE]).await;
        let request = office.open(&approver("alice"), STATE).await;
        let (bob, carol) = (approver("bob"), approver("carol"));
        let (first, second) =
            tokio::join!(office.approve(&bob, request), office.approve(&carol, request));
        assert_eq!(office.outcome(request).await, "Unlocked", "{round}");
        let done = office.actions(STATE).await;
        assert_eq!(done.iter().filter(|action| *action == "unlock.done").count(), 1);
        let told = format!("{}{}", words(&first), words(&second));
        assert!(told.is_empty() || told.contains("unlocked by"), "{told}");
        assert_eq!(office.wall.read(ANNOUNCE).len(), 1);
    }
}

#[tokio::test]
async fn of_an_approval_and_a_denial_at_once_the_first_counts() {
    for _ in 0..5 {
        let office = Office::locked(&[STATE]).await;
        let request = office.open(&approver("alice"), STATE).await;
        let deny = Command::Deny { request, reason: Some("it is running".to_owned()) };
        let (bob, carol) = (approver("bob"), approver("carol"));
        tokio::join!(office.approve(&bob, request), office.ask(&carol, deny));
        let left = office.db.rows(TABLE).await.len();
        match office.outcome(request).await.as_str() {
            "Unlocked" => assert_eq!(left, 0),
            "Denied" => assert_eq!(left, 1),
            other => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn a_click_after_the_end_is_told_how_it_ended_and_changes_nothing() {
    let office = Office::locked(&[STATE]).await;
    let (alice, bob) = (approver("alice"), approver("bob"));
    for (end, word) in [
        (Command::Deny { request: RequestId::of(office.event()), reason: None }, "denied by bob"),
        (Command::Withdraw { request: RequestId::of(office.event()) }, "withdrawn by alice"),
    ] {
        let request = office.open(&alice, STATE).await;
        let (who, end) = match end {
            Command::Deny { .. } => (&bob, Command::Deny { request, reason: Some("no".into()) }),
            _ => (&alice, Command::Withdraw { request }),
        };
        office.ask(who, end).await;
        let before = office.filed(request).await;
        for click in [
            press(request),
            Command::Deny { request, reason: Some(String::new()) },
            Command::Withdraw { request },
        ] {
            let told = office.told(&approver("carol"), click).await;
            assert!(told.contains(word), "{told}");
        }
        assert_eq!(office.filed(request).await, before);
    }
    assert_eq!(office.db.rows(TABLE).await.len(), 1);
}

#[tokio::test]
async fn after_its_time_a_click_is_refused_by_the_clock_and_then_it_is_closed() {
    let office = Office::locked(&[STATE]).await;
    let alice = approver("alice");
    let request = office.open(&alice, STATE).await;
    office.time.advance(TimeDelta::minutes(30));
    for (who, click) in [
        (approver("bob"), press(request)),
        (approver("bob"), Command::Deny { request, reason: Some(String::new()) }),
        (alice.clone(), Command::Withdraw { request }),
    ] {
        let told = office.told(&who, click).await;
        assert!(told.contains("This request expired"), "{told}");
        assert_eq!(office.outcome(request).await, "Pending");
    }
    office.round().await;
    assert_eq!(office.outcome(request).await, "Expired");
    let card = &office.wall.read(PLACE.channel)[0];
    assert!(card.contains("expired"), "{card}");
    assert_eq!(office.actions(STATE).await.last().unwrap(), "request.expired");
    assert_eq!(office.db.rows(TABLE).await.len(), 1);
    // The next request can be opened.
    office.open(&alice, STATE).await;
}

#[tokio::test]
async fn an_approver_who_has_left_or_lost_the_role_no_longer_counts() {
    for gone in [None, Some(&[] as &[RoleId])] {
        let office = Office::with(policy(2)).await;
        office.db.lock(KEY).await;
        let request = office.open(&approver("alice"), STATE).await;
        office.approve(&approver("bob"), request).await;
        office.roster.set("bob", gone);
        office.approve(&approver("carol"), request).await;
        assert_eq!(office.outcome(request).await, "Pending");
        let entries = office.trail(STATE).await;
        let detail = entries.last().unwrap().text("detail").unwrap();
        assert!(detail.contains("no longer counted") && detail.contains("bob"), "{detail}");
        office.approve(&approver("dave"), request).await;
        assert_eq!(office.outcome(request).await, "Unlocked");
    }
}

#[tokio::test]
async fn where_earlier_approvers_cannot_be_looked_up_nothing_is_released() {
    let office = Office::with(policy(2)).await;
    office.db.lock(KEY).await;
    let request = office.open(&approver("alice"), STATE).await;
    office.approve(&approver("bob"), request).await;
    office.roster.out_of_reach(true);
    let answer = office.approve(&approver("carol"), request).await;
    assert!(words(&answer).starts_with("Nothing was changed. Discord cannot be reached"));
    assert_eq!(office.outcome(request).await, "Pending");
    assert_eq!(office.db.rows(TABLE).await.len(), 1);
}

#[tokio::test]
async fn a_lock_that_does_not_look_stale_asks_for_its_name() {
    let office = Office::new().await;
    let path = format!("states/{KEY}");
    let young = crate::support::given::record("young", "apply", "a@b", "2026-11-23T11:50:00Z");
    office.db.put(&path, &[("Info", crate::support::dynamodb::text(&young))]).await;
    let request = office.open(&approver("alice"), STATE).await;
    let bob = approver("bob");
    let asked = office.told(&bob, press(request)).await;
    assert!(asked.contains("Type the state's name"), "{asked}");
    let typed = |typed: &str| Command::Approve { request, typed: Some(typed.to_owned()) };
    let told = office.told(&bob, typed("env/prd")).await;
    assert!(told.contains("nothing was approved"), "{told}");
    assert_eq!(office.outcome(request).await, "Pending");
    office.ask(&bob, typed(" env/prod ")).await;
    assert_eq!(office.outcome(request).await, "Unlocked");
}

#[tokio::test]
async fn an_unknown_request_is_refused() {
    let office = Office::locked(&[STATE]).await;
    let request = RequestId::of(office.event());
    for click in [
        press(request),
        Command::Approve { request, typed: Some(STATE.to_owned()) },
        Command::Deny { request, reason: Some(String::new()) },
        Command::Withdraw { request },
    ] {
        let told = office.told(&approver("bob"), click).await;
        assert!(told.contains("This request is no longer known"), "{told}");
    }
    assert_eq!(office.actions(STATE).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_second_request_points_at_the_open_card() {
    let office = Office::locked(&[STATE]).await;
    office.open(&approver("alice"), STATE).await;
    let again = Command::Unlock { state: STATE.to_owned(), reason: Some("me too".to_owned()) };
    let told = office.told(&approver("bob"), again).await;
    assert!(told.contains("open request for this lock, by alice"), "{told}");
    assert_eq!(office.wall.read(PLACE.channel).len(), 1);
    // A deleted card is posted again when another person asks.
    office.wall.take_down(office.wall.posted()[0].id);
    let again = Command::Unlock { state: STATE.to_owned(), reason: Some("me too".to_owned()) };
    office.told(&approver("bob"), again).await;
    let posted = office.wall.posted();
    assert_eq!(posted.len(), 1);
    assert!(posted[0].message.calls.is_empty(), "the approvers have been called already");
}

#[tokio::test]
async fn nothing_is_changed_by_an_interaction_that_discord_has_given_up() {
    use crate::support::office::TooLate;
    use locktender::commands::{Asker, answer};
    let office = Office::locked(&[STATE]).await;
    let request = office.open(&approver("alice"), STATE).await;
    let before = office.filed(request).await;
    let (bob, carol) = (approver("bob"), approver("carol"));
    let unlock = Command::Unlock { state: STATE.to_owned(), reason: Some("again".to_owned()) };
    for (by, command) in [
        (&bob, press(request)),
        (&bob, Command::Deny { request, reason: Some(String::new()) }),
        (&approver("alice"), Command::Withdraw { request }),
        (&carol, unlock),
    ] {
        let by = Asker { actor: by, event: office.event(), acceptance: &TooLate };
        let answer = answer(&Ok(command), &by, &office.context).await;
        assert_eq!((answer.said, answer.outcome), (None, "given up"));
        assert_eq!(office.filed(request).await, before);
    }
    assert_eq!(office.actions(STATE).await, ["request.opened"]);
    assert_eq!(office.db.rows(TABLE).await.len(), 1);
}
