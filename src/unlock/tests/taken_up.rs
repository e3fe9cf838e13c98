//! Releases that are taken up after they were cut off, and what the trail says of their deletes.

use super::*;
use crate::lock::{StoreCheck, Tool};

fn far() -> Guarantees {
    Guarantees { table: Distance::Far, ..Guarantees::default() }
}

fn resume(request: &UnlockRequest, guarantees: Guarantees) -> Result<UnlockRequest, Rejection> {
    decide(request, Event::Resume(guarantees), &policy(1), minute(6)).map(|resumed| resumed.next)
}

fn lockfile_alone() -> LockState {
    LockState::from_stores(LOCKFILE, None, Some(lockfile(RECORD, "e1")))
}

#[test]
fn a_release_that_was_taken_up_is_taken_up_again_once_its_table_has_become_far() {
    let near = resume(&executing(&row_and_lockfile()), Guarantees::default()).unwrap();
    let apart = resume(&near, far()).unwrap();
    assert!(!near.row_apart && apart.row_apart);
    let begun = approve_by(&request_for(&row_and_lockfile()), &bob(), 1, far()).unwrap().next;
    // An attempt while the table was far may have removed the row, wherever the table is now.
    let begun_far = resume(&begun, Guarantees::default()).unwrap();
    assert!(begun_far.row_apart);
    for request in [apart, begun_far] {
        for guarantees in [far(), Guarantees::default()] {
            assert_eq!(resume(&request, guarantees), Err(Rejection::UnderWay));
        }
    }
}

#[test]
fn what_an_attempt_may_have_removed_is_said_where_another_lock_is_found() {
    let cases = [
        (row_and_lockfile(), Guarantees::default(), "the lockfile"),
        (row_and_lockfile(), far(), "the lock"),
        (row_alone(), far(), "the DynamoDB row"),
        (lockfile_alone(), far(), "the lockfile"),
    ];
    for (lock, guarantees, removed) in cases {
        let resumed = resume(&executing(&lock), guarantees).unwrap();
        let other = LockState::from_stores(ROW, Some(row(OTHER)), None);
        let event = Event::LockChanged(Found::Other(Box::new(other)));
        let ended = decide(&resumed, event, &policy(1), minute(7)).unwrap().next;
        let note = ended.closing().unwrap().note.clone().unwrap();
        let said =
            format!("an attempt at the release may have removed {removed}; the lock there now is ");
        assert!(note.starts_with(&said), "{note}");
    }
}

#[test]
fn the_trail_says_where_a_delete_can_hit_another_lock() {
    let checked = |lockfiles| Guarantees { lockfiles, ..Guarantees::default() };
    let tool = |tool| Guarantees { tool: Some(tool), ..far() };
    let cases = [
        (row_and_lockfile(), Guarantees::default(), None),
        (row_and_lockfile(), checked(StoreCheck::Ignored), Some("the store ignores conditions")),
        (lockfile_alone(), checked(StoreCheck::Unverified), Some("it is not known whether")),
        (row_and_lockfile(), tool(Tool::Terraform), Some("terraform force-unlock deletes")),
        (lockfile_alone(), tool(Tool::Tofu), Some("tofu force-unlock deletes")),
        (row_alone(), tool(Tool::Tofu), Some("tofu force-unlock deletes")),
    ];
    for (lock, guarantees, says) in cases {
        let begun = approve_by(&request_for(&lock), &bob(), 1, guarantees).unwrap();
        let [_, started] = &begun.entries[..] else { panic!("{:?}", begun.entries) };
        let detail = started.detail.as_deref();
        assert_eq!(detail.is_some(), says.is_some());
        assert!(detail.unwrap_or_default().starts_with(says.unwrap_or_default()), "{detail:?}");
        let resumed =
            decide(&begun.next, Event::Resume(guarantees), &policy(1), minute(6)).unwrap();
        let detail = resumed.entries[0].detail.clone().unwrap();
        assert!(detail.starts_with("resumed after the first attempt was cut off"), "{detail}");
        assert!(detail.contains(says.unwrap_or_default()), "{detail}");
    }
}

#[test]
fn a_release_is_untouched_until_a_delete_was_answered_or_may_have_been_done() {
    let after = |change: &dyn Fn(&mut Progress)| {
        let mut progress = Progress::default();
        change(&mut progress);
        progress.is_untouched()
    };
    assert!(after(&|_| {}) && after(&|progress| progress.refuse(Store::S3, "no".to_owned())));
    for half in [Store::S3, Store::DynamoDb] {
        assert!(!after(&|progress| progress.remove(half)));
        assert!(!after(&|progress| progress.may_have_removed(half)));
    }
}

#[test]
fn a_release_that_is_given_up_may_have_removed_what_is_gone_and_keeps_the_rest() {
    for (guarantees, of_row) in
        [(Guarantees::default(), None), (far(), Some(RemovedBy::ReleaseOrHolder))]
    {
        let request =
            approve_by(&request_for(&row_and_lockfile()), &bob(), 1, guarantees).unwrap().next;
        let given_up = Progress::given_up(&request, "too late");
        let removed = |half| given_up.removed_of(&request.pinned, half);
        assert_eq!(removed(Store::S3), Some(RemovedBy::ReleaseOrHolder));
        assert_eq!(removed(Store::DynamoDb), of_row);
        for half in [Store::S3, Store::DynamoDb] {
            assert_eq!(given_up.refused(half), Some("too late"));
        }
    }
}

#[test]
fn one_reason_for_both_halves_is_said_once() {
    let refused = Fate::Refused("too late".to_owned());
    let said = |why: &str| match refused.row_left(why) {
        Event::Failed(why) => why,
        other => panic!("{other:?}"),
    };
    assert_eq!(said("too late"), "nothing was released: too late");
    assert_eq!(said("not allowed"), "nothing was released: too late; not allowed");
}
