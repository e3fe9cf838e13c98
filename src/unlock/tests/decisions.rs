//! The result of each event in each status.

use proptest::prelude::*;

use super::*;

const OUTCOMES: [Outcome; 8] = [
    Outcome::Unlocked,
    Outcome::Denied,
    Outcome::Withdrawn,
    Outcome::Expired,
    Outcome::Superseded,
    Outcome::AlreadyFree,
    Outcome::Failed,
    Outcome::Unpostable,
];

#[test]
fn every_event_does_one_thing_in_every_open_status() {
    let (dave, alice, nobody) = (dave(), alice(), BTreeSet::new());
    let executing = executing(&row_alone());
    let resumed = decide(&executing, Event::Resume(Guarantees::default()), &policy(1), minute(6))
        .unwrap()
        .next;
    let mut table = String::new();
    for (status, request) in [
        ("pending", request_for(&row_alone())),
        ("executing", executing),
        ("executing, resumed", resumed),
    ] {
        table += &format!("{status} v{}\n", request.version);
        for (name, event) in events(&dave, &alice, &nobody) {
            let decided = decide(&request, event, &policy(1), minute(10));
            table += &format!("  {name}: {}\n", said(&decided));
        }
    }
    insta::assert_snapshot!(table, @"
    pending v0
      approve: executing v1: request.approved, may release
      deny: Denied v1: request.denied
      withdraw: Withdrawn v1: request.withdrawn
      expire: refused: not due
      lock changed hands: Superseded v1: unlock.superseded
      lock is gone: AlreadyFree v1: unlock.already_free
      resume: refused: not due
      released: refused: not due
      released by tool: refused: not due
      failed: refused: not due
      unpostable: Unpostable v1: request.unpostable
      released and retaken: refused: not due
      changed midway: refused: not due
      failed midway: refused: not due
    executing v1
      approve: refused: under way
      deny: refused: under way
      withdraw: refused: under way
      expire: refused: under way
      lock changed hands: Superseded v2: unlock.superseded
      lock is gone: AlreadyFree v2: unlock.already_free
      resume: executing v2: unlock.started
      released: Unlocked v2: unlock.done
      released by tool: Unlocked v2: unlock.done
      failed: Failed v2: unlock.failed
      unpostable: refused: under way
      released and retaken: Unlocked v2: unlock.done
      changed midway: Superseded v2: unlock.superseded
      failed midway: Failed v2: unlock.failed
    executing, resumed v2
      approve: refused: under way
      deny: refused: under way
      withdraw: refused: under way
      expire: refused: under way
      lock changed hands: Superseded v3: unlock.superseded
      lock is gone: AlreadyFree v3: unlock.already_free
      resume: refused: under way
      released: Unlocked v3: unlock.done
      released by tool: Unlocked v3: unlock.done
      failed: Failed v3: unlock.failed
      unpostable: refused: under way
      released and retaken: Unlocked v3: unlock.done
      changed midway: Superseded v3: unlock.superseded
      failed midway: Failed v3: unlock.failed
    ");
}

#[test]
fn what_has_ended_never_changes() {
    let (dave, alice, nobody) = (dave(), alice(), BTreeSet::new());
    for request in OUTCOMES.map(closed) {
        let ended = request.closing().unwrap().clone();
        assert!(!request.is_open());
        for late in [5, 30, 10_000] {
            for (name, event) in events(&dave, &alice, &nobody) {
                let decided = decide(&request, event, &policy(1), minute(late));
                assert_eq!(decided, Err(Rejection::Closed(ended.clone())), "{name}");
            }
            let refusal = Rejection::NotApprover;
            assert_eq!(refused(&request, &dave, Tried::Approve, &refusal, minute(late)), None);
        }
    }
}

#[test]
fn the_clock_decides_when_it_expires_and_not_the_worker() {
    let request = request_for(&row_alone());
    let (bob, alice, nobody) = (bob(), alice(), BTreeSet::new());
    let end = request.expires_at;
    assert_eq!(end, minute(30));
    let tick = TimeDelta::milliseconds(1);
    let mut table = String::new();
    for (when, now) in [("just before", end - tick), ("at", end), ("just after", end + tick)] {
        table += &format!("{when} its end\n");
        for (name, event) in events(&bob, &alice, &nobody).into_iter().take(4) {
            let decided = decide(&request, event, &policy(1), now);
            table += &format!("  {name}: {}\n", said(&decided));
        }
    }
    insta::assert_snapshot!(table, @"
    just before its end
      approve: executing v1: request.approved, may release
      deny: Denied v1: request.denied
      withdraw: Withdrawn v1: request.withdrawn
      expire: refused: not due
    at its end
      approve: refused: expired
      deny: refused: expired
      withdraw: refused: expired
      expire: Expired v1: request.expired
    just after its end
      approve: refused: expired
      deny: refused: expired
      withdraw: refused: expired
      expire: Expired v1: request.expired
    ");
}

#[test]
fn a_denial_has_its_reason_in_the_card_and_on_record() {
    let blank = || Some("  \n".to_owned());
    for (given, kept) in [(Some("it still runs"), Some("it still runs")), (None, None)] {
        let request = request_for(&row_alone());
        let reason = given.map(str::to_owned).or_else(blank);
        let event = Event::Deny { by: &bob(), is_holder: false, reason };
        let denied = decide(&request, event, &policy(1), minute(5)).unwrap();
        let closing = denied.next.closing().unwrap();
        assert_eq!((closing.note.as_deref(), &closing.by), (kept, &Some(bob().person)));
        let [entry] = &*denied.entries else { panic!("{:?}", denied.entries) };
        assert_eq!((entry.reason.as_deref(), &entry.detail), (kept, &None));
    }
}

#[test]
fn a_row_alone_is_approved_and_released_in_one_write() {
    let request = request_for(&row_alone());
    let approved = approve(&request, &bob(), 1).unwrap();
    let right = approved.unlock.clone();
    let done = decide(&approved.next, Event::Released, &policy(1), minute(5)).unwrap();
    let whole = approved.and_then(done);
    assert_eq!(actions(&whole), ["request.approved", "unlock.done"]);
    assert_eq!((whole.next.version, whole.unlock), (2, right));
    let closing = whole.next.closing().unwrap();
    assert_eq!((closing.outcome, &closing.by), (Outcome::Unlocked, &Some(bob().person)));
}

#[test]
fn a_release_in_steps_is_recorded_step_by_step() {
    let lockfile_alone = LockState::from_stores(LOCKFILE, None, Some(lockfile(RECORD, "e1")));
    // Another run may take the other half in the meantime, so one write cannot release it.
    let row_of_two = LockState::from_stores(BOTH, Some(row(RECORD)), None);
    for lock in [row_and_lockfile(), lockfile_alone, row_of_two] {
        let approved = approve(&request_for(&lock), &bob(), 1).unwrap();
        assert_eq!(actions(&approved), ["request.approved", "unlock.started"]);
        let done = decide(&approved.next, Event::Released, &policy(1), minute(6)).unwrap();
        assert_eq!(said(&Ok(done.clone())), "Unlocked v2: unlock.done");
        assert_eq!((&done.entries[0].detail, &done.entries[0].actor), (&None, &Some(bob().person)));
    }
}

#[test]
fn a_release_that_was_cut_off_is_taken_up_once_and_says_so() {
    let started = executing(&row_and_lockfile());
    let now = |request, event| decide(request, event, &policy(1), minute(6));
    // Before `Resume` the bot has removed nothing, so the holder must have released the lock.
    let gone = Event::LockChanged(Found::Gone);
    assert_eq!(said(&now(&started, gone.clone())), "AlreadyFree v2: unlock.already_free");
    let resumed = now(&started, Event::Resume(Guarantees::default())).unwrap();
    assert_eq!(said(&Ok(resumed.clone())), "executing v2: unlock.started");
    assert_eq!(resumed.entries[0].actor, None);
    assert!(resumed.entries[0].detail.as_ref().unwrap().starts_with("resumed"));
    assert_eq!(right_of(&resumed.next), right_of(&started));
    assert_eq!(now(&resumed.next, Event::Resume(Guarantees::default())), Err(Rejection::UnderWay));
    for event in [gone, Event::Released] {
        let done = now(&resumed.next, event).unwrap();
        assert_eq!(said(&Ok(done.clone())), "Unlocked v3: unlock.done");
        assert!(done.entries[0].detail.as_ref().unwrap().contains("later attempt"));
        assert_eq!(done.next.closing().unwrap().by, Some(bob().person));
    }
}

#[test]
fn a_failure_and_a_change_of_hands_say_what_happened() {
    let request = executing(&row_and_lockfile());
    let found = |record| Found::Other(Box::new(LockState::from_stores(ROW, Some(record), None)));
    let other = "the lock there now is 92c15b3e-7c3c-1b5d-8d35-0d3f6f6f2b10 by zoe@laptop";
    let midway = |half, by| Event::ChangedMidway {
        to: Box::new(LockState::from_stores(ROW, Some(row(OTHER)), None)),
        half,
        by,
    };
    let cases = [
        (Event::Failed("no s3:DeleteObject".to_owned()), Some("no s3:DeleteObject".to_owned())),
        (Event::LockChanged(found(row(OTHER))), Some(other.to_owned())),
        (
            midway(Store::S3, RemovedBy::Release),
            Some(format!("this release removed the lockfile; {other}")),
        ),
        (
            midway(Store::S3, RemovedBy::ReleaseOrHolder),
            Some(format!("the lockfile was removed, by this release or by its holder; {other}")),
        ),
        (
            midway(Store::DynamoDb, RemovedBy::ReleaseOrHolder),
            Some(format!(
                "the DynamoDB row was removed, by this release or by its holder; {other}"
            )),
        ),
        (
            Event::LockChanged(found(row(&RECORD.replace(',', ", ")))),
            Some("the lock there now has the same ID, but its records are not the same".to_owned()),
        ),
        (
            Event::LockChanged(found(row("{"))),
            Some("the record there now cannot be read".to_owned()),
        ),
        (Event::LockChanged(Found::Gone), None),
    ];
    for (event, note) in cases {
        let ended = decide(&request, event, &policy(1), minute(6)).unwrap();
        let closing = ended.next.closing().unwrap();
        assert_eq!((&closing.note, &closing.by), (&note, &None));
        assert_eq!((&ended.entries[0].detail, &ended.entries[0].actor), (&note, &None));
        // The trail names the pinned lock, even if another lock is there now.
        assert_eq!(&ended.entries[0].lock, request.pinned.lock());
    }
}

#[test]
fn a_release_that_may_have_been_the_holders_is_recorded_as_done_and_says_so() {
    let lockfile_alone = LockState::from_stores(LOCKFILE, None, Some(lockfile(RECORD, "e1")));
    let next = LockState::from_stores(LOCKFILE, None, Some(lockfile(OTHER, "e2")));
    let event = Event::ReleasedAndRetaken(Box::new(next));
    let done = decide(&executing(&lockfile_alone), event, &policy(1), minute(6)).unwrap();
    assert_eq!(said(&Ok(done.clone())), "Unlocked v2: unlock.done");
    let closing = done.next.closing().unwrap();
    assert_eq!((closing.left, &closing.by), (Some(Left::NextLock), &Some(bob().person)));
    assert_eq!(
        closing.note.as_deref(),
        Some(
            "the lockfile was removed, by this release or by its holder; the lock there now is \
             92c15b3e-7c3c-1b5d-8d35-0d3f6f6f2b10 by zoe@laptop, and stays"
        )
    );
    assert_eq!(done.entries[0].detail, closing.note);
}

#[test]
fn what_is_left_of_a_lock_is_kept_with_its_end_and_an_older_end_is_still_read() {
    let event = Event::FailedMidway { why: "no permission".to_owned(), left: Left::Row };
    let failed = decide(&executing(&row_and_lockfile()), event, &policy(1), minute(6)).unwrap();
    let closing = failed.next.closing().unwrap().clone();
    let written = serde_json::to_value(&closing).unwrap();
    assert_eq!(written["left"], "row");
    assert_eq!(serde_json::from_value::<Closing>(written).unwrap(), closing);
    let older = json!({"outcome": "failed", "by": null, "at": minute(6), "note": "no permission"});
    let read: Closing = serde_json::from_value(older.clone()).unwrap();
    assert_eq!(read, Closing { left: None, ..closing });
    assert_eq!(serde_json::to_value(read).unwrap(), older);
}

#[test]
fn the_right_to_release_is_given_with_enough_approvals_and_at_no_other_time() {
    assert_eq!(right_of(&request_for(&row_alone())), None);
    for request in OUTCOMES.map(closed) {
        assert_eq!(right_of(&request), None);
    }
    let approved = approve(&request_for(&row_alone()), &bob(), 1).unwrap();
    let right = approved.unlock.unwrap();
    assert_eq!(right_of(&approved.next), Some(right.clone()));
    assert_eq!((right.request(), right.state()), (approved.next.id, &state()));
    assert_eq!(right.pinned().lock(), &row_alone());
}

proptest! {
    // Any events of people, time and the lock, in any order.
    #[test]
    fn no_history_breaks_the_rules(
        needed in 1..4_u32,
        in_steps: bool,
        steps in prop::collection::vec((0..12_usize, 0..6_usize, 0..6_i64, any::<u8>()), 1..40),
    ) {
        let lock = if in_steps { row_and_lockfile() } else { row_alone() };
        let people = [
            alice(),
            bob(),
            carol(),
            dave(),
            Actor { is_bot: true, ..actor(5, "ci-bot", &[APPROVER]) },
            actor(6, "eve", &[]),
        ];
        let (policy, approvers) = (policy(needed), BTreeSet::from([2, 3, 4].map(UserId::new)));
        let (mut request, mut now) = (request_for(&lock), minute(0));
        for (event, who, wait, left) in steps {
            now += TimeDelta::minutes(wait);
            // Approvers whose bit is set in `left` have left the server.
            let standing: BTreeSet<UserId> = request
                .approvals
                .iter()
                .map(|approval| approval.by.id)
                .filter(|id| left >> id.get() & 1 == 0)
                .collect();
            let by = &people[who];
            let (name, event) = events(by, by, &standing).swap_remove(event);
            let Ok(Transition { next, entries, unlock, .. }) = decide(&request, event, &policy, now)
            else {
                continue;
            };
            prop_assert!(request.is_open(), "{name}");
            prop_assert!(!entries.is_empty(), "{name}");
            prop_assert_eq!(next.version, request.version + 1);
            // All other fields of a request never change.
            let UnlockRequest { version, approvals, status, resumed, .. } = next.clone();
            let same = UnlockRequest { version, approvals, status, resumed, ..request.clone() };
            prop_assert_eq!(&same, &next);
            let begins = request.status == Status::Pending && next.status == Status::Executing;
            prop_assert_eq!(unlock.is_some(), begins, "{}", name);
            if begins {
                let words: BTreeSet<UserId> =
                    next.approvals.iter().map(|approval| approval.by.id).collect();
                prop_assert!(words.len() >= needed as usize && words.is_subset(&approvers));
                prop_assert!(words.iter().all(|id| *id == by.person.id || standing.contains(id)));
                prop_assert!(now < request.expires_at);
                let right = unlock.unwrap();
                prop_assert_eq!(right.pinned().lock(), &lock);
            }
            let unlocked = next.closing().is_some_and(|end| end.outcome == Outcome::Unlocked);
            prop_assert!(!unlocked || request.status == Status::Executing);
            request = next;
        }
    }
}
