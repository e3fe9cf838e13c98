//! A report as a picture, laid out by hand.
//!
//! Forced unlocks are diamonds and days without a record are rings, so that nothing is told by colour alone.

use chrono::TimeDelta;

use super::svg::{Anchor, HELD, LINE, Lettering, PALE, Svg};
use crate::ports::Unread;
use crate::text::{clip, clip_middle, visible};
use crate::watch::{DayFigures, LockReport, NotRead};
use crate::words::report as words;
use crate::words::report::picture;

const WIDTH: i64 = 860;
const MARGIN: i64 = 24;

/// Most states that have a bar.
const BARS: usize = 10;
const BAR_STEP: i64 = 26;
const BAR_HEIGHT: i64 = 16;
/// Where bars begin, and the length of the longest one. The rest is for what it says.
const BAR_LEFT: i64 = 260;
const BAR_LONGEST: i64 = 330;

/// Height of the highest column.
const COLUMN_HIGHEST: i64 = 120;
/// Room above it for the marks.
const MARKS: i64 = 26;

/// How many characters of a name and of a sentence fit.
const NAME: usize = 34;
const SENTENCE: usize = 120;

const TITLE: Lettering = Lettering::of(20).bold();
const HEADING: Lettering = Lettering::of(14).bold();
const PLAIN: Lettering = Lettering::of(14);
const SMALL: Lettering = Lettering::of(12);
/// Small, and ending at its place.
const END: Lettering = SMALL.anchored(Anchor::End);
/// Small, and around its place.
const MIDDLE: Lettering = SMALL.anchored(Anchor::Middle);

/// The report as an SVG picture: a bar for each state, a column for each day.
#[must_use]
pub fn report_svg(report: &LockReport, unread: &[Unread]) -> String {
    svg(report, &words::found_gaps(report, unread))
}

/// A report that was stored, as the same picture.
pub(super) fn week_svg(report: &LockReport, not_read: &[NotRead]) -> String {
    svg(report, &words::all_gaps(report, not_read))
}

fn svg(report: &LockReport, gaps: &[String]) -> String {
    let mut picture = Picture::default();
    picture.text(MARGIN, 36, TITLE, &words::heading(report));
    let mut y = 60;
    for line in words::summary(report) {
        picture.text(MARGIN, y, SMALL, &line);
        y += 18;
    }
    if report.states.is_empty() {
        picture.text(MARGIN, y + 14, PLAIN, picture::EMPTY);
        y += 24;
    } else {
        y = picture.bars(report, y + 20);
    }
    y = picture.columns(&report.days, y + 30);
    y = picture.legend(y + 40);
    for gap in gaps {
        y += 18;
        picture.text(MARGIN, y, SMALL, gap);
    }
    picture.0.finish((WIDTH, y + MARGIN), &words::heading(report))
}

/// The elements of the picture so far.
#[derive(Default)]
struct Picture(Svg);

impl Picture {
    fn bars(&mut self, report: &LockReport, mut y: i64) -> i64 {
        self.text(MARGIN, y, HEADING, picture::BY_STATE);
        y += 12;
        let most = report.states.iter().map(|it| it.figures.held).max().unwrap_or_default();
        for it in report.states.iter().take(BARS) {
            let base = y + BAR_HEIGHT - 4;
            let name = clip_middle(&visible(it.state.shown()), NAME);
            self.text(BAR_LEFT - 8, base, END, &name);
            let length = share(it.figures.held, most, BAR_LONGEST);
            self.rect(BAR_LEFT, y, length, BAR_HEIGHT);
            let mut x = BAR_LEFT + length + 8;
            if it.figures.forced > 0 {
                self.0.diamond((x + 5, y + BAR_HEIGHT / 2));
                x += 16;
            }
            let says = picture::bar(it.figures.held, it.figures.forced);
            self.text(x, base, SMALL, &says);
            y += BAR_STEP;
        }
        let rest = report.states.len().saturating_sub(BARS) + report.more_states;
        if rest > 0 {
            self.text(BAR_LEFT - 8, y + 10, END, &words::more_states(rest));
            y += BAR_STEP;
        }
        y
    }

    fn columns(&mut self, days: &[DayFigures], mut y: i64) -> i64 {
        self.text(MARGIN, y, HEADING, picture::BY_DAY);
        let count = i64::try_from(days.len()).unwrap_or(i64::MAX).max(1);
        let (left, step) = (MARGIN + 70, (WIDTH - 2 * MARGIN - 70) / count);
        let most = days.iter().map(|it| it.held).max().unwrap_or_default();
        y += 16 + MARKS;
        let floor = y + COLUMN_HIGHEST;
        if most > TimeDelta::zero() {
            self.text(left - 8, y + 4, END, &picture::bar(most, 0));
        }
        self.text(left - 8, floor, END, &picture::bar(TimeDelta::zero(), 0));
        self.0.line((left, y), (left + step * count, y), LINE);
        self.0.line((left, floor), (left + step * count, floor), PALE);
        let mut x = left;
        for (place, day) in days.iter().enumerate() {
            let height = share(day.held, most, COLUMN_HIGHEST);
            let width = (step - 2).clamp(1, 40);
            self.rect(x + (step - width) / 2, floor - height, width, height);
            let middle = x + step / 2;
            if day.forced > 0 {
                self.0.diamond((middle, floor - height - 8));
            }
            if day.forced > 1 {
                let times = day.forced.to_string();
                self.text(middle, floor - height - 16, MIDDLE, &times);
            }
            if !day.has_record {
                self.0.ring((middle, floor - 6));
            }
            let last = days.len() - 1;
            if place == 0 || place == last || (place == last / 2 && last > 3) {
                let name = day.day.format("%m-%d").to_string();
                self.text(middle, floor + 16, MIDDLE, &name);
            }
            x += step;
        }
        floor + 16
    }

    fn legend(&mut self, y: i64) -> i64 {
        self.rect(MARGIN, y - 10, 12, 12);
        self.text(MARGIN + 18, y, SMALL, picture::HELD);
        self.0.diamond((MARGIN + 76, y - 4));
        self.text(MARGIN + 88, y, SMALL, picture::FORCED);
        self.0.ring((MARGIN + 196, y - 4));
        self.text(MARGIN + 206, y, SMALL, picture::NO_RECORD);
        y
    }

    fn text(&mut self, x: i64, y: i64, as_: Lettering, text: &str) {
        self.0.text((x, y), as_, &clip(text, SENTENCE));
    }

    fn rect(&mut self, x: i64, y: i64, width: i64, height: i64) {
        self.0.rect((x, y), (width, height), HELD);
    }
}

/// The part of `longest` for a length of time, at least one where there is any.
fn share(of: TimeDelta, most: TimeDelta, longest: i64) -> i64 {
    match (of.num_milliseconds(), most.num_milliseconds()) {
        (0, _) | (_, 0) => 0,
        (of, most) => (i128::from(of) * i128::from(longest) / i128::from(most))
            .try_into()
            .unwrap_or(longest)
            .max(1),
    }
}
