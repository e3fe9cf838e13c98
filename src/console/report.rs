//! A report as lines for people and for spreadsheets.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Table};

use super::csv::cell;
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
pub fn report_text(report: &LockReport, unread: &[Unread]) -> String {
    let mut parts = vec![words::heading(report), words::summary(report).join("\n")];
    if !report.states.is_empty() {
        parts.push(format!("{}\n{}", by_state(report), words::STATES_NOTE));
    }
    let forced = report.forced.iter().take(MOST).map(words::forced);
    let left_out = report.forced.len().saturating_sub(MOST);
    let more = (left_out > 0).then(|| words::more_forced(left_out));
    parts.extend(list(words::FORCED, forced.chain(more)));
    parts.extend(list(words::LONGEST_HOLDS, report.longest_holds.iter().map(words::long_hold)));
    parts.extend(list(words::LONGEST_WAITS, report.longest_waits.iter().map(words::long_wait)));
    if !report.machines.is_empty() {
        let table = by_machine(report);
        parts.push(format!("{}\n{table}\n{}", words::LEFT_BEHIND, words::MACHINES_NOTE));
    }
    parts.extend(list(words::NOT_KNOWN, words::gaps(report, unread).into_iter()));
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

fn by_state(report: &LockReport) -> String {
    let shown = report.states.iter().take(MOST);
    let mut rows: Vec<[String; 7]> =
        shown.map(|it| words::row(&words::state(&it.state), &it.figures)).collect();
    let rest = report.states.get(MOST..).unwrap_or_default();
    if !rest.is_empty() {
        let sum = Figures::sum(rest.iter().map(|it| &it.figures));
        rows.push(words::row(&words::more_states(rest.len()), &sum));
    }
    table(words::BY_STATE, rows)
}

fn by_machine(report: &LockReport) -> String {
    let shown = report.machines.iter().take(MOST);
    let rows = shown.map(|it| {
        let [holds, forced, stale] = [it.holds, it.forced, it.stale].map(|it| it.to_string());
        [words::machine(&it.machine), holds, forced, stale]
    });
    table(words::BY_MACHINE, rows)
}

/// A table whose first column is text and whose others are numbers.
fn table<const N: usize>(
    heading: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let mut table = Table::new();
    table
        .load_style(NOTHING)
        // Lines are never wrapped, because grep and awk read them too.
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(heading)
        .add_rows(rows);
    for (place, column) in table.column_iter_mut().enumerate() {
        column.set_padding((if place == 0 { 0 } else { 2 }, 0));
        if place > 0 {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// A heading and its lines. Nothing without lines.
fn list(heading: &str, lines: impl Iterator<Item = String>) -> Option<String> {
    let lines: Vec<String> = lines.map(|line| format!("  {line}")).collect();
    (!lines.is_empty()).then(|| format!("{heading}\n{}", lines.join("\n")))
}
