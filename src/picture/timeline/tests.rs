//! Whatever the holds and the name, the picture is one.

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use resvg::tiny_skia::Pixmap;
use roxmltree::Document;
use serde_json::json;

use super::*;
use crate::lock::{State, StateName};
use crate::picture::{SCALE, png};
use crate::watch::{Current, Ending, Hold, HoldRecords, PastHold};

fn now() -> DateTime<Utc> {
    "2026-11-28T12:30:00Z".parse().unwrap()
}

fn state(name: &str) -> State {
    let state = json!({"name": name, "path": "b/env/prod", "backend": "main"});
    serde_json::from_value(state).unwrap()
}

fn hold(since: DateTime<Utc>, told_stale: bool) -> Hold {
    let hold = json!({"id": "a".repeat(64), "state": state("env/prod"), "since": since, "told_stale": told_stale});
    serde_json::from_value(hold).unwrap()
}

/// A hold of these minutes that began so many minutes ago.
fn past(ago: i64, minutes: i64, ending: Ending, told_stale: bool) -> PastHold {
    let since = now() - TimeDelta::minutes(ago);
    PastHold {
        hold: hold(since, told_stale),
        ended_at: since + TimeDelta::minutes(minutes),
        ending,
    }
}

fn drawn(name: &str, records: &HoldRecords) -> String {
    let name: StateName = state(name).name;
    timeline_svg(&Timeline::of(name, now(), records).unwrap())
}

fn two() -> HoldRecords {
    let past =
        vec![past(900, 20, Ending::Cleared, false), past(600, 90, Ending::ChangedHands, true)];
    HoldRecords { past, current: Current::Free, ..HoldRecords::default() }
}

/// The sizes of a picture in pixels.
fn pixels(svg: &str) -> (u32, u32) {
    let pixels = Pixmap::decode_png(&png(svg).unwrap()).unwrap();
    (pixels.width(), pixels.height())
}

#[test]
fn a_hostile_name_is_a_text_and_the_picture_stays_one() {
    for name in [
        "env/<script>alert(1)</script>",
        "&amp;&lt;]]>--><!--",
        "<image href=\"file:///etc/passwd\"/>",
        "\u{0}\u{1b}[2J\r\n\t\u{7f}\u{ffff}\u{fffe}",
        "\u{202e}dorp/vne\u{2066}",
        "🔒🔥👩‍👩‍👧‍👦",
        "שלום/مرحبا",
        "a\u{301}\u{302}\u{303}\u{304}",
        &"W".repeat(1_024),
        &"🔒".repeat(256),
        "",
    ] {
        let svg = drawn(name, &two());
        let document = Document::parse(&svg).unwrap();
        let tags = ["svg", "title", "rect", "text", "line", "polygon", "pattern"];
        let odd = document
            .descendants()
            .find(|it| it.is_element() && !tags.contains(&it.tag_name().name()));
        assert!(odd.is_none(), "{name:?}: {odd:?}");
        let (width, height) = pixels(&svg);
        assert_eq!(i64::from(width), WIDTH * i64::from(SCALE), "{name:?}");
        assert!((700..1_100).contains(&height), "{name:?}: {height}");
    }
}

#[test]
fn each_mark_has_a_shape_of_its_own_and_is_explained() {
    let all = HoldRecords {
        past: vec![
            past(9_000, 60, Ending::Unlocked { request: "7".parse().unwrap() }, false),
            past(8_000, 300, Ending::ChangedHands, true),
            past(7_000, 5, Ending::Cleared, false),
        ],
        has_more: false,
        not_understood: 2,
        current: Current::Held(Box::new(hold(now() - TimeDelta::minutes(30), false))),
    };
    let svg = drawn("env/prod", &all);
    let document = Document::parse(&svg).unwrap();
    let texts: Vec<&str> = document
        .descendants()
        .filter(|it| it.has_tag_name("text"))
        .filter_map(|it| it.text())
        .collect();
    insta::assert_snapshot!(texts.join("\n"));
    // A diamond and a triangle, each once in the picture and once in the legend.
    let corners = |count: usize| {
        let polygons = document.descendants().filter(|it| it.has_tag_name("polygon"));
        polygons.filter(|it| it.attribute("points").unwrap().split(' ').count() == count).count()
    };
    assert_eq!((corners(4), corners(3)), (2, 2));
    assert!(pixels(&svg).1 > 700);
}

#[test]
fn what_is_not_known_is_striped_and_what_is_to_come_is_empty() {
    let svg = drawn("env/prod", &two());
    let document = Document::parse(&svg).unwrap();
    let rects: Vec<_> = document.descendants().filter(|it| it.has_tag_name("rect")).collect();
    let filled = |fill: &str| rects.iter().filter(|it| it.attribute("fill") == Some(fill)).count();
    // All days but the last one, the first part of the last but one, and one in the legend.
    assert_eq!(filled(&format!("url(#{UNKNOWN})")), 30);
    let number =
        |it: &roxmltree::Node<'_, '_>, name| it.attribute(name).unwrap().parse::<i64>().unwrap();
    let today = rects.iter().rfind(|it| it.attribute("fill") == Some(DAY)).unwrap();
    assert_eq!((number(today, "x"), number(today, "height")), (column(29), 125), "12 h 30 min");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn bars_stay_in_the_grid(
        holds in prop::collection::vec((-2_000_i64..60_000, -2_000_i64..60_000, any::<bool>()), 2..40),
        name in ".{0,40}",
    ) {
        let past = holds.iter().map(|(ago, long, stale)| past(*ago, *long, Ending::Cleared, *stale));
        let records = HoldRecords { past: past.collect(), current: Current::Free, ..HoldRecords::default() };
        let Some(timeline) = Timeline::of(state(&name).name, now(), &records) else { return Ok(()) };
        let svg = timeline_svg(&timeline);
        let document = Document::parse(&svg).unwrap();
        for bar in document.descendants().filter(|it| it.has_tag_name("rect")) {
            // The stripes are defined by rectangles too.
            if bar.parent().is_some_and(|it| it.has_tag_name("pattern")) {
                continue;
            }
            let fill = bar.attribute("fill").unwrap();
            let number = |name| bar.attribute(name).map_or(0, |it| it.parse::<i64>().unwrap());
            let (x, y, high) = (number("x"), number("y"), number("height"));
            prop_assert!(high >= 0 && number("width") > 0);
            if (fill == HELD || fill == STALE) && y < TOP + HEIGHT {
                prop_assert!(x >= LEFT && x < column(30) && y >= TOP && y + high <= TOP + HEIGHT, "{svg}");
                prop_assert!(high >= LOWEST);
            }
        }
    }
}
