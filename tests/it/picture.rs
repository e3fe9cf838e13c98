//! Pictures that the program draws, and the samples of them in docs/pictures/drawn.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use locktender::audit::{Action, Draft, Tail};
use locktender::lock::{LockState, State};
use locktender::message::Picture;
use locktender::picture::drawn;
use locktender::watch::{
    Current, Ending, Hold, HoldRecords, PastHold, Period, Tally, Timeline, WEEK,
};
use locktender::words::picture::{description, file_name};
use resvg::tiny_skia::Pixmap;
use serde_json::json;

/// Set it to write the samples instead of comparing them.
const WRITE: &str = "LOCKTENDER_WRITE_PICTURES";

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn state(name: &str) -> State {
    let path = format!("states/{name}/terraform.tfstate");
    serde_json::from_value(json!({"name": name, "path": path, "backend": "main"})).unwrap()
}

fn hold(since: DateTime<Utc>, stale: bool) -> Hold {
    let state = state("env/prod");
    let hold = json!({"id": "a".repeat(64), "state": state, "since": since, "told_stale": stale});
    serde_json::from_value(hold).unwrap()
}

fn past(since: &str, minutes: i64, ending: Ending, stale: bool) -> PastHold {
    let since = at(since);
    let hold = hold(since, stale);
    PastHold { hold, ended_at: since + TimeDelta::minutes(minutes), ending }
}

/// A month of `env/prod`: some applies a day, two locks that were left behind, and one that is held now.
fn month() -> Picture {
    let now = at("2026-11-28T14:20:00Z");
    let mut all = Vec::new();
    for day in 3..30_i64 {
        let midnight = at("2026-10-30T00:00:00Z") + TimeDelta::days(day);
        let is_weekend = [1, 2, 8, 9, 15, 16, 22, 23, 29].contains(&day);
        for n in 0..(if is_weekend { 0 } else { 1 + day % 3 }) {
            let since = midnight + TimeDelta::minutes(8 * 60 + 47 * ((day * 5 + n * 4) % 13));
            let length = TimeDelta::minutes(6 + (day * 7 + n * 11) % 9);
            if since + length < now {
                let hold = hold(since, false);
                all.push(PastHold { hold, ended_at: since + length, ending: Ending::Cleared });
            }
        }
    }
    let forced = || Ending::Unlocked { request: "1".parse().unwrap() };
    all.push(past("2026-11-10T03:07:00Z", 412, forced(), true));
    all.push(past("2026-11-19T19:30:00Z", 830, forced(), true));
    all.push(past("2026-11-24T12:10:00Z", 75, Ending::Cleared, false));
    all.push(past("2026-11-13T15:40:00Z", 31, Ending::ChangedHands, false));
    let current = Current::Held(Box::new(hold(now - TimeDelta::minutes(58), false)));
    let records = HoldRecords { past: all, has_more: false, not_understood: 0, current };
    let state = hold(now, false).state;
    Picture::Timeline(Box::new(Timeline::of(state.name, now, &records).unwrap()))
}

/// A week of some states, with a lock that was left behind.
fn week() -> Picture {
    let to = at("2026-11-23T09:00:00Z");
    let mut tally = Tally::of(Period { from: to - WEEK, to });
    let names = ["env/prod", "env/staging", "network/hub", "team/payments/db", "dns"];
    for (n, name) in (1..).zip(names) {
        for day in (0..7).filter(|day| day % n == 0) {
            let since = to - WEEK + TimeDelta::hours(24 * day + 2 * n);
            let hold = Hold { state: state(name), ..hold(since, false) };
            let ended_at = since + TimeDelta::minutes(7 * n + day);
            tally.past(&PastHold { hold, ended_at, ending: Ending::Cleared });
        }
    }
    let ended_at = at("2026-11-20T08:20:00Z");
    let ending = Ending::Unlocked { request: "1".parse().unwrap() };
    tally.past(&PastHold { hold: hold(ended_at - TimeDelta::hours(13), true), ended_at, ending });
    let draft = |action, at| Draft {
        at,
        action,
        actor: None,
        request: "1".parse().unwrap(),
        state: state("env/prod"),
        lock: LockState::Free,
        reason: Some("the runner died".to_owned()),
        detail: None,
    };
    let opened = draft(Action::Opened, ended_at - TimeDelta::minutes(12));
    for entry in &Tail::default().append(&[opened, draft(Action::UnlockDone, ended_at)]) {
        tally.entry(entry);
    }
    let named = |path: &locktender::lock::StatePath| {
        let names = names.into_iter().map(state);
        names.clone().find(|it| it.path == *path).map(|it| it.name)
    };
    Picture::Week { report: Box::new(tally.report(named).shortened()), not_read: Vec::new() }
}

/// Asserts that a sample is what the program draws. On another processor, a colour may differ by a shade.
fn assert_is_sample(picture: &Picture) {
    let name = file_name(picture);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pictures/drawn");
    let png = drawn(picture).unwrap();
    if std::env::var_os(WRITE).is_some() {
        return std::fs::write(folder.join(name), png).unwrap();
    }
    let kept = std::fs::read(folder.join(name)).unwrap();
    let [kept, png] = [kept, png].map(|bytes| Pixmap::decode_png(&bytes).unwrap());
    assert_eq!((kept.width(), kept.height()), (png.width(), png.height()));
    let furthest = kept.data().iter().zip(png.data()).map(|(a, b)| a.abs_diff(*b)).max();
    assert!(
        furthest <= Some(2),
        "docs/pictures/drawn/{name} is not what the program draws. If that is meant: \
         {WRITE}=1 cargo test --test it picture::"
    );
}

#[test]
fn the_sample_of_a_month_is_what_the_program_draws() {
    let month = month();
    assert_is_sample(&month);
    insta::assert_snapshot!(description(&month), @"env/prod. Holds from Oct 30 to Nov 28, by day and hour (UTC): 44 holds, 2 forced unlocks, 1 changed hands, held now for 58 min. The longest: 13 h 50 min from Nov 19 19:30, looked stale, forced unlock; 6 h 52 min from Nov 10 03:07, looked stale, forced unlock; 1 h 15 min from Nov 24 12:10. Nothing is recorded before Nov 2. The bot may not have been there.");
}

#[test]
fn the_sample_of_a_week_is_what_the_program_draws() {
    let week = week();
    assert_is_sample(&week);
    insta::assert_snapshot!(description(&week), @"State locks in the last 7 days, from 2026-11-16 09:00 to 2026-11-23 09:00 UTC. 19 holds ended. Together they held locks for 18 h 45 min. 1 request ended: 1 unlocked. Held longest: env/prod, 14 h 10 min, 1 forced unlock; dns, 1 h 15 min; network/hub, 1 h 12 min.");
}
