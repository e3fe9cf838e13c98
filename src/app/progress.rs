//! How far long work is, on the terminal of standard error, while it goes on.

use std::io::{IsTerminal, Write, stderr, stdout};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::output::{is_screen, size};
use crate::words::progress as words;

/// Work that ends earlier than this shows nothing, in milliseconds.
const SHORT: u64 = 500;

/// How often the line is drawn, in milliseconds.
const EVERY: u64 = 100;

/// How many entries go by between two looks at the time, so that counting costs nothing.
const ENTRIES: u64 = 64;

/// One line that says how far the work is. It disappears with this value.
pub(super) struct Progress {
    is_shown: bool,
    started: Instant,
    entries: AtomicU64,
    /// When the line is drawn next, in milliseconds after the start.
    next: AtomicU64,
}

impl Progress {
    /// Shown if standard error is a terminal.
    pub(super) fn start() -> Self {
        Self::shown_if(is_screen(&stderr()))
    }

    fn shown_if(is_shown: bool) -> Self {
        Self {
            is_shown,
            started: Instant::now(),
            entries: AtomicU64::new(0),
            next: AtomicU64::new(SHORT),
        }
    }

    /// The same, if nothing else can be on the screen meanwhile. What is written to a terminal is there itself, and
    /// the reader of a pipe may show it there.
    pub(super) fn beside_output() -> Self {
        let into_file = stdout().as_fd().try_clone_to_owned().map(std::fs::File::from);
        let into_file = into_file.and_then(|file| file.metadata());
        let is_alone = !stdout().is_terminal() && into_file.is_ok_and(|file| file.is_file());
        Self::shown_if(is_alone && is_screen(&stderr()))
    }

    /// One more entry was read.
    pub(super) fn entry(&self) {
        let entries = self.entries.fetch_add(1, Ordering::Relaxed) + 1;
        if self.is_shown && entries.is_multiple_of(ENTRIES) {
            self.draw(|elapsed| words::entries_read(entries, elapsed));
        }
    }

    /// A table is not active yet.
    pub(super) fn waits_for(&self, table: &str) {
        if self.is_shown {
            self.draw(|elapsed| words::waiting_for_table(table, elapsed));
        }
    }

    fn draw(&self, words: impl FnOnce(Duration) -> String) {
        let elapsed = self.started.elapsed();
        let now = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        if now < self.next.load(Ordering::Relaxed) {
            return;
        }
        self.next.store(now + EVERY, Ordering::Relaxed);
        let width = size(&stderr()).map_or(80, |(columns, _)| columns);
        let line: String = words(elapsed).chars().take(width.saturating_sub(1)).collect();
        // If the line cannot be drawn, the work goes on all the same.
        let _ = write!(stderr(), "\r\x1b[K{line}");
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_shown && self.next.load(Ordering::Relaxed) > SHORT {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }
}
