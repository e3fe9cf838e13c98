//! The weekly report in the announcement channel.

use chrono::TimeDelta;

use super::parts::counted;
use super::report as words;
use crate::lock::in_words;
use crate::message::{Message, Picture, Text, Tone};
use crate::text::SHORT;
use crate::watch::{Figures, Forced, LockReport, LongWait, Machine, NotRead, StateFigures};

/// How many states, forced unlocks, waits and machines the message names.
const STATES: usize = 10;
const FORCED: usize = 5;
const WAITS: usize = 3;
const MACHINES: usize = 3;

/// How much is said of what the figures lack. It fits into a field of 1,024 characters.
const GAPS: usize = 4;
const GAP: usize = 240;

/// The report of a week: a line for each state that was held longest, and what was forced, waited for and left behind.
/// It names no person.
#[must_use]
pub(crate) fn weekly(report: &LockReport, not_read: &[NotRead]) -> Message {
    let days = format!("📊 State locks, {}", words::dates(report));
    let mut message = Message::new(Tone::Plain, Text::own(days));
    for line in words::summary(report) {
        message = message.line(Text::own(line));
    }
    if !report.states.is_empty() {
        let shown = report.states.iter().take(STATES).map(state);
        let left_out = report.states.len().saturating_sub(STATES) + report.more_states;
        let more = (left_out > 0).then(|| Text::own(words::more_states(left_out)));
        message = message.line(Text::default()).line(Text::default().strong("Held longest"));
        for line in shown.chain(more) {
            message = message.line(line);
        }
    }
    let forced = report.forced.iter().take(FORCED).map(forced);
    let left_out = report.total.forced.saturating_sub(FORCED);
    let more = (left_out > 0).then(|| Text::own(format!("and {left_out} more")));
    message = list(message, "Forced unlocks", forced.chain(more));
    message = list(message, "Longest waits", report.longest_waits.iter().take(WAITS).map(wait));
    let left_behind = report.machines.iter().filter(|it| it.left_behind() > 0);
    let left_behind = left_behind.take(MACHINES).map(|it| {
        let forced = counted(it.forced as u64, "forced unlock", "forced unlocks");
        let name = match &it.machine {
            Machine::Named(pattern) => Text::default().quote(pattern, SHORT),
            other => Text::own(words::machine(other)),
        };
        name.then(format!(": {forced}, {} looked stale, of {} holds", it.stale, it.holds))
    });
    message = list(message, "Locks left behind, by machine", left_behind);
    let gaps = words::all_gaps(report, not_read);
    let more = gaps.len().saturating_sub(GAPS);
    let more =
        (more > 0).then(|| Text::own(format!("and {more} more: locktender report has them")));
    let gaps = gaps.iter().take(GAPS).map(|gap| Text::default().name(gap, GAP));
    message = list(message, words::NOT_KNOWN, gaps.chain(more));
    message.with_picture(Some(Picture::Week {
        report: Box::new(report.clone()),
        not_read: not_read.to_vec(),
    }))
}

/// Adds lines under a heading, if there are any.
fn list(message: Message, heading: &'static str, lines: impl Iterator<Item = Text>) -> Message {
    let lines: Vec<Text> = lines.collect();
    if lines.is_empty() {
        return message;
    }
    message.field(heading, Text::default().joined("\n", lines))
}

/// `env/prod: 12 holds, held now, 4 h 12 min in all, waited 22 min`
fn state(of: &StateFigures) -> Text {
    let Figures { holds, held_now, held, requests, waited, forced, .. } = of.figures;
    let holds = (holds > 0).then(|| counted(holds as u64, "hold", "holds"));
    let now = (held_now > 0).then(|| "held now".to_owned());
    let counts: Vec<String> = holds.into_iter().chain(now).collect();
    let counts = if counts.is_empty() { "no hold".to_owned() } else { counts.join(", ") };
    let mut said = format!(": {counts}, {} in all", in_words(held));
    if requests > 0 && waited > TimeDelta::zero() {
        said.push_str(&format!(", waited {}", in_words(waited)));
    }
    if forced > 0 {
        said.push_str(&format!(", {}", counted(forced as u64, "forced unlock", "forced unlocks")));
    }
    Text::default().quote(&words::state(&of.state), SHORT).then(said)
}

/// `env/prod after 4 h 12 min: the runner died`
fn forced(of: &Forced) -> Text {
    let text = Text::default().quote(&words::state(&of.state), SHORT);
    let text = match of.held {
        Some(held) => text.then(format!(" after {}: ", in_words(held))),
        None => text.then(" after an unknown time: "),
    };
    match &of.reason {
        Some(reason) => text.quote(reason, SHORT),
        None => text.then("the reason is not recorded"),
    }
}

/// `22 min for env/prod, unlocked`
fn wait(of: &LongWait) -> Text {
    Text::own(format!("{} for ", in_words(of.waited)))
        .quote(&words::state(&of.state), SHORT)
        .then(format!(", {}", words::outcome(of.outcome)))
}

/// The picture in words.
#[must_use]
pub(crate) fn description(report: &LockReport) -> String {
    let longest = report.states.iter().take(3);
    let longest = longest.map(|it| {
        format!(
            "{}, {}",
            words::state(&it.state),
            words::picture::bar(it.figures.held, it.figures.forced)
        )
    });
    let longest = longest.collect::<Vec<_>>().join("; ");
    let summary = words::summary(report).join(" ");
    if longest.is_empty() {
        return format!("{}. {summary}", words::heading(report));
    }
    format!("{}. {summary} Held longest: {longest}.", words::heading(report))
}
