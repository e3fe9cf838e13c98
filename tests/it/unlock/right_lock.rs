//! Exactly the lock that was approved is released, and no other row is touched.

use aws_sdk_dynamodb::types::AttributeValue;
use locktender::command::Command;

use crate::support::dynamodb::{TABLE, text};
use crate::support::given::record;
use crate::support::office::{Office, PLACE, approver, words};

const STATE: &str = "env/prod";
const PATH: &str = "states/env/prod/terraform.tfstate";

async fn info(office: &Office) -> Option<String> {
    let rows = office.db.rows(TABLE).await;
    let row = rows.iter().find(|row| row["LockID"] == text(PATH));
    row.map(|row| row["Info"].as_s().unwrap().clone())
}

fn of(who: &str) -> String {
    record("1f6e7bc2", "OperationTypeApply", who, "2026-11-23T07:48:00Z")
}

async fn locked_by(record: &str) -> Office {
    let office = Office::new().await;
    office.db.put(PATH, &[("Info", text(record))]).await;
    office
}

#[tokio::test]
async fn a_lock_that_changed_hands_stays() {
    let respelled = of("root@vm").replace("\":\"", "\": \"");
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&respelled).unwrap(),
        serde_json::from_str::<serde_json::Value>(&of("root@vm")).unwrap()
    );
    let again = record("2a2a2a2a", "OperationTypeApply", "root@vm", "2026-11-23T11:59:00Z");
    // Another holder, another lock of the same holder, and the same lock in other bytes.
    for now in [of("mira@laptop"), again, respelled] {
        let office = locked_by(&of("root@vm")).await;
        let request = office.open(&approver("alice"), STATE).await;
        office.db.put(PATH, &[("Info", text(&now))]).await;
        let told = words(&office.approve(&approver("bob"), request).await);
        assert!(told.contains("changed hands"), "{told}");
        assert_eq!(info(&office).await, Some(now));
        assert_eq!(office.outcome(request).await, "Superseded");
        let recorded = office.actions(STATE).await;
        assert_eq!(recorded[1..], ["request.approved", "unlock.superseded"]);
        assert!(office.wall.read(PLACE.channel)[0].contains("changed hands"));
    }
}

#[tokio::test]
async fn a_lock_that_was_given_back_is_already_free() {
    let office = locked_by(&of("root@vm")).await;
    let request = office.open(&approver("alice"), STATE).await;
    office.db.delete(PATH).await;
    let told = words(&office.approve(&approver("bob"), request).await);
    assert!(told.contains("already free"), "{told}");
    assert_eq!(office.outcome(request).await, "AlreadyFree");
    let recorded = office.actions(STATE).await;
    assert_eq!(recorded[1..], ["request.approved", "unlock.already_free"]);
}

#[tokio::test]
async fn an_approval_that_meets_another_lock_is_on_record_with_the_end_it_met() {
    let office = locked_by(&of("root@vm")).await;
    let request = office.open(&approver("alice"), STATE).await;
    let other = record("2a2a2a2a", "OperationTypeApply", "mira@laptop", "2026-11-23T11:59:00Z");
    office.db.put(PATH, &[("Info", text(&other))]).await;
    let (event, bob) = (office.event(), approver("bob"));
    let press = Command::Approve { request, typed: None };
    office.ask_as(event, &bob, press.clone()).await;
    let entries = office.trail(STATE).await;
    let [_, approved, ended] = &*entries else { panic!("{entries:?}") };
    assert_eq!(approved.text_of("actor", "name"), Some("bob"));
    assert_eq!(ended.text("detail"), Some("the lock there now is 2a2a2a2a by mira@laptop"));
    // The two entries are one write. A duplicate of the click adds nothing.
    office.ask_as(event, &bob, press).await;
    assert_eq!(office.trail(STATE).await, entries);
}

#[tokio::test]
async fn a_request_whose_lock_is_gone_is_closed_without_a_click() {
    for (now, outcome) in [(Some(of("mira@laptop")), "Superseded"), (None, "AlreadyFree")] {
        let office = locked_by(&of("root@vm")).await;
        let request = office.open(&approver("alice"), STATE).await;
        match now {
            Some(now) => office.db.put(PATH, &[("Info", text(&now))]).await,
            None => office.db.delete(PATH).await,
        }
        // A question about the new lock must not lead to the old lock's card.
        office.round().await;
        assert_eq!(office.outcome(request).await, outcome);
    }
}

#[tokio::test]
async fn a_request_about_an_older_lock_does_not_stand_in_the_way() {
    let office = locked_by(&of("root@vm")).await;
    let first = office.open(&approver("alice"), STATE).await;
    office.db.put(PATH, &[("Info", text(&of("mira@laptop")))]).await;
    let second = office.open(&approver("alice"), STATE).await;
    assert_eq!(office.outcome(first).await, "Superseded");
    office.approve(&approver("bob"), second).await;
    assert_eq!(office.outcome(second).await, "Unlocked");
    assert_eq!(info(&office).await, None);
}

#[tokio::test]
async fn no_other_row_is_touched() {
    let office = locked_by(&of("root@vm")).await;
    let digest = format!("{PATH}-md5");
    office.db.put(&digest, &[("Digest", text(&"0".repeat(32)))]).await;
    office.db.put("states/env/prod/terraform.tfstate-md5-md5", &[("Info", text("x"))]).await;
    office.db.put("other/env/prod/terraform.tfstate", &[("Info", text(&of("root@vm")))]).await;
    let odd = [("Info", AttributeValue::N("7".to_owned())), ("More", text("kept"))];
    office.db.put("states/odd", &odd).await;
    let others = |mut rows: Vec<std::collections::HashMap<String, AttributeValue>>| {
        rows.retain(|row| row["LockID"] != text(PATH));
        rows.sort_by_key(|row| row["LockID"].as_s().unwrap().clone());
        rows
    };
    let before = others(office.db.rows(TABLE).await);
    assert_eq!(before.len(), 4);
    let request = office.open(&approver("alice"), STATE).await;
    office.approve(&approver("bob"), request).await;
    assert_eq!(office.outcome(request).await, "Unlocked");
    assert_eq!(others(office.db.rows(TABLE).await), before);
    assert_eq!(info(&office).await, None);
}

#[tokio::test]
async fn an_unreadable_lock_can_be_released_and_an_incomparable_one_cannot() {
    let cases: [(&[(&str, AttributeValue)], bool); 7] = [
        (&[("Info", text("locked by the migration script"))], true),
        (&[("Info", text(""))], true),
        // Neither a record nor a digest. It still blocks Terraform.
        (&[("Owner", text("kim"))], true),
        (&[("Digest", text("0123456789abcdef0123456789abcdef"))], true),
        (&[("Digest", AttributeValue::N("7".to_owned()))], false),
        (&[("Info", AttributeValue::N("7".to_owned()))], false),
        (&[("Info", AttributeValue::Bool(true))], false),
    ];
    for (attributes, can) in cases {
        let office = Office::new().await;
        office.db.put(PATH, attributes).await;
        if can {
            let request = office.open(&approver("alice"), STATE).await;
            office.approve(&approver("bob"), request).await;
            assert_eq!(office.outcome(request).await, "Unlocked", "{attributes:?}");
            assert_eq!(office.db.rows(TABLE).await.len(), 0);
        } else {
            let unlock = Command::Unlock { state: STATE.to_owned(), reason: Some("r".to_owned()) };
            let told = office.told(&approver("alice"), unlock).await;
            assert!(told.contains("cannot be told from another"), "{told}");
            assert_eq!(office.db.rows(TABLE).await.len(), 1);
        }
    }
}

/// Compares a lock row without a record at the opening of the request with the row at its approval.
#[tokio::test]
async fn a_row_without_a_record_that_became_another_stays() {
    let digest = |digit: &str| vec![("Digest", text(&digit.repeat(32)))];
    let nothing = || vec![("Owner", text("kim"))];
    for (pinned, now) in [
        (nothing(), digest("0")),
        (digest("0"), digest("1")),
        (digest("0"), nothing()),
        (digest("0"), vec![("Info", text("0"))]),
        (digest("0"), vec![("Digest", text(&"0".repeat(32))), ("Info", text(&of("root@vm")))]),
    ] {
        let office = Office::new().await;
        office.db.put(PATH, &pinned).await;
        let request = office.open(&approver("alice"), STATE).await;
        office.db.put(PATH, &now).await;
        let told = words(&office.approve(&approver("bob"), request).await);
        assert!(told.contains("changed hands"), "{told}");
        assert_eq!(office.outcome(request).await, "Superseded", "{pinned:?} then {now:?}");
        let rows = office.db.rows(TABLE).await;
        assert_eq!(rows.len(), 1);
        for (name, value) in &now {
            assert_eq!(rows[0].get(*name), Some(value), "{pinned:?} then {now:?}");
        }
    }
}

/// Terraform takes the lock between the bot's look and its delete, many times.
#[tokio::test]
async fn a_lock_taken_between_the_look_and_the_delete_stays() {
    for n in 0..40_u32 {
        let office = locked_by(&of("root@vm")).await;
        let request = office.open(&approver("alice"), STATE).await;
        let new = record(
            &format!("{n:08x}"),
            "OperationTypeApply",
            "mira@laptop",
            "2026-11-23T11:59:00Z",
        );
        let terraform = async {
            // The old lock's release and the new lock's creation, at a different moment each time.
            tokio::time::sleep(std::time::Duration::from_micros(u64::from(n) * 150)).await;
            office.db.delete(PATH).await;
            let path = office.path(STATE);
            office.db.sandbox.lock(&path, &locktender::lock::LockRecord::new(&*new)).await.unwrap()
        };
        let bob = approver("bob");
        let (_, taken) = tokio::join!(office.approve(&bob, request), terraform);
        assert!(taken, "the lock was free for the next one");
        assert_eq!(info(&office).await, Some(new), "the new lock stays ({n})");
        let outcome = office.outcome(request).await;
        assert!(["Unlocked", "Superseded", "AlreadyFree"].contains(&&*outcome), "{outcome}");
    }
}
