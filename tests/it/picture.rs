//! Pictures that the program draws, and the samples of them in docs/pictures/drawn.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use locktender::lock::State;
use locktender::message::Picture;
use locktender::picture::drawn;
use locktender::watch::{Current, Ending, Hold, HoldRecords, PastHold, Timeline};
use locktender::words::picture::{description, file_name};
use resvg::tiny_skia::Pixmap;
use serde_json::json;

/// Set it to write the samples instead of comparing them.
const WRITE: &str = "LOCKTENDER_WRITE_PICTURES";

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn hold(since: DateTime<Utc>, stale: bool) -> Hold {
    let state: State = serde_json::from_value(
        json!({"name": "env/prod", "path": "states/env/prod/terraform.tfstate", "backend": "main"}),
    )
    .unwrap();
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
