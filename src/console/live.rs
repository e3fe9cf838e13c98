//! The held locks on a screen that is redrawn.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use comfy_table::Color;

use super::list::{columns_for, row};
use super::render::{BOLD, DIM, Paint};
use super::table::{Cell, Column, table};
use super::width::{Output, fold};
use crate::commands::{Gap, LiveList, LiveLock, Look};
use crate::lock::BackendName;
use crate::words::listed as words;

const WARNING: &str = "\x1b[1;33m";

/// How a live list is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Live<'l> {
    /// What the list is of.
    pub filter: &'l str,
    /// The pause between two looks.
    pub every: Duration,
    /// Where it is drawn.
    pub output: Output,
}

impl Live<'_> {
    /// The lines of a screen with so many rows, at this time.
    #[must_use]
    pub fn frame(&self, list: &LiveList, now: DateTime<Utc>, rows: usize) -> String {
        let paint = Paint { style: self.output.style };
        let (head, table) = (self.head(list, now), self.table(list, now));
        let mut foot = vec![String::new()];
        if list.locks.iter().any(|lock| lock.look != Look::Held) {
            foot.push(paint.with(DIM, words::LEGEND));
        }
        let every = TimeDelta::from_std(self.every).unwrap_or(TimeDelta::MAX);
        foot.push(paint.with(DIM, &words::looked_every(list.at, every)));
        let foot: Vec<String> = foot.iter().flat_map(|part| self.lines(part)).collect();
        let room = rows.saturating_sub(head.len() + foot.len());
        let mut lines = head;
        if table.len() > room {
            let shown = room.saturating_sub(1);
            lines.extend_from_slice(&table[..shown]);
            lines.push(words::no_room(table.len() - shown));
        } else {
            lines.extend(table);
        }
        lines.extend(foot);
        lines.truncate(rows);
        lines.join("\n")
    }

    /// What stays in the terminal after the end: the last table, and its time.
    #[must_use]
    pub fn rest(&self, list: &LiveList, now: DateTime<Utc>) -> String {
        let at = vec![String::new(), words::looked_at(list.at)];
        [self.head(list, now), self.table(list, now), at].concat().join("\n")
    }

    /// What is known, and what is not.
    fn head(&self, list: &LiveList, now: DateTime<Utc>) -> Vec<String> {
        let paint = Paint { style: self.output.style };
        let count = words::count(list.held(), self.filter, list.gaps.is_empty());
        let mut parts = vec![paint.with(BOLD, &count)];
        parts.extend(list.gaps.iter().map(|Gap { backends, since, why }| {
            let names: Vec<String> = backends.iter().map(BackendName::to_string).collect();
            paint.with(WARNING, &words::not_read(&names, *since, now, why))
        }));
        let overdue = list.overdue(now, self.every).map(words::no_answer_for);
        parts.extend(overdue.map(|said| paint.with(WARNING, &said)));
        parts.iter().flat_map(|part| self.lines(part)).collect()
    }

    fn table(&self, list: &LiveList, now: DateTime<Utc>) -> Vec<String> {
        if list.locks.is_empty() {
            return Vec::new();
        }
        let [state, held_for, operation, holder, id, lives_in] =
            columns_for(list.locks.iter().map(|lock| &lock.report));
        let mark = Column::text("");
        let columns = [mark, state, held_for, operation, holder, id, lives_in];
        let rows: Vec<[Cell; 7]> = list.locks.iter().map(|lock| marked(lock, now)).collect();
        let table = table(columns, &rows, self.output);
        std::iter::once(String::new()).chain(table.lines().map(str::to_owned)).collect()
    }

    fn lines(&self, part: &str) -> Vec<String> {
        fold(part, self.output.width).split('\n').map(str::to_owned).collect()
    }
}

/// A lock with its mark.
fn marked(LiveLock { report, look }: &LiveLock, now: DateTime<Utc>) -> [Cell; 7] {
    let [state, held_for, operation, holder, id, lives_in] = row(report, now);
    let (mark, held_for) = match look {
        Look::Held => (Cell::from(""), held_for),
        Look::New => (Cell::coloured(words::NEW, Color::DarkYellow), held_for),
        Look::NotRead => (Cell::coloured(words::OLD, Color::DarkRed), held_for),
        Look::Cleared => {
            let cleared = |text| Cell::coloured(text, Color::DarkGreen);
            (cleared(words::CLEARED), cleared(words::HAS_CLEARED))
        }
    };
    [mark, state, held_for, operation, holder, id, lives_in]
}
