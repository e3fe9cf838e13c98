//! How often requests may be opened, and when their cards ping the approvers.

use super::*;

fn at(minutes: &[i64]) -> Openings {
    Openings { opened: minutes.iter().copied().map(minute).collect(), ..Openings::default() }
}

fn opened(by: &Actor, lately: &Lately, now: DateTime<Utc>) -> Result<Transition, Rejection> {
    let (id, lock) = (RequestId::of(EventId::new(9_000)), row_alone());
    let (state, reason) = (state(), "dead");
    let ask = Ask {
        id,
        state: &state,
        lock: &lock,
        guarantees: Guarantees::default(),
        stale_from: None,
        reason,
        by,
        lately,
    };
    open(ask, &policy(1), now)
}

#[test]
fn one_person_opens_ten_requests_an_hour_and_others_six_for_a_state() {
    let by = |minutes: &[i64]| Lately { by_person: at(minutes), ..Lately::default() };
    let of = |minutes: &[i64]| Lately { of_state: at(minutes), ..Lately::default() };
    let ten = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
    let cases = [
        ("nothing yet", alice(), Lately::default(), 10, None),
        ("nine by her", alice(), by(&ten[..9]), 10, None),
        ("ten by her", alice(), by(&ten), 10, Some(Rejection::AskedTooOften(minute(60)))),
        (
            "just before the hour is over",
            alice(),
            by(&ten),
            59,
            Some(Rejection::AskedTooOften(minute(60))),
        ),
        ("when it is over", alice(), by(&ten), 60, None),
        ("ten by an approver", bob(), by(&ten), 10, Some(Rejection::AskedTooOften(minute(60)))),
        ("five for the state", alice(), of(&ten[..5]), 10, None),
        (
            "six for the state",
            alice(),
            of(&ten[..6]),
            10,
            Some(Rejection::StateAskedTooOften(minute(60))),
        ),
        ("seven", alice(), of(&ten[..7]), 10, Some(Rejection::StateAskedTooOften(minute(61)))),
        ("six, when it is over", alice(), of(&ten[..6]), 60, None),
        ("six for the state, an approver", bob(), of(&ten[..6]), 10, None),
    ];
    for (what, who, lately, now, refusal) in cases {
        assert_eq!(opened(&who, &lately, minute(now)).err(), refusal, "{what}");
    }
}

#[test]
fn the_approvers_are_called_once_an_hour_for_a_state_however_often_it_is_asked_about() {
    let mut lately = Lately::default();
    for (now, calls) in [(0, true), (1, false), (59, false), (60, true), (119, false), (500, true)]
    {
        let opened = opened(&bob(), &lately, minute(now)).unwrap();
        assert_eq!(opened.next.calls_approvers, calls, "{now}");
        lately = opened.openings.unwrap();
    }
    assert_eq!((lately.by_person.version, lately.of_state.version), (6, 6));
    assert_eq!(lately.by_person.opened.len(), 6);
}

#[test]
fn no_more_openings_are_remembered_than_the_limits_need() {
    let mut openings = Lately::default();
    for n in 0..50 {
        openings = openings.and_one(minute(n));
    }
    assert_eq!(openings.by_person.opened.len(), BY_A_PERSON);
    assert_eq!(openings.by_person.opened.last(), Some(&minute(49)));
    // The remembered openings are enough for both limits.
    const { assert!(OF_A_STATE <= BY_A_PERSON) };
}

#[test]
fn a_request_of_an_earlier_version_called_the_approvers() {
    let mut kept = serde_json::to_value(request_for(&row_alone())).unwrap();
    kept.as_object_mut().unwrap().remove("calls_approvers").unwrap();
    let read: UnlockRequest = serde_json::from_value(kept).unwrap();
    assert!(read.calls_approvers);
}
