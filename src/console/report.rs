//! A report as lines for people and for spreadsheets.

use super::csv::cell;
use super::render::{BOLD, Paint};
use super::table::{Cell, Column, table};
use super::width::{Output, fold};
use crate::ports::Unread;
use crate::watch::{Figures, LockReport};
use crate::words::report as words;

/// Most states, machines and forced unlocks that a report for people names.
const MOST: usize = 10;

/// The columns for spreadsheets.
const COLUMNS: &str = "state,path,holds,held_now,held_seconds,longest_hold_seconds,requests,\
    waited_seconds,forced_unlocks";

/// A report for people: a table of at most ten states, and what is behind it.
#[must_use]
pub fn report_text(report: &LockReport, unread: &[Unread], output: Output) -> String {
    let folded = |text: &str| fold(text, output.width);
    let heading = |text: &str| folded(&Paint { style: output.style }.with(BOLD, text));
    // A heading and its lines. Nothing without lines.
    let list = |title: &str, lines: Vec<String>| {
        let lines: Vec<String> = lines.iter().map(|line| folded(&format!("  {line}"))).collect();
        (!lines.is_empty()).then(|| format!("{}\n{}", heading(title), lines.join("\n")))
    };
    let mut parts = vec![heading(&words::heading(report))];
    parts.push(folded(&words::summary(report).join("\n")));
    if !report.states.is_empty() {
        let table = by_state(report, output);
        parts.push(format!("{table}\n{}", folded(words::STATES_NOTE)));
    }
    let forced = report.forced.iter().take(MOST).map(words::forced);
    let left_out = report.forced.len().saturating_sub(MOST);
    let more = (left_out > 0).then(|| words::more_forced(left_out));
    parts.extend(list(words::FORCED, forced.chain(more).collect()));
    let holds = report.longest_holds.iter().map(words::long_hold);
    parts.extend(list(words::LONGEST_HOLDS, holds.collect()));
    let waits = report.longest_waits.iter().map(words::long_wait);
    parts.extend(list(words::LONGEST_WAITS, waits.collect()));
    if !report.machines.is_empty() {
        let (title, table) = (heading(words::LEFT_BEHIND), by_machine(report, output));
        parts.push(format!("{title}\n{table}\n{}", folded(words::MACHINES_NOTE)));
    }
    parts.extend(list(words::NOT_KNOWN, words::gaps(report, unread)));
    parts.join("\n\n")
}

/// All states of a report as comma-separated values with a heading (RFC 4180).
#[must_use]
pub fn report_csv(report: &LockReport) -> String {
    let rows = report.states.iter().map(|it| {
        let Figures { holds, held_now, held, longest, requests, waited, forced } = it.figures;
        let (name, path) = (it.state.name.as_ref().map_or("", |it| it.as_str()), &it.state.path);
        format!(
            "{},{},{holds},{held_now},{},{},{requests},{},{forced}",
            cell(name),
            cell(path.as_str()),
            held.num_seconds(),
            longest.num_seconds(),
            waited.num_seconds()
        )
    });
    std::iter::once(COLUMNS.to_owned()).chain(rows).collect::<Vec<_>>().join("\n")
}

fn by_state(report: &LockReport, output: Output) -> String {
    let shown = report.states.iter().take(MOST);
    let mut rows: Vec<[String; 7]> =
        shown.map(|it| words::row(&words::state(&it.state), &it.figures)).collect();
    let rest = report.states.get(MOST..).unwrap_or_default();
    if !rest.is_empty() {
        let sum = Figures::sum(rest.iter().map(|it| &it.figures));
        rows.push(words::row(&words::more_states(rest.len()), &sum));
    }
    let mut columns = figures(words::BY_STATE);
    // On a narrow terminal, the longest hold and the requests are left out first.
    for (column, worth) in columns[3..6].iter_mut().zip(1..) {
        *column = column.worth(worth);
    }
    table(columns, &cells(rows), output)
}

fn by_machine(report: &LockReport, output: Output) -> String {
    let shown = report.machines.iter().take(MOST);
    let rows = shown.map(|it| {
        let [holds, forced, stale] = [it.holds, it.forced, it.stale].map(|it| it.to_string());
        [words::machine(&it.machine), holds, forced, stale]
    });
    table(figures(words::BY_MACHINE), &cells(rows), output)
}

/// Columns of which the first has texts and the others numbers.
fn figures<const N: usize>(headings: [&'static str; N]) -> [Column; N] {
    let mut columns = headings.map(Column::number);
    columns[0] = Column::text(headings[0]).shrinks_to(12);
    columns
}

fn cells<const N: usize>(rows: impl IntoIterator<Item = [String; N]>) -> Vec<[Cell; N]> {
    rows.into_iter().map(|row| row.map(Cell::from)).collect()
}
