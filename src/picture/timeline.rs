//! The holds of a state as a picture: a column for each day, from midnight down to midnight.
//!
//! So a lock that is left behind at night is seen at once. It is made for a phone: few words, in large letters.

use chrono::TimeDelta;

use super::svg::{Anchor, FORCED, HELD, INK, LINE, Lettering, PALE, Svg};
use crate::watch::{Piece, Stretch, StretchEnd, Timeline};
use crate::words::timeline as words;

const WIDTH: i64 = 560;
const MARGIN: i64 = 20;

/// The place of the columns.
const LEFT: i64 = 62;
const TOP: i64 = 100;
const STEP: i64 = 16;
/// The height of a day, 10 for an hour.
const HEIGHT: i64 = 240;

/// The widths of bars. One that looked stale is wider, so that it is not told by colour alone.
const BAR: i64 = 8;
const STALE_BAR: i64 = 14;
/// A short hold is drawn this high, so that it can be seen.
const LOWEST: i64 = 3;

/// The room of an item of the legend, and how many are beside each other.
const ITEM: i64 = 176;
const ITEMS: usize = 3;
const ROW: i64 = 24;

const TITLE: Lettering = Lettering::of(24).bold();
const PLAIN: Lettering = Lettering::of(16);
const SMALL: Lettering = Lettering::of(14);
const LABEL: Lettering = Lettering::of(14).bold();

/// The ground of a day that was, and the bars that looked stale.
const DAY: &str = "#eaeef2";
const STALE: &str = "#182c66";
/// Names of the stripes.
const UNKNOWN: &str = "unknown";
const LASTS: &str = "lasts";
const STALE_LASTS: &str = "stale-lasts";

/// The timeline as an SVG picture.
#[must_use]
pub fn timeline_svg(timeline: &Timeline) -> String {
    let mut svg = Svg::default();
    svg.stripes(UNKNOWN, "#ffffff", "#c4ccd4", 2);
    svg.stripes(LASTS, "#ffffff", HELD, 4);
    svg.stripes(STALE_LASTS, "#ffffff", STALE, 4);
    svg.text((MARGIN, 36), TITLE, &words::title(timeline));
    svg.text((MARGIN, 60), PLAIN, &words::period(timeline));
    svg.text((MARGIN, 82), PLAIN, &words::summary(timeline));
    ground(&mut svg, timeline);
    for stretch in &timeline.stretches {
        for piece in timeline.pieces(stretch) {
            bar(&mut svg, stretch, piece);
        }
    }
    marks(&mut svg, timeline);
    labels(&mut svg, timeline);
    let y = legend(&mut svg, timeline, TOP + HEIGHT + 52);
    let y = std::iter::once(words::BLANK.to_owned()).chain(words::gaps(timeline)).fold(
        y,
        |y, sentence| {
            svg.text((MARGIN, y), SMALL, &sentence);
            y + 20
        },
    );
    svg.finish((WIDTH, y), &words::description(timeline))
}

/// The days with their axes. What is not known has stripes, and what is to come has nothing.
fn ground(svg: &mut Svg, timeline: &Timeline) {
    let fill = |svg: &mut Svg, piece: Piece, width: i64, fill: &str| {
        let (x, y) = (column(piece.day), height(piece.from));
        svg.rect((x, TOP + y), (width, height(piece.to) - y), fill);
    };
    timeline.days().for_each(|day| fill(svg, day, STEP - 1, DAY));
    timeline.unknown_pieces().for_each(|piece| fill(svg, piece, STEP, &format!("url(#{UNKNOWN})")));
    let last = timeline.days().last().map_or(0, |day| day.day);
    for hour in [0, 6, 12, 18, 24] {
        let y = TOP + height(TimeDelta::hours(hour));
        svg.line((LEFT, y), (column(last + 1), y), LINE);
        let end = SMALL.anchored(Anchor::End);
        svg.text((LEFT - 8, y + 5), end, &format!("{hour:02}:00"));
    }
    for (day, at) in timeline.period.days().enumerate() {
        if (last - day).is_multiple_of(7) {
            let (x, y) = (column(day) + STEP / 2, TOP + HEIGHT);
            svg.line((x, y), (x, y + 5), PALE);
            let midnight = at.and_time(chrono::NaiveTime::MIN).and_utc();
            let middle = x.min(WIDTH - 28);
            svg.text((middle, y + 21), SMALL.anchored(Anchor::Middle), &words::day(midnight));
        }
    }
}

fn bar(svg: &mut Svg, stretch: &Stretch, piece: Piece) {
    let width = if stretch.looked_stale { STALE_BAR } else { BAR };
    let high = (height(piece.to) - height(piece.from)).max(LOWEST);
    let y = height(piece.from).min(HEIGHT - high);
    let place = (column(piece.day) + (STEP - width) / 2, TOP + y);
    svg.rect(place, (width, high), &fill(stretch.end, stretch.looked_stale));
}

fn fill(end: StretchEnd, looked_stale: bool) -> String {
    match (end, looked_stale) {
        (StretchEnd::Lasts, false) => format!("url(#{LASTS})"),
        (StretchEnd::Lasts, true) => format!("url(#{STALE_LASTS})"),
        (_, false) => HELD.to_owned(),
        (_, true) => STALE.to_owned(),
    }
}

/// Marks how holds ended.
fn marks(svg: &mut Svg, timeline: &Timeline) {
    for stretch in &timeline.stretches {
        if let Some(Piece { day, to, .. }) = timeline.pieces(stretch).last() {
            mark(svg, stretch.end, (column(day) + STEP / 2, TOP + height(to)));
        }
    }
}

fn mark(svg: &mut Svg, end: StretchEnd, (x, y): (i64, i64)) {
    match end {
        StretchEnd::Forced => {
            svg.shape_on(&[(x, y - 8), (x + 7, y), (x, y + 8), (x - 7, y)], FORCED);
        }
        StretchEnd::ChangedHands => {
            svg.shape_on(&[(x - 5, y - 7), (x + 7, y), (x - 5, y + 7)], INK);
        }
        StretchEnd::Cleared | StretchEnd::Lasts => {}
    }
}

/// Says how long the holds were that stand out, beside their beginnings.
fn labels(svg: &mut Svg, timeline: &Timeline) {
    let mut taken: Vec<(i64, i64)> = Vec::new();
    for stretch in timeline.standing_out() {
        let Some(first) = timeline.pieces(&stretch).next() else { continue };
        let is_right = first.day < 20;
        let anchor = if is_right { Anchor::Start } else { Anchor::End };
        let x = column(first.day) + if is_right { STEP + 2 } else { -3 };
        let mut y = TOP + height(first.from).clamp(2, HEIGHT - 16) + 12;
        // A label has the room of some 60 by 16.
        while taken.iter().any(|at| (at.0 - x).abs() < 60 && (at.1 - y).abs() < 16) {
            y += 16;
        }
        taken.push((x, y));
        svg.text_on((x, y), LABEL.anchored(anchor), &words::length(&stretch));
    }
}

/// Explains the marks that are there, and returns where the next line is.
fn legend(svg: &mut Svg, timeline: &Timeline, y: i64) -> i64 {
    let has = |end| timeline.count(end) > 0;
    let has_stale = timeline.stretches.iter().any(|it| it.looked_stale);
    let (cleared, lasts) = (StretchEnd::Cleared, StretchEnd::Lasts);
    let items = [
        (true, words::HELD),
        (has_stale, words::STALE),
        (has(StretchEnd::Forced), words::FORCED),
        (has(StretchEnd::ChangedHands), words::CHANGED_HANDS),
        (has(lasts), words::LASTS),
        (timeline.unknown.is_some(), words::UNKNOWN),
    ];
    let shown = items.into_iter().filter(|(is_there, _)| *is_there).map(|(_, name)| name);
    let mut next = y;
    for (place, name) in shown.enumerate() {
        let row = i64::try_from(place / ITEMS).unwrap_or(0);
        let item = i64::try_from(place % ITEMS).unwrap_or(0);
        let (x, y) = (MARGIN + item * ITEM, y + row * ROW);
        next = y + ROW;
        let sample = |svg: &mut Svg, width: i64, fill: &str| {
            svg.rect((x + (STEP - width) / 2, y - 13), (width, 16), fill);
        };
        match name {
            words::STALE => sample(svg, STALE_BAR, &fill(cleared, true)),
            words::LASTS => sample(svg, BAR, &fill(lasts, false)),
            words::UNKNOWN => sample(svg, STEP, &format!("url(#{UNKNOWN})")),
            words::FORCED => mark(svg, StretchEnd::Forced, (x + 8, y - 5)),
            words::CHANGED_HANDS => mark(svg, StretchEnd::ChangedHands, (x + 8, y - 5)),
            _ => sample(svg, BAR, &fill(cleared, false)),
        }
        svg.text((x + STEP + 8, y), PLAIN, name);
    }
    next
}

/// The left edge of a day.
fn column(day: usize) -> i64 {
    LEFT + STEP * i64::try_from(day).unwrap_or(0)
}

/// How far below midnight a time of day is.
fn height(time: TimeDelta) -> i64 {
    time.num_minutes() * HEIGHT / TimeDelta::days(1).num_minutes()
}

#[cfg(test)]
mod tests;
