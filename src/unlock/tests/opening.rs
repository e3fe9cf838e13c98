//! The opening of a request, and its stored form.

use proptest::prelude::*;

use super::*;
use crate::lock::RECORD_LIMIT;

#[test]
fn a_request_says_who_what_where_why_and_for_how_long() {
    let opened = asked(&row_alone(), "  the runner died\n", &alice()).unwrap();
    assert_eq!(said(&Ok(opened.clone())), "pending v0: request.opened");
    let request = &opened.next;
    assert_eq!((&request.requester, request.place), (&alice().person, HERE));
    assert_eq!((request.opened_at, request.expires_at), (minute(0), minute(30)));
    assert_eq!(request.reason, "the runner died");
    assert_eq!(request.pinned.lock(), &row_alone());
    let entry = &opened.entries[0];
    assert_eq!((entry.at, &entry.actor), (minute(0), &Some(alice().person)));
    assert_eq!(entry.reason.as_deref(), Some("the runner died"));
    assert_eq!((entry.request, &entry.state), (request.id, &state()));
}

#[test]
fn only_a_person_with_a_reason_asks_and_only_for_a_lock_that_can_be_compared() {
    let row = |row| LockState::from_stores(ROW, Some(row), None);
    let file = |file| LockState::from_stores(LOCKFILE, None, Some(file));
    let large = vec![b'x'; RECORD_LIMIT + 1];
    let cut = || StoredLock::flawed(Flaw::TooLarge(1 << 30), LockRecord::new([]), None);
    let number = StoredLock::flawed(Flaw::NotAString("N"), LockRecord::new([]), None);
    let half_large = LockState::from_stores(BOTH, Some(super::row(RECORD)), Some(cut()));
    let bot = Actor { is_bot: true, ..alice() };
    let cases = [
        ("a row", row_alone(), "dead", alice()),
        ("by an approver", row_alone(), "dead", bob()),
        ("an unreadable row", row(super::row("{")), "dead", alice()),
        ("an empty row", row(super::row("")), "dead", alice()),
        ("a row without Info", row(row_without_info()), "dead", alice()),
        ("a lockfile that is no text", file(lockfile([0xff], "e1")), "dead", alice()),
        ("as large as any", file(lockfile(&large[1..], "e1")), "dead", alice()),
        ("free", LockState::Free, "dead", alice()),
        ("too large", file(lockfile(&*large, "e1")), "dead", alice()),
        ("too large to be read", file(cut()), "dead", alice()),
        ("one half too large", half_large, "dead", alice()),
        ("a row of a number", row(number), "dead", alice()),
        ("no reason", row_alone(), "", alice()),
        ("a blank reason", row_alone(), " \n\t\u{3000}", alice()),
        ("a reason that nobody sees", row_alone(), "\u{200b} \u{2060}\u{3164}", alice()),
        ("a bot", row_alone(), "dead", bot),
    ];
    let mut table = String::new();
    for (what, lock, reason, by) in &cases {
        let said = said(&asked(lock, reason, by));
        table += &format!("{what}: {}\n", said.replace(&large.len().to_string(), "so many"));
    }
    insta::assert_snapshot!(table, @"
    a row: pending v0: request.opened
    by an approver: pending v0: request.opened
    an unreadable row: pending v0: request.opened
    an empty row: pending v0: request.opened
    a row without Info: pending v0: request.opened
    a lockfile that is no text: pending v0: request.opened
    as large as any: pending v0: request.opened
    free: refused: the state is free
    too large: refused: the record cannot be compared: the record is so many bytes long, more than any lock's
    too large to be read: refused: the record cannot be compared: the record is 1073741824 bytes long, more than any lock's
    one half too large: refused: the record cannot be compared: the record is 1073741824 bytes long, more than any lock's
    a row of a number: refused: the record cannot be compared: the row's Info is of type N, not a string
    no reason: refused: no reason was given
    a blank reason: refused: no reason was given
    a reason that nobody sees: refused: no reason was given
    a bot: refused: applications do not approve
    ");
}

#[test]
fn a_request_is_kept_in_this_form() {
    // Stored requests outlive the version that wrote them. After a change here the bot must read both forms.
    let lock = LockState::from_stores(BOTH, Some(row("{")), Some(lockfile([0xff, 0], "e1")));
    let mut request = executing(&lock);
    request.refused.insert(UserId::new(u64::MAX), 2);
    insta::assert_json_snapshot!(request, @r#"
    {
      "id": "9000",
      "version": 1,
      "state": {
        "name": "env/prod",
        "path": "my-bucket/env/prod/terraform.tfstate",
        "backend": "main"
      },
      "pinned": {
        "expected": {
          "row": true,
          "lockfile": true
        },
        "row": {
          "text": "{"
        },
        "lockfile": {
          "record": {
            "binary": [
              255,
              0
            ]
          },
          "stored_at": "2026-11-25T09:00:00Z",
          "etag": "e1"
        }
      },
      "requester": {
        "id": "1",
        "name": "alice"
      },
      "reason": "the runner died",
      "place": {
        "guild": "7",
        "channel": "70"
      },
      "opened_at": "2026-11-25T12:00:00Z",
      "expires_at": "2026-11-25T12:30:00Z",
      "stale_from": "2026-11-25T12:20:00Z",
      "approvals": [
        {
          "by": {
            "id": "2",
            "name": "bob"
          },
          "at": "2026-11-25T12:05:00Z"
        }
      ],
      "refused": {
        "18446744073709551615": 2
      },
      "status": "executing",
      "resumed": false,
      "calls_approvers": true
    }
    "#);
    let statuses = [Status::Pending, closed(Outcome::AlreadyFree).status];
    insta::assert_json_snapshot!(statuses, @r#"
    [
      "pending",
      {
        "closed": {
          "outcome": "already_free",
          "by": {
            "id": "4",
            "name": "dave"
          },
          "at": "2026-11-25T12:04:00Z",
          "note": null
        }
      }
    ]
    "#);
    let missing = LockState::from_stores(ROW, Some(row_without_info()), None);
    insta::assert_json_snapshot!(request_for(&missing).pinned, @r#"
    {
      "expected": {
        "row": true,
        "lockfile": false
      },
      "row": "missing",
      "lockfile": null
    }
    "#);
}

#[test]
fn a_digest_in_place_of_a_lock_is_kept_by_its_value() {
    let digest = StoredLock::flawed(Flaw::DigestOnly, LockRecord::new("d41d8cd9"), None);
    let digest = LockState::from_stores(ROW, Some(digest), None);
    insta::assert_json_snapshot!(request_for(&digest).pinned, @r#"
    {
      "expected": {
        "row": true,
        "lockfile": false
      },
      "row": {
        "digest": "d41d8cd9"
      },
      "lockfile": null
    }
    "#);
}

#[test]
fn what_could_not_be_pinned_is_not_read_back_either() {
    let kept = |row: serde_json::Value| json!({"expected": {"row": true, "lockfile": false}, "row": row, "lockfile": null});
    let read = |pinned| serde_json::from_value::<Pinned>(pinned);
    assert!(read(kept(json!({"text": "{"}))).is_ok());
    for row in [json!(null), json!({"text": "x".repeat(RECORD_LIMIT + 1)}), json!("other")] {
        assert!(read(kept(row)).is_err());
    }
}

#[test]
fn a_request_fits_into_one_item_whatever_is_in_it() {
    let long = "\u{1}".repeat(100_000);
    let who = json!({"ID": "a", "Who": "\"".repeat(RECORD_LIMIT / 2 - 20)}).to_string();
    let other = Found::Other(Box::new(LockState::from_stores(ROW, Some(row(&who)), None)));
    for byte in [1, 0xff] {
        let row = row(&"\u{1}".repeat(RECORD_LIMIT));
        let file = lockfile(vec![byte; RECORD_LIMIT], "e1");
        let lock = LockState::from_stores(BOTH, Some(row), Some(file));
        let opened = asked(&lock, &format!("x{long}"), &alice()).unwrap().next;
        for event in [
            Event::Deny { by: &bob(), is_holder: false, reason: Some(format!("x{long}")) },
            Event::LockChanged(other.clone()),
        ] {
            let ended = decide(&opened, event, &policy(1), minute(5)).unwrap().next;
            let size = serde_json::to_string(&ended).unwrap().len();
            assert!(size < 300 * 1024, "{size}");
        }
    }
}

prop_compose! {
    fn any_lockfile()(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..64),
            any::<String>().prop_map(String::into_bytes),
            Just(RECORD.as_bytes().to_vec()),
        ],
        stored_at in prop::option::of((0..4_000_000_000_i64, 0..1_000_000_000_u32)),
        etag in ".+",
    ) -> StoredLock {
        let stored_at = stored_at.and_then(|(s, ns)| DateTime::from_timestamp(s, ns));
        StoredLock::new(LockRecord::new(bytes), stored_at).with_etag(Some(etag))
    }
}

fn any_row() -> impl Strategy<Value = StoredLock> {
    prop_oneof![
        any::<String>().prop_map(|record| row(&record)),
        Just(row("")),
        Just(row(RECORD)),
        Just(row_without_info()),
        any::<String>().prop_map(|digest| {
            StoredLock::flawed(Flaw::DigestOnly, LockRecord::new(digest), None)
        }),
    ]
}

proptest! {
    #[test]
    fn a_request_is_read_back_as_it_was_kept(
        row in prop::option::of(any_row()),
        lockfile in prop::option::of(any_lockfile()),
        reason in any::<String>(),
    ) {
        prop_assume!(row.is_some() || lockfile.is_some());
        let lock = LockState::from_stores(BOTH, row, lockfile);
        let mut request = executing(&lock);
        request.reason = reason;
        let kept = serde_json::to_string(&request).unwrap();
        let back: UnlockRequest = serde_json::from_str(&kept).unwrap();
        prop_assert_eq!(back.pinned.replaced_by(&lock), None);
        prop_assert_eq!(right_of(&back), right_of(&request));
        prop_assert_eq!(back, request);
    }
}

#[test]
fn a_lock_looks_stale_from_its_moment_on_and_never_without_one() {
    let mut request = request_for(&row_alone());
    for (minutes, stale) in [(0, false), (19, false), (20, true), (500, true)] {
        assert_eq!(request.looks_stale(minute(minutes)), stale, "{minutes}");
    }
    request.stale_from = None;
    assert!(!request.looks_stale(minute(500)));
}
