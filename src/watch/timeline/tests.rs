//! Tables of holds and the pieces that a picture shows of them.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::lock::State;
use crate::people::{EventId, RequestId};
use crate::watch::HoldId;

const NOW: &str = "2026-11-28T12:30:00Z";

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn state() -> State {
    let state = json!({"name": "env/prod", "path": "b/env/prod", "backend": "main"});
    serde_json::from_value(state).unwrap()
}

fn hold(since: DateTime<Utc>) -> Hold {
    Hold {
        id: HoldId::try_from("a".repeat(64)).unwrap(),
        state: state(),
        who: None,
        operation: None,
        lock_id: None,
        since,
        half: false,
        told_stale: false,
        was_whole: None,
    }
}

fn past(since: &str, until: &str) -> PastHold {
    PastHold { hold: hold(at(since)), ended_at: at(until), ending: Ending::Cleared }
}

fn timeline(past: Vec<PastHold>) -> Option<Timeline> {
    let records = HoldRecords { past, current: Current::Free, ..HoldRecords::default() };
    Timeline::of(state().name, at(NOW), &records)
}

/// The pieces of a hold: `30: 03:00 to 24:00`, with the days from 0.
fn pieces(since: &str, until: &str) -> Vec<String> {
    let other = || past("2026-11-01T00:00:00Z", "2026-11-01T01:00:00Z");
    let timeline = timeline(vec![past(since, until), other(), other()]).unwrap();
    let it = timeline.stretches.iter().find(|it| it.until == at(until).min(at(NOW)));
    let Some(it) = it else { return Vec::new() };
    let clock = |time: TimeDelta| format!("{:02}:{:02}", time.num_hours(), time.num_minutes() % 60);
    let said = |it: Piece| format!("{}: {} to {}", it.day, clock(it.from), clock(it.to));
    timeline.pieces(it).map(said).collect()
}

#[test]
fn a_hold_has_a_piece_on_each_of_its_days() {
    for (since, until, expected) in [
        ("2026-11-12T03:10:00Z", "2026-11-12T03:20:00Z", &["13: 03:10 to 03:20"][..]),
        (
            "2026-11-12T23:00:00Z",
            "2026-11-14T01:00:00Z",
            &["13: 23:00 to 24:00", "14: 00:00 to 24:00", "15: 00:00 to 01:00"],
        ),
        // It ends at midnight, and it begins at midnight.
        ("2026-11-12T23:00:00Z", "2026-11-13T00:00:00Z", &["13: 23:00 to 24:00"]),
        ("2026-11-12T00:00:00Z", "2026-11-12T01:00:00Z", &["13: 00:00 to 01:00"]),
        // It has no length.
        ("2026-11-12T03:10:00Z", "2026-11-12T03:10:00Z", &["13: 03:10 to 03:10"]),
        ("2026-11-12T00:00:00Z", "2026-11-12T00:00:00Z", &["13: 00:00 to 00:00"]),
        // It began before the period, or in the year 1.
        ("2026-10-29T20:00:00Z", "2026-10-30T02:00:00Z", &["0: 00:00 to 02:00"]),
        ("0001-01-01T00:00:00Z", "2026-10-30T02:00:00Z", &["0: 00:00 to 02:00"]),
        // It ended before the period, or begins after it.
        ("2026-10-29T20:00:00Z", "2026-10-29T21:00:00Z", &[]),
        // The clock of its holder is ahead.
        ("2026-11-12T05:00:00Z", "2026-11-12T04:00:00Z", &["13: 04:00 to 04:00"]),
        // The clock of the replica that saw its end is ahead.
        ("2026-11-28T12:00:00Z", "2026-11-28T13:00:00Z", &["29: 12:00 to 12:30"]),
        ("9999-01-01T00:00:00Z", "9999-01-01T01:00:00Z", &["29: 12:30 to 12:30"]),
    ] {
        assert_eq!(pieces(since, until), expected, "{since} to {until}");
    }
}

#[test]
fn a_hold_that_is_longer_than_the_period_fills_it() {
    let whole = pieces("2026-01-01T00:00:00Z", "2026-11-28T12:00:00Z");
    assert_eq!((whole.len(), &*whole[29]), (30, "29: 00:00 to 12:00"));
    assert!(whole[..29].iter().all(|piece| piece.ends_with("00:00 to 24:00")), "{whole:?}");
}

#[test]
fn fewer_than_two_holds_make_no_picture() {
    let one = || past("2026-11-12T03:10:00Z", "2026-11-12T03:20:00Z");
    assert_eq!(timeline(vec![]), None);
    assert_eq!(timeline(vec![one(), past("2026-10-01T00:00:00Z", "2026-10-01T01:00:00Z")]), None);
    assert!(timeline(vec![one(), one()]).is_some());
    let current = Current::Held(Box::new(hold(at("2026-11-28T12:00:00Z"))));
    let records = HoldRecords { past: vec![one()], current, ..HoldRecords::default() };
    let timeline = Timeline::of(state().name, at(NOW), &records).unwrap();
    assert_eq!(timeline.stretches[1].end, StretchEnd::Lasts);
    assert_eq!(timeline.stretches[1].length(), TimeDelta::minutes(30));
    assert!(timeline.is_present_known);
}

#[test]
fn the_time_before_the_first_record_is_not_called_free() {
    let all = |first: &str| {
        vec![
            past(first, "2026-11-12T03:20:00Z"),
            past("2026-11-20T00:00:00Z", "2026-11-20T01:00:00Z"),
        ]
    };
    let first = at("2026-11-12T03:10:00Z");
    let unknown = timeline(all("2026-11-12T03:10:00Z")).unwrap().unknown;
    assert_eq!(unknown, Some(Unknown { until: first, why: WhyUnknown::NotRecorded }));
    // An older hold shows that the bot was there.
    let mut older = all("2026-11-12T03:10:00Z");
    older.push(past("2026-09-01T00:00:00Z", "2026-09-01T01:00:00Z"));
    assert_eq!(timeline(older.clone()).unwrap().unknown, None);
    let records = |past| HoldRecords { past, has_more: true, ..HoldRecords::default() };
    let of = |past| Timeline::of(state().name, at(NOW), &records(past)).unwrap();
    assert_eq!(of(older).unknown, None);
    let cut = of(all("2026-11-12T03:10:00Z"));
    assert_eq!(cut.unknown, Some(Unknown { until: first, why: WhyUnknown::NotRead }));
    assert!(!cut.is_present_known, "nothing was read of it");
    let days: Vec<usize> = cut.unknown_pieces().map(|piece| piece.day).collect();
    assert_eq!(days, (0..=13).collect::<Vec<_>>());
}

#[test]
fn the_longest_holds_stand_out_and_those_that_looked_stale() {
    let mut holds: Vec<PastHold> = (1..9)
        .map(|hours| past("2026-11-12T00:00:00Z", &format!("2026-11-12T0{hours}:00:00Z")))
        .collect();
    let lengths = |holds: &[PastHold]| -> Vec<i64> {
        let out = timeline(holds.to_vec()).unwrap().standing_out();
        out.iter().map(|it| it.length().num_minutes()).collect()
    };
    assert_eq!(lengths(&holds), [480, 420, 360]);
    let short = || past("2026-11-13T00:00:00Z", "2026-11-13T00:50:00Z");
    holds = vec![short(), short()];
    assert_eq!(lengths(&holds), Vec::<i64>::new());
    holds[0].hold.told_stale = true;
    assert_eq!(lengths(&holds), [50]);
}

#[test]
fn each_end_is_counted() {
    let mut forced = past("2026-11-12T03:10:00Z", "2026-11-12T03:20:00Z");
    forced.ending = Ending::Unlocked { request: RequestId::of(EventId::new(1)) };
    let mut changed = forced.clone();
    changed.ending = Ending::ChangedHands;
    let timeline = timeline(vec![forced, changed]).unwrap();
    let ends =
        [StretchEnd::Forced, StretchEnd::ChangedHands, StretchEnd::Cleared, StretchEnd::Lasts];
    assert_eq!(ends.map(|end| timeline.count(end)), [1, 1, 0, 0]);
}

#[test]
fn ten_thousand_holds_are_no_trouble() {
    let start = at("2026-10-01T00:00:00Z");
    let minute = |n: i64| start + TimeDelta::minutes(n * 8);
    let past = (0..10_000)
        .map(|n| PastHold {
            hold: hold(minute(n)),
            ended_at: minute(n) + TimeDelta::minutes(5),
            ending: Ending::Cleared,
        })
        .collect();
    let timeline = timeline(past).unwrap();
    let pieces: usize = timeline.stretches.iter().map(|it| timeline.pieces(it).count()).sum();
    assert!(pieces >= timeline.stretches.len() && pieces <= timeline.stretches.len() + 30);
    assert_eq!(timeline.unknown, None);
}

proptest! {
    #[test]
    fn whatever_the_times_the_pieces_are_those_of_the_period(
        times in prop::collection::vec((-9_000_000_i64..9_000_000, -9_000_000_i64..9_000_000), 0..20),
        has_more: bool,
        current: Option<i64>,
    ) {
        let now = at(NOW);
        // Some are days away, and some thousands of years.
        let moment = |n: i64| now + TimeDelta::seconds(if n % 5 == 0 { n * 10_000 } else { n });
        let past = times.iter().map(|(since, until)| PastHold {
            hold: hold(moment(*since)), ended_at: moment(*until), ending: Ending::Cleared,
        });
        let current = match current {
            Some(n) => Current::Held(Box::new(hold(moment(n % 9_000_000)))),
            None => Current::NotKnown,
        };
        let records = HoldRecords { past: past.collect(), has_more, not_understood: 0, current };
        let Some(timeline) = Timeline::of(state().name, now, &records) else { return Ok(()) };
        for stretch in &timeline.stretches {
            let pieces: Vec<Piece> = timeline.pieces(stretch).collect();
            prop_assert!(!pieces.is_empty(), "{stretch:?}");
            let sum: TimeDelta = pieces.iter().map(|piece| piece.to - piece.from).sum();
            prop_assert_eq!(sum, timeline.period.part(stretch.since, stretch.until));
            for pair in pieces.windows(2) {
                prop_assert_eq!(pair[0].day + 1, pair[1].day);
                prop_assert_eq!((pair[0].to, pair[1].from), (TimeDelta::days(1), TimeDelta::zero()));
            }
        }
        let most = timeline.days().map(|day| (day.day, day.to)).collect::<std::collections::BTreeMap<_, _>>();
        for piece in timeline.stretches.iter().flat_map(|it| timeline.pieces(it)).chain(timeline.unknown_pieces()) {
            prop_assert!(TimeDelta::zero() <= piece.from && piece.from <= piece.to);
            prop_assert!(most.get(&piece.day).is_some_and(|end| piece.to <= *end), "{piece:?}");
        }
    }
}
