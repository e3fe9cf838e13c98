//! A started release is checked against the trail. An attacker who writes a request into the table cannot
//! write the trail.

use serde_json::{Map, Value};

use super::*;
use crate::audit::{Entry, Hash, Tail};

/// A started release and its trail after other entries: alice opened it, eve was refused, bob approved.
fn started(after: &Tail) -> (UnlockRequest, Vec<Entry>) {
    let opened = asked(&row_and_lockfile(), "the runner died", &alice()).unwrap();
    let eve = actor(9, "eve", &[]);
    let refusal = Rejection::NotApprover;
    let refused = refused(&opened.next, &eve, Tried::Approve, &refusal, minute(1)).unwrap();
    let approved = approve(&refused.next, &bob(), 1).unwrap();
    let request = approved.next.clone();
    let drafts: Vec<_> =
        [opened, refused, approved].into_iter().flat_map(|change| change.entries).collect();
    (request, after.append(&drafts))
}

/// Changed entries in a valid chain, as only the writer of the trail could make them.
fn rewritten(entries: &[Entry], change: impl Fn(&mut Map<String, Value>)) -> Vec<Entry> {
    let mut prev = Hash::zero();
    let mut chain = Vec::new();
    for entry in entries {
        let mut fields = entry.fields().clone();
        change(&mut fields);
        fields.insert("prev".to_owned(), json!(prev.as_str()));
        prev = Entry::read(fields.clone()).computed_hash();
        fields.insert("hash".to_owned(), json!(prev.as_str()));
        chain.push(Entry::read(fields));
    }
    chain
}

fn without(entries: &[Entry], action: &str) -> Vec<Entry> {
    rewritten(entries, |fields| {
        if fields["action"] == action {
            fields.insert("action".to_owned(), json!("approval.refused"));
        }
    })
}

#[test]
fn what_the_trail_has_is_vouched_for_and_nothing_else() {
    let (request, trail) = started(&Tail::default());
    let (_, later) = started(&Tail { seq: 40, hash: Hash::of("before") });
    let word = |by: Actor| Approval { by: by.person, at: minute(5) };
    let with = |approvals: Vec<Approval>| UnlockRequest { approvals, ..request.clone() };
    let opened_for =
        |lock: &LockState| UnlockRequest { pinned: Pinned::new(lock).unwrap(), ..request.clone() };
    let other = LockState::from_stores(BOTH, Some(row(OTHER)), Some(lockfile(OTHER, "e2")));
    let unreadable = LockState::from_stores(BOTH, Some(row("{")), None);
    let mut edited = trail.clone();
    let mut fields = edited[2].fields().clone();
    fields.insert("at".to_owned(), json!("2026-11-25T12:00:00.000Z"));
    edited[2] = Entry::read(fields);
    let mut gap = trail.clone();
    gap.remove(1);
    let foreign = rewritten(&trail, |fields| {
        fields.insert("request".to_owned(), json!("9001"));
    });
    let elsewhere = rewritten(&trail, |fields| {
        fields.insert("path".to_owned(), json!("my-bucket/other"));
    });
    let failed = decide(&request, Event::Failed("no".to_owned()), &policy(1), minute(6)).unwrap();
    let mut ended = trail.clone();
    ended.extend(Tail::at(&trail[3]).append(&failed.entries));
    let pending = UnlockRequest { status: Status::Pending, ..request.clone() };

    let cases: Vec<(&str, UnlockRequest, Vec<Entry>, u32)> = vec![
        ("as it was begun", request.clone(), trail.clone(), 1),
        ("read from its opening on", request.clone(), later, 1),
        ("marked as resumed", UnlockRequest { resumed: true, ..request.clone() }, trail.clone(), 1),
        ("no trail", request.clone(), Vec::new(), 1),
        ("another request's trail", request.clone(), foreign, 1),
        ("another path's trail", request.clone(), elsewhere, 1),
        ("an edited entry", request.clone(), edited, 1),
        ("a missing entry", request.clone(), gap, 1),
        ("no opening", request.clone(), without(&trail, "request.opened"), 1),
        (
            "another requester",
            UnlockRequest { requester: carol().person, ..request.clone() },
            trail.clone(),
            1,
        ),
        ("another lock", opened_for(&other), trail.clone(), 1),
        ("an unreadable record", opened_for(&unreadable), trail.clone(), 1),
        ("no approval on record", request.clone(), without(&trail, "request.approved"), 1),
        ("another approver", with(vec![word(carol())]), trail.clone(), 1),
        ("one approver more", with(vec![word(bob()), word(carol())]), trail.clone(), 2),
        ("more needed by now", request.clone(), trail.clone(), 2),
        ("no approver", with(Vec::new()), trail.clone(), 1),
        ("one twice", with(vec![word(bob()), word(bob())]), trail.clone(), 2),
        ("the requester's own word", with(vec![word(bob()), word(alice())]), trail.clone(), 2),
        ("a start that is not on record", request.clone(), without(&trail, "unlock.started"), 1),
        ("an end on record", request.clone(), ended, 1),
        ("not begun", pending, trail, 1),
    ];
    let mut table = String::new();
    for (what, request, entries, needed) in cases {
        table += &match vouched(&request, &policy(needed), &entries) {
            Ok(proof) => format!("{what}: vouched for ({})\n", proof.is_of(&request)),
            Err(why) => format!("{what}: {why}\n"),
        };
    }
    insta::assert_snapshot!(table, @"
    as it was begun: vouched for (true)
    read from its opening on: vouched for (true)
    marked as resumed: vouched for (true)
    no trail: the audit trail does not say that its requester opened it
    another request's trail: the audit trail does not say that its requester opened it
    another path's trail: entry 1 of its audit trail does not verify
    an edited entry: entry 3 of its audit trail does not verify
    a missing entry: entry 3 of its audit trail does not verify
    no opening: the audit trail does not say that its requester opened it
    another requester: the audit trail does not say that its requester opened it
    another lock: the audit trail says that it was opened for another lock
    an unreadable record: the audit trail says that it was opened for another lock
    no approval on record: the audit trail does not have its approvals
    another approver: the audit trail does not have its approvals
    one approver more: the audit trail does not have its approvals
    more needed by now: the request does not have the approvals that a release needs
    no approver: the request does not have the approvals that a release needs
    one twice: the request does not have the approvals that a release needs
    the requester's own word: the request does not have the approvals that a release needs
    a start that is not on record: the audit trail does not say that its release was begun
    an end on record: the audit trail says that it has ended
    not begun: the request does not have the approvals that a release needs
    ");
}

#[test]
fn an_approval_that_was_void_is_not_made_good_by_the_table() {
    // bob lost the role before carol approved, so her approval was the only valid one of two.
    let opened = asked(&row_and_lockfile(), "the runner died", &alice()).unwrap();
    let bobs = approve(&opened.next, &bob(), 2).unwrap();
    let nobody = BTreeSet::new();
    let event =
        Event::Approve { by: &carol(), standing: &nobody, guarantees: Guarantees::default() };
    let carols = decide(&bobs.next, event, &policy(2), minute(6)).unwrap();
    assert_eq!(said(&Ok(carols.clone())), "pending v2: request.approved");
    let approvals = [bobs.next.approvals.clone(), carols.next.approvals.clone()].concat();
    let forged = UnlockRequest { approvals, status: Status::Executing, ..carols.next.clone() };
    let drafts: Vec<_> =
        [opened, bobs, carols].into_iter().flat_map(|change| change.entries).collect();
    let trail = Tail::default().append(&drafts);
    assert_eq!(vouched(&forged, &policy(2), &trail), Err(Unvouched::NotStarted));
}

#[test]
fn a_proof_is_of_one_request() {
    let (request, trail) = started(&Tail::default());
    let proof = vouched(&request, &policy(1), &trail).unwrap();
    let other = UnlockRequest { id: RequestId::of(EventId::new(9_001)), ..request.clone() };
    assert!(proof.is_of(&request) && !proof.is_of(&other));
}

#[test]
fn the_number_and_the_link_of_an_entry_both_have_to_fit() {
    let (request, whole) = started(&Tail::default());
    for (field, value) in [("seq", json!(9)), ("prev", json!(Hash::of("another").as_str()))] {
        let mut trail = whole.clone();
        let mut fields = trail[3].fields().clone();
        fields.insert(field.to_owned(), value);
        let hash = Entry::read(fields.clone()).computed_hash();
        fields.insert("hash".to_owned(), json!(hash.as_str()));
        trail[3] = Entry::read(fields);
        let broken = Unvouched::Broken(trail[3].seq());
        assert_eq!(vouched(&request, &policy(1), &trail), Err(broken), "{field}");
    }
}
