//! Who may approve, deny and withdraw.

use super::*;
use crate::people::{Holders, WhoGlob};

#[test]
fn only_a_second_person_in_the_same_place_says_yes_or_no() {
    let elsewhere =
        |guild, channel| Place { guild: GuildId::new(guild), channel: ChannelId::new(channel) };
    let same_name_other_role = RoleId::new(501);
    let people = [
        ("an approver", bob()),
        ("the requester", alice()),
        ("the requester, an approver by now", actor(1, "alice", &[APPROVER])),
        ("the requester, renamed", actor(1, "mallory", &[APPROVER])),
        ("the requester, elsewhere", Actor { place: elsewhere(7, 71), ..alice() }),
        ("somebody of the requester's name", actor(8, "alice", &[APPROVER])),
        ("without a role", actor(8, "eve", &[])),
        ("with another role", actor(8, "eve", &[same_name_other_role])),
        ("after gaining the role", actor(8, "eve", &[same_name_other_role, APPROVER])),
        ("a bot with the role", Actor { is_bot: true, ..bob() }),
        ("an approver in another channel", Actor { place: elsewhere(7, 71), ..bob() }),
        ("an approver in another server", Actor { place: elsewhere(8, 70), ..bob() }),
    ];
    let request = request_for(&row_alone());
    let mut table = String::new();
    for (who, by) in &people {
        let now = |event| said(&decide(&request, event, &policy(1), minute(5)));
        table += &format!("{who}\n  approve: {}\n", said(&approve(&request, by, 1)));
        table += &format!("  deny: {}\n", now(Event::Deny { by, is_holder: false, reason: None }));
        let deny = Event::Deny { by, is_holder: true, reason: None };
        table += &format!("  deny, as the holder: {}\n", now(deny));
        table += &format!("  withdraw: {}\n", now(Event::Withdraw { by, reason: None }));
    }
    insta::assert_snapshot!(table, @"
    an approver
      approve: executing v1: request.approved, may release
      deny: Denied v1: request.denied
      deny, as the holder: Denied v1: request.denied
      withdraw: refused: not the requester
    the requester
      approve: refused: requesters do not approve their own requests
      deny: refused: requesters withdraw
      deny, as the holder: refused: requesters withdraw
      withdraw: Withdrawn v1: request.withdrawn
    the requester, an approver by now
      approve: refused: requesters do not approve their own requests
      deny: refused: requesters withdraw
      deny, as the holder: refused: requesters withdraw
      withdraw: Withdrawn v1: request.withdrawn
    the requester, renamed
      approve: refused: requesters do not approve their own requests
      deny: refused: requesters withdraw
      deny, as the holder: refused: requesters withdraw
      withdraw: Withdrawn v1: request.withdrawn
    the requester, elsewhere
      approve: refused: requesters do not approve their own requests
      deny: refused: requesters withdraw
      deny, as the holder: refused: requesters withdraw
      withdraw: Withdrawn v1: request.withdrawn
    somebody of the requester's name
      approve: executing v1: request.approved, may release
      deny: Denied v1: request.denied
      deny, as the holder: Denied v1: request.denied
      withdraw: refused: not the requester
    without a role
      approve: refused: not an approver
      deny: refused: not an approver
      deny, as the holder: Denied v1: request.denied
      withdraw: refused: not the requester
    with another role
      approve: refused: not an approver
      deny: refused: not an approver
      deny, as the holder: Denied v1: request.denied
      withdraw: refused: not the requester
    after gaining the role
      approve: executing v1: request.approved, may release
      deny: Denied v1: request.denied
      deny, as the holder: Denied v1: request.denied
      withdraw: refused: not the requester
    a bot with the role
      approve: refused: applications do not approve
      deny: refused: applications do not approve
      deny, as the holder: refused: applications do not approve
      withdraw: refused: not the requester
    an approver in another channel
      approve: refused: asked in another channel
      deny: Denied v1: request.denied
      deny, as the holder: Denied v1: request.denied
      withdraw: refused: not the requester
    an approver in another server
      approve: refused: asked in another server
      deny: refused: asked in another server
      deny, as the holder: refused: asked in another server
      withdraw: refused: not the requester
    ");
}

#[test]
fn a_policy_without_roles_lets_nobody_approve() {
    let policy = Policy { approver_roles: BTreeSet::new(), ..policy(1) };
    let event = Event::Approve {
        by: &bob(),
        standing: &BTreeSet::new(),
        guarantees: Guarantees::default(),
    };
    let decided = decide(&request_for(&row_alone()), event, &policy, minute(5));
    assert_eq!(decided, Err(Rejection::NotApprover));
}

#[test]
fn people_are_counted_and_not_clicks() {
    let first = approve(&request_for(&row_alone()), &bob(), 3).unwrap();
    assert_eq!(said(&Ok(first.clone())), "pending v1: request.approved");
    let renamed = Actor { person: Person { name: "rob".to_owned(), ..bob().person }, ..bob() };
    for again in [bob(), renamed] {
        assert_eq!(approve(&first.next, &again, 3), Err(Rejection::ApprovedAlready));
    }
    let second = approve(&first.next, &carol(), 3).unwrap();
    assert_eq!(said(&Ok(second.clone())), "pending v2: request.approved");
    let third = approve(&second.next, &dave(), 3);
    assert_eq!(said(&third), "executing v3: request.approved, may release");
    let by: Vec<String> =
        third.unwrap().next.approvals.into_iter().map(|approval| approval.by.name).collect();
    assert_eq!(by, ["bob", "carol", "dave"]);
}

#[test]
fn the_word_of_who_has_lost_the_role_is_void_until_given_anew() {
    let bobs = approve(&request_for(&row_alone()), &bob(), 2).unwrap().next;
    let with = |request: &UnlockRequest, by: &Actor, standing: &[u64]| {
        let standing = standing.iter().copied().map(UserId::new).collect();
        let event = Event::Approve { by, standing: &standing, guarantees: Guarantees::default() };
        decide(request, event, &policy(2), minute(6))
    };
    let carols = with(&bobs, &carol(), &[]);
    assert_eq!(said(&carols), "pending v2: request.approved");
    let carols = carols.unwrap();
    assert_eq!(
        carols.entries[0].detail.as_deref(),
        Some("no longer counted, without the role by now: bob (2)")
    );
    assert_eq!(carols.next.missing_approvals(&policy(2)), 1);
    let bobs_again = with(&carols.next, &bob(), &[3]);
    assert_eq!(said(&bobs_again), "executing v3: request.approved, may release");
    assert_eq!(said(&with(&bobs, &carol(), &[2])), "executing v2: request.approved, may release");
    // A person in `standing` who has not approved does not count.
    assert_eq!(
        said(&with(&request_for(&row_alone()), &carol(), &[2, 4])),
        "pending v1: request.approved"
    );
}

#[test]
fn more_approvals_than_the_policy_asks_by_now_are_enough() {
    let two = approve(&approve(&request_for(&row_alone()), &bob(), 3).unwrap().next, &carol(), 3);
    let two = two.unwrap().next;
    assert_eq!(two.missing_approvals(&policy(1)), 0);
    assert_eq!(said(&approve(&two, &dave(), 1)), "executing v3: request.approved, may release");
}

#[test]
fn refused_attempts_on_two_people_are_recorded_and_slips_are_not() {
    let closing = closed(Outcome::Denied).closing().unwrap().clone();
    let cases = [
        (Rejection::Requester, true),
        (Rejection::Bot, true),
        (Rejection::NotApprover, true),
        (Rejection::Elsewhere(HERE.channel), true),
        (Rejection::Expired(minute(30)), true),
        (Rejection::RequesterDenies, false),
        (Rejection::ApprovedAlready, false),
        (Rejection::NotRequester, false),
        (Rejection::UnderWay, false),
        (Rejection::NotDue, false),
        (Rejection::Closed(closing), false),
        (Rejection::Unknown, false),
        (Rejection::NotConfirmed, false),
        (Rejection::NoReason, false),
        (Rejection::NotPinned(NotPinned::Free), false),
    ];
    for (refusal, on_record) in cases {
        let request = request_for(&row_alone());
        let recorded = refused(&request, &bob(), Tried::Approve, &refusal, minute(5));
        assert_eq!(recorded.is_some(), on_record, "{refusal:?}");
        let Some(Transition { next, entries, unlock, .. }) = recorded else { continue };
        assert_eq!((next.version, &next.status, unlock), (1, &Status::Pending, None));
        assert_eq!(entries[0].action.as_str(), "approval.refused");
        assert_eq!(entries[0].detail, Some(refusal.to_string()));
        assert_eq!(entries[0].actor, Some(bob().person));
    }
}

#[test]
fn a_refused_attempt_is_recorded_under_the_name_of_what_was_tried() {
    let cases = [
        (Tried::Approve, Rejection::NotApprover, "approval.refused"),
        (Tried::Deny, Rejection::NotApprover, "denial.refused"),
        (Tried::Withdraw, Rejection::NotRequester, "withdrawal.refused"),
    ];
    for (tried, refusal, action) in cases {
        let request = request_for(&row_alone());
        let recorded = refused(&request, &dave(), tried, &refusal, minute(5)).unwrap();
        assert_eq!(actions(&recorded), [action]);
        assert_eq!(recorded.entries[0].detail, Some(refusal.to_string()));
    }
}

#[test]
fn refused_attempts_do_not_fill_the_trail() {
    let mut request = request_for(&row_alone());
    let mut attempts = |people: std::ops::Range<u64>, times: u32| {
        let mut recorded = 0;
        for id in people {
            for _ in 0..times {
                let by = actor(id, "eve", &[]);
                if let Some(next) =
                    refused(&request, &by, Tried::Approve, &Rejection::NotApprover, minute(5))
                {
                    assert_eq!(next.next.version, request.version + 1);
                    (request, recorded) = (next.next, recorded + 1);
                }
            }
        }
        recorded
    };
    assert_eq!(attempts(10..11, 100), 3, "of one person");
    assert_eq!(attempts(11..12, 2), 2, "of another person");
    assert_eq!(attempts(11..12, 2), 1, "of that person again");
    assert_eq!(attempts(100..1_000, 100), 14, "of a crowd");
    assert_eq!(attempts(1_000..1_001, 1), 0, "of one more");
    assert_eq!(request.version, 20);
    // The rules still hold after so many attempts.
    assert_eq!(said(&approve(&request, &bob(), 1)), "executing v21: request.approved, may release");
}

#[test]
fn the_person_behind_the_holder_is_found_by_the_pinned_record() {
    let glob = |text| WhoGlob::new(text).unwrap();
    let people = vec![(glob("*@laptop"), UserId::new(8)), (glob("ci@*"), UserId::new(9))];
    let holders = Holders::new(people).unwrap();
    let holder = |lock: &LockState| request_for(lock).holder(&holders);
    assert_eq!(holder(&row_alone()), Some(UserId::new(9)));
    assert_eq!(holder(&LockState::from_stores(ROW, Some(row(OTHER)), None)), Some(UserId::new(8)));
    assert_eq!(holder(&LockState::from_stores(ROW, Some(row("{")), None)), None);
}
