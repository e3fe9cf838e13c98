//! Tables of records and the figures that they give.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::machines::pattern;
use super::*;
use crate::audit::{Draft, Tail};
use crate::lock::{LockState, State};
use crate::people::{EventId, RequestId};
use crate::watch::{Ending, Hold, HoldId, PastHold};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Three days, of which the last one is half over.
fn period() -> Period {
    Period::last(3, at("2026-11-23T12:00:00Z"))
}

fn state(name: &str) -> State {
    let path = format!("b/{name}");
    serde_json::from_value(json!({"name": name, "path": path, "backend": "main"})).unwrap()
}

fn hold(name: &str, who: &str, since: &str) -> Hold {
    Hold {
        id: HoldId::try_from("a".repeat(64)).unwrap(),
        state: state(name),
        who: Some(who.to_owned()),
        operation: Some("OperationTypeApply".to_owned()),
        lock_id: None,
        since: at(since),
        half: false,
        told_stale: false,
        was_whole: Some(true),
    }
}

fn past(name: &str, since: &str, until: &str) -> PastHold {
    let hold = hold(name, "ci@runner-1", since);
    PastHold { hold, ended_at: at(until), ending: Ending::Cleared }
}

fn forced(past: PastHold) -> PastHold {
    PastHold { ending: Ending::Unlocked { request: RequestId::of(EventId::new(1)) }, ..past }
}

fn by(who: &str, past: PastHold) -> PastHold {
    PastHold { hold: Hold { who: Some(who.to_owned()), ..past.hold }, ..past }
}

fn draft(action: Action, request: u64, when: &str) -> Draft {
    Draft {
        at: at(when),
        action,
        actor: None,
        request: RequestId::of(EventId::new(request)),
        state: state("a"),
        lock: LockState::Free,
        reason: (action == Action::Opened).then(|| "the runner died".to_owned()),
        detail: None,
    }
}

/// A tally of these records.
fn tally(past: &[PastHold], held: &[Hold], trail: &[Draft]) -> Tally {
    let mut tally = Tally::of(period());
    for past in past {
        tally.past(past);
    }
    for hold in held {
        tally.held(hold);
    }
    for entry in &Tail::default().append(trail) {
        tally.entry(entry);
    }
    tally
}

fn report(past: &[PastHold], held: &[Hold], trail: &[Draft]) -> LockReport {
    tally(past, held, trail).report(|path| Some(state(path.key()).name))
}

fn hours(report: &LockReport) -> Vec<i64> {
    report.days.iter().map(|day| day.held.num_hours()).collect()
}

#[test]
fn a_period_is_of_whole_days_and_ends_now() {
    assert_eq!(period().from, at("2026-11-21T00:00:00Z"));
    assert_eq!(period().days().count(), 3);
    assert_eq!(Period::last(1, at("2026-11-23T00:00:00Z")).days().count(), 1);
    assert_eq!(Period::last(90, at("2026-03-30T23:59:59Z")).days().count(), 90);
    assert!(period().has(at("2026-11-21T00:00:00Z")) && period().has(period().to));
    assert!(!period().has(at("2026-11-20T23:59:59Z")) && !period().has(at("2026-11-23T12:00:01Z")));
}

#[test]
fn a_hold_counts_with_what_of_it_is_in_the_period_and_on_each_of_its_days() {
    let past = [
        past("a", "2026-11-20T20:00:00Z", "2026-11-21T02:00:00Z"),
        past("a", "2026-11-21T22:00:00Z", "2026-11-22T01:00:00Z"),
        // Both are outside.
        past("a", "2026-11-19T22:00:00Z", "2026-11-20T01:00:00Z"),
        past("a", "2026-11-23T13:00:00Z", "2026-11-23T14:00:00Z"),
    ];
    let report = report(&past, &[hold("b", "x@y", "2026-11-23T07:00:00Z")], &[]);
    assert_eq!(hours(&report), [4, 1, 5]);
    let of = |at: usize| &report.states[at];
    let names: Vec<&str> = report.states.iter().map(|it| it.state.shown()).collect();
    assert_eq!(names, ["a", "b"], "tied for the time, the first name comes first");
    assert_eq!((of(0).figures.holds, of(0).figures.held_now), (2, 0));
    assert_eq!(of(0).figures.held, TimeDelta::hours(5));
    assert_eq!(of(0).figures.longest, TimeDelta::hours(6), "its whole length");
    assert_eq!((of(1).figures.holds, of(1).figures.held_now), (0, 1));
    assert_eq!(report.total.held, TimeDelta::hours(10));
    assert_eq!(report.longest_holds[0].length, TimeDelta::hours(6));
    assert_eq!(report.longest_holds[1].ended_at, None, "the one that lasts");
}

#[test]
fn absurd_times_in_records_do_no_harm() {
    let ages = past("a", "0001-01-01T00:00:00Z", "2026-11-22T00:00:00Z");
    let backwards = past("a", "2026-11-22T05:00:00Z", "2026-11-22T04:00:00Z");
    let future = hold("a", "x@y", "9999-01-01T00:00:00Z");
    let report = report(&[ages, backwards], &[future], &[]);
    assert_eq!(hours(&report), [24, 0, 0]);
    assert_eq!(report.total.holds, 2);
}

#[test]
fn only_the_longest_few_are_kept() {
    let many: Vec<PastHold> = (10..22)
        .map(|hour| past("a", "2026-11-22T09:00:00Z", &format!("2026-11-22T{hour}:00:00Z")))
        .collect();
    let report = report(&many, &[], &[]);
    let lengths: Vec<i64> = report.longest_holds.iter().map(|it| it.length.num_hours()).collect();
    assert_eq!(lengths, [12, 11, 10, 9, 8]);
}

#[test]
fn a_request_waits_from_its_opening_to_its_end() {
    let report = report(
        &[],
        &[],
        &[
            draft(Action::Opened, 1, "2026-11-20T23:50:00Z"),
            draft(Action::Approved, 1, "2026-11-21T00:10:00Z"),
            draft(Action::UnlockDone, 1, "2026-11-21T00:10:00Z"),
            draft(Action::Opened, 2, "2026-11-22T10:00:00Z"),
            draft(Action::Denied, 2, "2026-11-22T10:05:00Z"),
            // It ended before the period.
            draft(Action::Opened, 3, "2026-11-19T10:00:00Z"),
            draft(Action::Expired, 3, "2026-11-19T10:30:00Z"),
            // It is open.
            draft(Action::Opened, 4, "2026-11-23T11:00:00Z"),
            // Its opening is not there.
            draft(Action::Withdrawn, 5, "2026-11-23T11:00:00Z"),
        ],
    );
    assert_eq!(report.total.requests, 3);
    assert_eq!(report.total.waited, TimeDelta::minutes(25));
    assert_eq!((report.total.forced, report.forced.len()), (1, 1));
    assert_eq!(report.forced[0].reason.as_deref(), Some("the runner died"));
    assert_eq!(report.forced[0].held, None, "the record has no time");
    let ends: Vec<(&str, usize)> =
        report.outcomes.iter().map(|(end, times)| (end.as_str(), *times)).collect();
    assert_eq!(ends, [("request.denied", 1), ("request.withdrawn", 1), ("unlock.done", 1)]);
    assert_eq!(report.open_requests, 1);
    assert_eq!(report.longest_waits.len(), 2);
    assert_eq!(report.gaps.without_opening, 1);
    assert_eq!(report.days[0].forced, 1);
}

#[test]
fn what_is_not_understood_is_counted_and_left_out() {
    let mut tally = tally(&[], &[], &[]);
    tally.not_understood(2);
    for fields in [
        json!({"path": "b/a", "at": "soon", "action": "request.opened", "request": "1"}),
        json!({"path": "b/a", "at": "2026-11-22T00:00:00Z", "action": "request.paused", "request": "1"}),
        json!({"path": "b/a", "at": "2026-11-22T00:00:00Z", "action": "request.denied"}),
        json!({"path": "", "at": "2026-11-22T00:00:00Z", "action": "request.denied", "request": "1"}),
    ] {
        let serde_json::Value::Object(fields) = fields else { panic!("no object") };
        tally.entry(&crate::audit::Entry::read(fields));
    }
    let report = tally.report(|_| None);
    assert_eq!(report.gaps.not_understood, 6);
    assert_eq!(report.total, Figures::default());
}

#[test]
fn days_without_a_record_are_counted_and_not_called_free() {
    let empty = report(&[], &[], &[]);
    assert_eq!((empty.gaps.silent_days, empty.gaps.first_record), (3, None));
    let past = [past("a", "2026-11-22T10:00:00Z", "2026-11-22T10:00:00Z")];
    let one = report(&past, &[], &[draft(Action::Opened, 1, "2026-11-23T11:00:00Z")]);
    assert_eq!(one.gaps.silent_days, 1, "a hold of no length and an entry are records");
    assert_eq!(one.gaps.first_record, Some(at("2026-11-22T10:00:00Z")));
}

#[test]
fn a_state_whose_bucket_nobody_serves_goes_by_its_path() {
    let past = [past("a", "2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z")];
    let report = tally(&past, &[], &[]).report(|_| None);
    assert_eq!((report.states[0].state.shown(), report.gaps.not_served), ("b/a", 1));
}

#[test]
fn a_machine_is_named_by_a_pattern_and_only_if_there_are_several() {
    let one = || past("a", "2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z");
    let mut stale = one();
    stale.hold.told_stale = true;
    let unknown = PastHold { hold: Hold { who: None, ..one().hold }, ..one() };
    let past = [
        by("mira@ci-runner-04", forced(one())),
        by("sam@ci-runner-05", stale.clone()),
        by("sam@ci-runner-05", one()),
        by("mira@mira-macbook", stale),
        by("sam@laptop", one()),
        unknown,
    ];
    let machines = report(&past, &[], &[]).machines;
    let figures: Vec<_> =
        machines.into_iter().map(|it| (it.machine, it.holds, it.forced, it.stale)).collect();
    let named = |pattern: &str| Machine::Named(pattern.to_owned());
    assert_eq!(
        figures,
        [(named("ci-runner-*"), 3, 1, 1), (Machine::Single, 2, 0, 1), (Machine::NotKnown, 1, 0, 0)]
    );
}

#[test]
fn numbers_and_made_up_parts_of_a_machine_become_stars() {
    for (host, expected) in [
        ("ci-runner-04", "ci-runner-*"),
        ("CI-Runner-5", "ci-runner-*"),
        ("runner-7f9c4d-x2v9k", "runner-*"),
        ("runner-7f9c4d-bcdfg", "runner-*"),
        ("ip-10-0-3-4.ec2.internal", "ip-*.ec*.internal"),
        ("build7.example.com", "build*.example.com"),
        ("laptop", "laptop"),
        ("4", "*"),
        ("a--b", "a--b"),
        ("", ""),
        ("é-1", "é-*"),
    ] {
        assert_eq!(pattern(host), expected, "{host}");
    }
}

#[test]
fn a_report_that_is_made_late_is_as_if_it_had_been_made_in_time() {
    let mut tally = Tally::of(period());
    // It went on at the end of the period, and has ended since.
    tally.past(&past("a", "2026-11-23T11:00:00Z", "2026-11-23T20:00:00Z"));
    // These began later.
    tally.past(&past("b", "2026-11-23T13:00:00Z", "2026-11-23T20:00:00Z"));
    tally.held(&hold("c", "ci@runner-1", "2026-11-23T13:00:00Z"));
    let report = tally.report(|_| None);
    let figures = |of: &StateFigures| (of.state.path.clone(), of.figures.held_now, of.figures.held);
    let states: Vec<_> = report.states.iter().map(figures).collect();
    assert_eq!(states, [(state("a").path, 1, TimeDelta::hours(1))]);
}

#[test]
fn a_period_that_ends_at_midnight_has_nothing_of_the_next_day() {
    let (from, to) = (at("2026-11-16T00:00:00Z"), at("2026-11-23T00:00:00Z"));
    assert_eq!(Period { from, to }.days().count(), 7);
    assert_eq!(Period { from, to: from }.days().count(), 1);
    assert_eq!(Period { from, to: to + TimeDelta::seconds(1) }.days().count(), 8);
}
