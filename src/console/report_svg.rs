//! A report as a picture, laid out by hand.
//!
//! Forced unlocks are diamonds and days without a record are rings, so that nothing is told by colour alone.

use chrono::TimeDelta;

use crate::ports::Unread;
use crate::text::{clip, clip_middle, visible};
use crate::watch::{DayFigures, LockReport};
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

const INK: &str = "#1f2328";
const PALE: &str = "#59636e";
const HELD: &str = "#4269d0";
const FORCED: &str = "#b35900";

/// The report as an SVG picture: a bar for each state, a column for each day.
#[must_use]
pub fn report_svg(report: &LockReport, unread: &[Unread]) -> String {
    let mut picture = Picture::default();
    picture.text(MARGIN, 36, Style::Title, &words::heading(report));
    let mut y = 60;
    for line in words::summary(report) {
        picture.text(MARGIN, y, Style::Small, &line);
        y += 18;
    }
    if report.states.is_empty() {
        picture.text(MARGIN, y + 14, Style::Plain, picture::EMPTY);
        y += 24;
    } else {
        y = picture.bars(report, y + 20);
    }
    y = picture.columns(&report.days, y + 30);
    y = picture.legend(y + 40);
    for gap in words::found_gaps(report, unread) {
        y += 18;
        picture.text(MARGIN, y, Style::Small, &gap);
    }
    picture.finish(y + MARGIN, &words::heading(report))
}

#[derive(Clone, Copy)]
enum Style {
    Title,
    Heading,
    Plain,
    Small,
    /// Small, and ending at its place.
    End,
    /// Small, and around its place.
    Middle,
}

/// The elements of a picture so far.
#[derive(Default)]
struct Picture(String);

impl Picture {
    fn bars(&mut self, report: &LockReport, mut y: i64) -> i64 {
        self.text(MARGIN, y, Style::Heading, picture::BY_STATE);
        y += 12;
        let most = report.states.iter().map(|it| it.figures.held).max().unwrap_or_default();
        for it in report.states.iter().take(BARS) {
            let base = y + BAR_HEIGHT - 4;
            let name = clip_middle(&visible(it.state.shown()), NAME);
            self.text(BAR_LEFT - 8, base, Style::End, &name);
            let length = share(it.figures.held, most, BAR_LONGEST);
            self.rect(BAR_LEFT, y, length, BAR_HEIGHT);
            let mut x = BAR_LEFT + length + 8;
            if it.figures.forced > 0 {
                self.diamond(x + 5, y + BAR_HEIGHT / 2);
                x += 16;
            }
            let says = picture::bar(it.figures.held, it.figures.forced);
            self.text(x, base, Style::Small, &says);
            y += BAR_STEP;
        }
        let rest = report.states.len().saturating_sub(BARS);
        if rest > 0 {
            self.text(BAR_LEFT - 8, y + 10, Style::End, &words::more_states(rest));
            y += BAR_STEP;
        }
        y
    }

    fn columns(&mut self, days: &[DayFigures], mut y: i64) -> i64 {
        self.text(MARGIN, y, Style::Heading, picture::BY_DAY);
        let count = i64::try_from(days.len()).unwrap_or(i64::MAX).max(1);
        let (left, step) = (MARGIN + 70, (WIDTH - 2 * MARGIN - 70) / count);
        let most = days.iter().map(|it| it.held).max().unwrap_or_default();
        y += 16 + MARKS;
        let floor = y + COLUMN_HIGHEST;
        if most > TimeDelta::zero() {
            self.text(left - 8, y + 4, Style::End, &picture::bar(most, 0));
        }
        self.text(left - 8, floor, Style::End, &picture::bar(TimeDelta::zero(), 0));
        self.line((left, y), (left + step * count, y), "#d1d9e0");
        self.line((left, floor), (left + step * count, floor), PALE);
        let mut x = left;
        for (place, day) in days.iter().enumerate() {
            let height = share(day.held, most, COLUMN_HIGHEST);
            let width = (step - 2).clamp(1, 40);
            self.rect(x + (step - width) / 2, floor - height, width, height);
            let middle = x + step / 2;
            if day.forced > 0 {
                self.diamond(middle, floor - height - 8);
            }
            if day.forced > 1 {
                let times = day.forced.to_string();
                self.text(middle, floor - height - 16, Style::Middle, &times);
            }
            if !day.has_record {
                self.ring(middle, floor - 6);
            }
            let last = days.len() - 1;
            if place == 0 || place == last || (place == last / 2 && last > 3) {
                let name = day.day.format("%m-%d").to_string();
                self.text(middle, floor + 16, Style::Middle, &name);
            }
            x += step;
        }
        floor + 16
    }

    fn legend(&mut self, y: i64) -> i64 {
        self.rect(MARGIN, y - 10, 12, 12);
        self.text(MARGIN + 18, y, Style::Small, picture::HELD);
        self.diamond(MARGIN + 76, y - 4);
        self.text(MARGIN + 88, y, Style::Small, picture::FORCED);
        self.ring(MARGIN + 196, y - 4);
        self.text(MARGIN + 206, y, Style::Small, picture::NO_RECORD);
        y
    }

    fn text(&mut self, x: i64, y: i64, style: Style, text: &str) {
        let (size, more) = match style {
            Style::Title => (20, r#" font-weight="600""#),
            Style::Heading => (14, r#" font-weight="600""#),
            Style::Plain => (14, ""),
            Style::Small => (12, ""),
            Style::End => (12, r#" text-anchor="end""#),
            Style::Middle => (12, r#" text-anchor="middle""#),
        };
        let text = escaped(&clip(text, SENTENCE));
        self.0.push_str(&format!(
            "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" fill=\"{INK}\"{more}>{text}</text>\n"
        ));
    }

    fn rect(&mut self, x: i64, y: i64, width: i64, height: i64) {
        self.0.push_str(&format!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{HELD}\"/>\n"
        ));
    }

    fn line(&mut self, (x1, y1): (i64, i64), (x2, y2): (i64, i64), colour: &str) {
        self.0.push_str(&format!(
            "<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" stroke=\"{colour}\"/>\n"
        ));
    }

    /// The mark of a forced unlock.
    fn diamond(&mut self, x: i64, y: i64) {
        let (left, right, top, bottom) = (x - 5, x + 5, y - 6, y + 6);
        self.0.push_str(&format!(
            "<polygon points=\"{x},{top} {right},{y} {x},{bottom} {left},{y}\" fill=\"{FORCED}\"/>\n"
        ));
    }

    /// The mark of a day without a record.
    fn ring(&mut self, x: i64, y: i64) {
        self.0.push_str(&format!(
            "<circle cx=\"{x}\" cy=\"{y}\" r=\"3\" fill=\"none\" stroke=\"{PALE}\"/>\n"
        ));
    }

    fn finish(self, height: i64, title: &str) -> String {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
             viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" font-family=\"sans-serif\">\n\
             <title>{}</title>\n\
             <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n{}</svg>\n",
            escaped(title),
            self.0
        )
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

/// A text as XML. Characters that XML cannot hold are shown as unknown ones.
fn escaped(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '&' => written.push_str("&amp;"),
            '<' => written.push_str("&lt;"),
            '>' => written.push_str("&gt;"),
            '"' => written.push_str("&quot;"),
            '\'' => written.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => written.push('\u{fffd}'),
            c => written.push(c),
        }
    }
    written
}
