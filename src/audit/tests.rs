//! Writing of the trail. `tampering` has the changes of an attacker with write access to its table.

mod tampering;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::*;
use crate::lock::{LockRecord, LockState, State, StoredLock, Stores};
use crate::people::{EventId, Person, RequestId, UserId};

const PROD: &str = "my-bucket/env/prod/terraform.tfstate";
const TEST: &str = "my-bucket/env/test/terraform.tfstate";

fn draft(path: &str, action: Action, minute: i64) -> Draft {
    let noon: DateTime<Utc> = "2026-11-25T12:00:00.532Z".parse().unwrap();
    let state: State =
        serde_json::from_value(json!({"name": "env/prod", "path": path, "backend": "main"}))
            .unwrap();
    let record = r#"{"ID":"1f6e7bc2","Operation":"OperationTypeApply","Who":"ci@runner-7","Created":"2026-11-25T09:00:00Z"}"#;
    let row = StoredLock::new(LockRecord::new(record), None);
    Draft {
        at: noon + TimeDelta::minutes(minute),
        action,
        actor: Some(Person { id: UserId::new(2), name: "bob".to_owned() }),
        request: RequestId::of(EventId::new(9_000)),
        state,
        lock: LockState::from_stores(Stores { row: true, lockfile: false }, Some(row), None),
        reason: Some("the runner died".to_owned()),
        detail: Some("no longer counted: carol".to_owned()),
    }
}

/// A chain of four entries, written in two appends.
fn chain(path: &str) -> Vec<Entry> {
    let first = [draft(path, Action::Opened, 0)];
    let then = [Action::Approved, Action::UnlockStarted, Action::UnlockDone];
    let then = then.map(|action| draft(path, action, 5));
    let mut entries = Tail::default().append(&first);
    entries.extend(Tail::at(&entries[0]).append(&then));
    entries
}

fn trail() -> Vec<Entry> {
    chain(PROD).into_iter().chain(chain(TEST)).collect()
}

#[test]
fn an_entry_is_written_in_this_form() {
    let entry = &chain(PROD)[0];
    insta::assert_json_snapshot!(entry.fields(), @r#"
    {
      "action": "request.opened",
      "actor": {
        "id": "2",
        "name": "bob"
      },
      "at": "2026-11-25T12:00:00.532Z",
      "detail": "no longer counted: carol",
      "hash": "2befcd9977d7407bdae2935aa13e5673cb8c448dd197dcfeacfb848530636c58",
      "lock": {
        "created": "2026-11-25T09:00:00.000Z",
        "id": "1f6e7bc2",
        "operation": "OperationTypeApply",
        "who": "ci@runner-7"
      },
      "path": "my-bucket/env/prod/terraform.tfstate",
      "prev": "0000000000000000000000000000000000000000000000000000000000000000",
      "reason": "the runner died",
      "request": "9000",
      "seq": 1,
      "state": "env/prod"
    }
    "#);
    // As in docs/AUDIT.md: sha256sum of the canonical form without the hash.
    let mut fields = entry.fields().clone();
    fields.remove("hash");
    assert_eq!(Hash::of(canonical(&fields)), entry.hash());
    assert_eq!(entry.hash().to_string(), entry.text("hash").unwrap());
}

#[test]
fn an_entry_of_nobody_about_nothing_readable_has_every_field() {
    let lock = StoredLock::new(LockRecord::new("{"), None);
    let lock = LockState::from_stores(Stores { row: true, lockfile: false }, Some(lock), None);
    let draft = draft(PROD, Action::Expired, 30);
    let draft = Draft { actor: None, reason: None, detail: None, lock, ..draft };
    let entry = &Tail::default().append(&[draft])[0];
    let full: Vec<String> = chain(PROD)[0].fields().keys().cloned().collect();
    assert_eq!(entry.fields().keys().cloned().collect::<Vec<_>>(), full);
    for field in ["actor", "reason", "detail"] {
        assert_eq!(entry.fields()[field], Value::Null, "{field}");
    }
    let nothing = json!({"id": null, "who": null, "operation": null, "created": null});
    assert_eq!(entry.fields()["lock"], nothing);
}

#[test]
fn texts_from_outside_are_bounded_and_show_themselves() {
    let hostile = "\u{202e}\0\u{200b}".repeat(2_000);
    let mut draft = draft(PROD, Action::Denied, 0);
    draft.actor = Some(Person { id: UserId::new(2), name: hostile.clone() });
    (draft.reason, draft.detail) = (Some(hostile.clone()), Some(hostile));
    let entry = &Tail::default().append(&[draft])[0];
    let texts = [entry.text_of("actor", "name"), entry.text("reason"), entry.text("detail")];
    for text in texts.map(Option::unwrap) {
        assert_eq!(text.chars().count(), 1_000);
        assert!(text.is_ascii() || text.trim_end_matches('…').is_ascii(), "{text}");
        assert!(!text.chars().any(char::is_control));
    }
    let mut verifier = Verifier::default();
    verifier.check(entry);
    assert!(verifier.finish().is_ok());
}
