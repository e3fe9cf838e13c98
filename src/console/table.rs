//! The table of held locks that `locktender list` prints.

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};

use crate::finding::Report;
use crate::lock::{LockState, Sources, Store, age, in_words};
use crate::text::{LONG, clip, visible};

/// A heading and one line per lock. Without locks, the sentence `none`.
#[must_use]
pub fn table(reports: &[Report], none: &str) -> String {
    if reports.is_empty() {
        return none.to_owned();
    }
    let mut table = Table::new();
    table
        .load_style(NOTHING)
        // Lines are never wrapped, because grep and awk read them too.
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(["STATE", "HELD FOR", "OPERATION", "HOLDER", "LOCK ID", "LIVES IN"]);
    table.add_rows(reports.iter().map(row));
    table.column_iter_mut().for_each(|column| {
        column.set_padding((0, 2));
    });
    // comfy-table pads each line to the table's width.
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

fn row(report: &Report) -> [String; 6] {
    let shown = |text: &str| match text {
        "" => "unknown".to_owned(),
        text => clip(&visible(text), LONG),
    };
    let held_for = match report.lock.since() {
        Some(since) => in_words(age(since, report.at)),
        None => "unknown".to_owned(),
    };
    let [operation, who, id] = match &report.lock {
        LockState::Held(lock) => [
            shown(lock.info.operation.label().unwrap_or(lock.info.operation.as_written())),
            shown(&lock.info.who),
            shown(lock.info.id.as_str()),
        ],
        LockState::Unreadable(_) | LockState::Free => {
            ["unreadable".to_owned(), "-".to_owned(), "-".to_owned()]
        }
    };
    let lives_in = report.lock.sources().map(lives_in).unwrap_or_default();
    [shown(report.state.name.as_str()), held_for, operation, who, id, lives_in]
}

fn lives_in(sources: &Sources) -> String {
    let stores: Vec<&str> = sources.stores().into_iter().map(Store::as_str).collect();
    let half = if sources.half().is_some() { " (half)" } else { "" };
    format!("{}{half}", stores.join("+"))
}
