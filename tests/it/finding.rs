//! The bot says "free" only if the meant state is certain. Every spelling finds its lock or is refused.

use std::sync::Arc;

use async_trait::async_trait;
use locktender::command::Command;
use locktender::error::{Error, Fault, FaultKind, Refusal};
use locktender::finding::{Known, Reading, Report};
use locktender::lock::{LockState, State, StatePath};
use locktender::ports::{Deleted, Listing, Locks, Seen};
use locktender::unlock::ApprovedUnlock;
use locktender::watch::{Ending, Hold, PastHold};
use locktender::words::lock::{status, with_refresh};
use proptest::prelude::*;

use crate::support::dynamodb::text;
use crate::support::given::{Given, catalog, record};
use crate::support::office::{Office, actor, approver, lookout};

const ID: &str = "1f6e7bc2-0ede-e7d2-69ce-4a7141d98284";
const PATH: &str = "states/env/prod/terraform.tfstate";

fn apply(id: &str) -> String {
    record(id, "OperationTypeApply", "root@vm", "2026-11-23T07:48:00Z")
}

/// The path of the lock that a text finds, or `None` if it finds no held lock.
async fn held(reading: &Reading, typed: &str) -> Option<String> {
    let report = reading.look(typed).await.ok()?;
    (report.lock != LockState::Free).then(|| report.state.path.to_string())
}

async fn refusal(reading: &Reading, typed: &str) -> Refusal {
    match reading.look(typed).await {
        Err(Error::Refusal(refusal)) => refusal,
        other => panic!("{typed}: {other:?}"),
    }
}

#[tokio::test]
async fn every_spelling_of_a_held_lock_finds_it_whether_or_not_names_can_be_read() {
    let prod = "my-bucket/env/prod/terraform.tfstate";
    let given = || Given::default().row("env/prod", &apply(ID));
    for reading in [given().reading(), given().unread().reading()] {
        for typed in [
            "env/prod",
            "main:env/prod",
            prod,
            "my-bucket/env/prod",
            "env/prod/terraform.tfstate",
            "env/prod/terraform.tfstate.tflock",
            "env/prod/terraform.tfstate-md5",
            &format!("{prod}.tflock"),
            &format!("{prod}-md5"),
            &format!("s3://{prod}"),
            &format!("arn:aws:s3:::{prod}"),
            "https://my-bucket.s3.amazonaws.com/env/prod/terraform.tfstate",
            &format!("\"{prod}\""),
            &format!("Path: {prod}"),
            ID,
            &ID.to_uppercase(),
            &format!("  ID:        {ID}"),
        ] {
            assert_eq!(held(&reading, typed).await.as_deref(), Some(prod), "{typed}");
        }
    }
}

#[tokio::test]
async fn a_key_that_the_rules_do_not_make_is_found_by_that_very_key() {
    for key in ["cluster/main.tfstate", "env/prod", "a//b", "a/", "/a", "../a", "a/./b", "x-md5"] {
        let path = format!("my-bucket/{key}");
        let reading = Given::default().row(&path, &apply(ID)).reading();
        for typed in [key.to_owned(), path.clone(), format!("s3://{path}")] {
            assert_eq!(held(&reading, &typed).await, Some(path.clone()), "{typed}");
        }
        let office = Given::default().row(&path, &apply(ID)).office().await;
        let told = office.told(&approver("a"), Command::Status { state: key.to_owned() }).await;
        assert!(told.contains("is locked"), "{told}");
        let list = Command::List { filter: key.to_owned(), page: 0 };
        let told = office.told(&approver("a"), list).await;
        assert!(told.contains("1 state is locked"), "{told}");
        let watch = Command::Watch { state: path.clone(), keep: false };
        let told = office.told(&actor("a", &[]), watch).await;
        assert!(told.contains("You will be told"), "{told}");
        let told = office.told(&actor("a", &[]), Command::Unwatch { state: path }).await;
        assert!(told.contains("You will not be told"), "{told}");
        let history = Command::History { state: key.to_owned(), before: None, count: 5 };
        let told = Given::default().seen(&[&format!("my-bucket/{key}")]).office().await;
        let told = told.told(&approver("a"), history).await;
        assert!(told.contains("what was recorded"), "{told}");
    }
}

#[tokio::test]
async fn a_key_with_odd_parts_of_which_nothing_was_seen_stays_refused() {
    let reading = Given::default().seen(&["env/prod"]).reading();
    for typed in ["../env/prod", "env//prod", "my-bucket//x/terraform.tfstate", "env/prod/", "\0"] {
        let refusal = refusal(&reading, typed).await;
        assert!(matches!(refusal, Refusal::BadName { .. }), "{typed:?}: {refusal:?}");
    }
}

#[tokio::test]
async fn a_key_and_a_name_that_are_spelt_alike_go_by_what_was_seen() {
    let (key, name) =
        ("my-bucket/cluster/main.tfstate", "my-bucket/cluster/main.tfstate/terraform.tfstate");
    for (seen, found) in [(key, key), (name, name)] {
        let reading = Given::default().seen(&[seen]).reading();
        let report = reading.look("cluster/main.tfstate").await.unwrap();
        assert_eq!((report.state.path.as_str(), report.known), (found, Known::Seen));
    }
    let report = Given::default().reading().look("cluster/main.tfstate").await.unwrap();
    assert_eq!(report.known, Known::Unseen { nearest: None });
}

#[tokio::test]
async fn only_a_full_path_vouches_for_a_state_that_was_never_seen() {
    let reading = Given::default().seen(&["env/prod"]).reading();
    let known = async |typed: &str| reading.look(typed).await.unwrap().known;
    for typed in ["env/prdo", "my-bucket/env/prdo", "main:env/prdo", "prdo", "env/prod@blue"] {
        assert!(!known(typed).await.is_known(), "{typed}");
    }
    for typed in
        ["my-bucket/env/prdo/terraform.tfstate", "s3://my-bucket/env/prdo/terraform.tfstate.tflock"]
    {
        let Known::InFull { nearest: Some(nearest) } = known(typed).await else {
            panic!("{typed}")
        };
        assert_eq!(nearest.as_str(), "env/prod");
        // A press of Refresh reads the same path.
        let report = reading.look(typed).await.unwrap();
        let refresh = with_refresh(status(&report), &report).buttons.remove(0).command;
        assert!(known(refresh.state().unwrap()).await.is_known(), "{refresh:?}");
    }
}

#[tokio::test]
async fn where_it_cannot_be_read_whether_there_is_a_state_none_is_called_free() {
    let reading = Given::default().seen(&["env/prod"]).unread().reading();
    let Report { known, .. } = reading.look("env/prod").await.unwrap();
    assert!(matches!(&known, Known::NotRead { why } if why.contains("s3:ListBucket")), "{known:?}");
    assert!(matches!(
        reading.look("my-bucket/env/prod/terraform.tfstate").await.unwrap().known,
        Known::InFull { .. }
    ));
}

/// Locks whose read fails at this path.
struct Unread {
    given: Given,
    path: &'static str,
}

#[async_trait]
impl Locks for Unread {
    async fn inspect(&self, state: &State) -> Result<LockState, Fault> {
        if state.path.as_str() != self.path {
            return self.given.inspect(state).await;
        }
        Err(Fault {
            kind: FaultKind::Denied,
            subject: "The lock table `locks`".to_owned(),
            remedy: "allow dynamodb:GetItem on it".to_owned(),
            source: None,
        })
    }

    async fn list(&self) -> Result<Listing, Fault> {
        self.given.list().await
    }

    async fn seen(&self) -> Result<Seen, Fault> {
        Locks::seen(&self.given).await
    }

    async fn delete_lockfile(&self, unlock: &ApprovedUnlock) -> Result<Deleted, Fault> {
        self.given.delete_lockfile(unlock).await
    }
}

#[tokio::test]
async fn a_lock_that_cannot_be_read_makes_no_state_free() {
    let path = "my-bucket/env/prod/terraform.tfstate";
    let locks = || Arc::new(Unread { given: Given::default(), path });
    let reading = Reading { locks: locks(), ..Given::default().reading() };
    for typed in ["env/prod", path, "s3://my-bucket/env/prod/terraform.tfstate.tflock"] {
        assert!(matches!(reading.look(typed).await, Err(Error::Unchanged(_))), "{typed}");
    }
    let Report { known, .. } = reading.look("my-bucket/env/prod").await.unwrap();
    assert!(matches!(known, Known::NotRead { .. }), "{known:?}");
}

#[tokio::test]
async fn a_lock_id_finds_its_lock_in_either_half_and_says_so_when_there_is_none() {
    let both = locktender::lock::Stores { row: true, lockfile: true };
    let other = "8c0d5b1e-77a4-02f3-9b1d-5e0c2a6f4d31";
    let given = Given::default().lock("env/prod", both, Some(&apply(ID)), Some(&apply(other)));
    let reading = given.reading();
    for id in [ID, other] {
        assert!(held(&reading, id).await.is_some(), "{id}");
    }
    let unknown = "00000000-77a4-02f3-9b1d-5e0c2a6f4d31";
    assert_eq!(refusal(&reading, unknown).await, Refusal::NoLockWithId { id: unknown.to_owned() });
    // A state may have such a name.
    let reading = Given::default().seen(&[unknown]).reading();
    assert_eq!(reading.look(unknown).await.unwrap().known, Known::Seen);
    // Two locks may have the same ID after a table was copied.
    let twice = Given::default().row("a", &apply(ID)).row("b", &apply(ID)).reading();
    assert!(
        matches!(refusal(&twice, ID).await, Refusal::Ambiguous { states, .. } if states.len() == 2)
    );
}

#[tokio::test]
async fn a_lock_id_can_be_watched_and_unlocked() {
    let office = Office::new().await;
    office.db.put(PATH, &[("Info", text(&apply(ID)))]).await;
    let watch = Command::Watch { state: ID.to_owned(), keep: false };
    let told = office.told(&actor("alice", &[]), watch).await;
    assert!(told.contains("when env/prod clears"), "{told}");
    let request = office.open(&approver("alice"), ID).await;
    office.approve(&approver("bob"), request).await;
    assert_eq!(office.outcome(request).await, "Unlocked");
    let again = Command::Unlock { state: ID.to_owned(), reason: Some("r".to_owned()) };
    let told = office.told(&approver("alice"), again).await;
    assert!(told.contains("No lock has the ID") && !told.contains("free"), "{told}");
}

#[tokio::test]
async fn a_state_that_has_appeared_since_the_names_were_read_is_known() {
    let office = Office::new().await;
    let reading = &office.context.reading;
    // The directory reads the names now, and not again.
    assert!(reading.directory.known().await.unwrap().is_empty());
    assert_eq!(reading.look("env/prod").await.unwrap().known, Known::Unseen { nearest: None });
    office.db.put(&format!("{PATH}-md5"), &[("Digest", text("0"))]).await;
    assert_eq!(reading.look("env/prod").await.unwrap().known, Known::Seen);
    assert_eq!(reading.look("env/prod").await.unwrap().lock, LockState::Free);
}

#[tokio::test]
async fn a_past_hold_and_a_past_request_show_that_there_is_a_state() {
    let office = Office::new().await;
    let known = async || office.context.reading.look("env/prod").await.unwrap().known;
    office.db.put(PATH, &[("Info", text(&apply(ID)))]).await;
    let look = lookout(&office.context);
    look.pass().await.unwrap();
    office.db.delete(PATH).await;
    assert_eq!(known().await, Known::Unseen { nearest: None });
    look.pass().await.unwrap();
    assert_eq!(known().await, Known::Seen, "by its past hold");

    let office = Office::new().await;
    office.db.put(PATH, &[("Info", text(&apply(ID)))]).await;
    office.open(&approver("alice"), "env/prod").await;
    office.db.delete(PATH).await;
    let report = office.context.reading.look("env/prod").await.unwrap();
    assert_eq!(report.known, Known::Seen, "by its request");
}

#[tokio::test]
async fn half_a_lock_is_called_lost_only_where_both_halves_were_seen() {
    let stores = locktender::lock::Stores { row: true, lockfile: true };
    let given = || Given::default().lock("env/prod", stores, Some(&apply(ID)), None);
    let status = || Command::Status { state: "env/prod".to_owned() };
    let whole = Given::default().lock("env/prod", stores, Some(&apply(ID)), Some(&apply(ID)));
    let held = |reading: &Reading| {
        let locks = reading.locks.clone();
        async move { locks.list().await.unwrap().held.remove(0) }
    };
    // The bot has seen nothing before.
    let office = given().office().await;
    let told = office.told(&approver("a"), status()).await;
    assert!(told.contains("may be alive, or the lockfile was lost"), "{told}");
    assert!(!told.contains("was lost:") && !told.contains("one store alone:"), "{told}");
    // The bot has seen both halves of the same lock.
    let now = office.time.as_ref();
    let now = locktender::ports::Clock::now(now);
    let before = Hold::of(&held(&whole.reading()).await, now).unwrap();
    assert_eq!(before.was_whole, Some(true));
    let half = Hold { half: true, ..before.clone() };
    office.context.holds.begin(&half).await.unwrap();
    let told = office.told(&approver("a"), status()).await;
    assert!(told.contains("Both halves were seen during this hold"), "{told}");
    // Past holds of the state never had both halves.
    let office = given().office().await;
    for n in 0..3 {
        let before = Hold::of(&held(&office.context.reading).await, now).unwrap();
        let ended_at = now + chrono::TimeDelta::minutes(n);
        let past = PastHold { hold: before.clone(), ended_at, ending: Ending::Cleared };
        office.context.holds.begin(&before).await.unwrap();
        office.context.holds.end(&past, None, ended_at, &|_| Vec::new()).await.unwrap();
    }
    let told = office.told(&approver("a"), status()).await;
    assert!(told.contains("None of the last 3 holds here had both halves"), "{told}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_name_of_every_state_finds_it_with_odd_keys_too(
        key in prop_oneof!["[ a/.@:\"-]{1,12}(/terraform\\.tfstate)?(\\.tflock|-md5)?", "\\PC{1,20}"],
    ) {
        let path = StatePath::new("my-bucket", &key).unwrap();
        let state = catalog().state_at(path).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let given = Given::default().at(&state, &apply(ID));
        let reading = given.reading();
        runtime.block_on(async {
            let report = reading.look(state.name.as_str()).await.unwrap();
            prop_assert_eq!(&report.state, &state);
            prop_assert_ne!(report.lock, LockState::Free);
            Ok(())
        })?;
    }

    #[test]
    fn any_text_is_answered_or_refused_and_never_free_unless_it_is_a_full_path(typed in ".*") {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let reading = Given::default().reading();
        if let Ok(report) = runtime.block_on(reading.look(&typed)) {
            prop_assert!(!report.known.is_known() || typed.contains("my-bucket/"));
        }
    }
}
