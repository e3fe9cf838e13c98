//! The table of held locks that `locktender list` prints.

use chrono::{DateTime, Utc};
use comfy_table::Color;

use super::table::{Cell, Column, table};
use super::width::Output;
use crate::finding::Report;
use crate::lock::{LockState, Sources, Store, age, in_words};
use crate::text::{LONG, clip, visible};

/// The columns of the table.
const COLUMNS: [Column; 6] = [
    Column::text("STATE").shrinks_to(16),
    Column::text("HELD FOR"),
    // It also says that a lock is unreadable.
    Column::text("OPERATION"),
    Column::text("HOLDER").shrinks_to(14).worth(3),
    Column::text("LOCK ID").worth(1),
    Column::text("LIVES IN").worth(2),
];

/// Says that the other half of a lock is missing.
const HALF: &str = "(half)";

/// A heading and one line per lock. Without locks, the sentence `none`.
#[must_use]
pub fn lock_table(reports: &[Report], none: &str, output: Output) -> String {
    if reports.is_empty() {
        return none.to_owned();
    }
    let rows: Vec<[Cell; 6]> = reports.iter().map(|report| row(report, report.at)).collect();
    table(columns_for(reports), &rows, output)
}

/// The columns. Where a lock is half there, the column that says so stays, and the names make room for it.
pub(super) fn columns_for<'r>(reports: impl IntoIterator<Item = &'r Report>) -> [Column; 6] {
    let mut columns = COLUMNS;
    if reports.into_iter().any(|report| report.lock.half().is_some()) {
        columns[0] = columns[0].shrinks_to(12);
        columns[3] = columns[3].shrinks_to(12);
        columns[5] = Column::text("LIVES IN").shrinks_to(8);
    }
    columns
}

/// A lock as it stands at this time.
pub(super) fn row(report: &Report, now: DateTime<Utc>) -> [Cell; 6] {
    let shown = |text: &str| match text {
        "" => "unknown".to_owned(),
        text => clip(&visible(text), LONG),
    };
    let held_for = match report.lock.since() {
        Some(since) => in_words(age(since, now)),
        None => "unknown".to_owned(),
    };
    let [operation, who, id]: [Cell; 3] = match &report.lock {
        LockState::Held(lock) => [
            shown(lock.info.operation.label().unwrap_or(lock.info.operation.as_written())).into(),
            shown(&lock.info.who).into(),
            shown(lock.info.id.as_str()).into(),
        ],
        LockState::Unreadable(_) | LockState::Free => {
            [Cell::coloured("unreadable", Color::DarkRed), "-".into(), "-".into()]
        }
    };
    let lives_in = report.lock.sources().map(lives_in).unwrap_or_default();
    let lives_in = match report.lock.half() {
        Some(_) => Cell::coloured(lives_in, Color::DarkRed).or(HALF),
        None => lives_in.into(),
    };
    [shown(report.state.name.as_str()).into(), held_for.into(), operation, who, id, lives_in]
}

fn lives_in(sources: &Sources) -> String {
    let stores: Vec<&str> = sources.stores().into_iter().map(Store::as_str).collect();
    let stores = stores.join("+");
    if sources.half().is_some() { format!("{stores} {HALF}") } else { stores }
}
