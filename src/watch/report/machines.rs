//! The machines behind holds, by a pattern of their names.
//!
//! A machine of which there is only one may be a person's own. Such machines count together and are not
//! named.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::MachineFigures;
use crate::watch::{Ending, PastHold};

/// Letters in a row without a vowel that count as made up by a program, as in the names of pods.
const MADE_UP: usize = 5;

/// Machines of one kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Machine {
    /// Several machines whose names have this pattern.
    Named(String),
    /// Machines of which there is only one of its pattern.
    Single,
    /// The record names no machine.
    NotKnown,
}

/// Collects what machines did.
#[derive(Debug, Default)]
pub(super) struct Machines {
    by_pattern: BTreeMap<String, Kind>,
    not_known: Counts,
}

#[derive(Debug, Default)]
struct Kind {
    /// The first machine of the pattern.
    first: String,
    /// Whether there is another one.
    has_several: bool,
    counts: Counts,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    holds: usize,
    forced: usize,
    stale: usize,
}

impl Machines {
    /// Adds a hold.
    pub(super) fn add(&mut self, past: &PastHold) {
        let counts = match past.hold.host() {
            None => &mut self.not_known,
            Some(host) => {
                let kind = self.by_pattern.entry(pattern(host)).or_default();
                if kind.first.is_empty() {
                    host.clone_into(&mut kind.first);
                }
                kind.has_several |= kind.first != host;
                &mut kind.counts
            }
        };
        let forced = matches!(past.ending, Ending::Unlocked { .. });
        counts.holds += 1;
        counts.forced += usize::from(forced);
        counts.stale += usize::from(!forced && past.hold.told_stale);
    }

    /// The figures, those with most locks left behind first.
    #[must_use]
    pub(super) fn figures(self) -> Vec<MachineFigures> {
        let mut by_machine: BTreeMap<Machine, Counts> = BTreeMap::new();
        let mut sum = |machine, more: Counts| {
            let counts = by_machine.entry(machine).or_default();
            counts.holds += more.holds;
            counts.forced += more.forced;
            counts.stale += more.stale;
        };
        sum(Machine::NotKnown, self.not_known);
        for (pattern, kind) in self.by_pattern {
            let machine = if kind.has_several { Machine::Named(pattern) } else { Machine::Single };
            sum(machine, kind.counts);
        }
        let figures = by_machine.into_iter().filter(|(_, counts)| counts.holds > 0);
        let mut figures: Vec<MachineFigures> = figures
            .map(|(machine, Counts { holds, forced, stale })| MachineFigures {
                machine,
                holds,
                forced,
                stale,
            })
            .collect();
        figures.sort_by_key(|it| std::cmp::Reverse((it.left_behind(), it.holds)));
        figures
    }
}

/// The pattern of a machine's name, with a `*` in place of numbers and of parts that a program made up:
/// `ci-runner-*` of `ci-runner-04`, `runner-*` of `runner-7f9c4d-x2v9k`.
#[must_use]
pub(super) fn pattern(host: &str) -> String {
    let mut pattern = String::new();
    for piece in host.to_lowercase().split_inclusive(['-', '.', '_']) {
        let separator = piece.chars().last().filter(|c| matches!(c, '-' | '.' | '_'));
        let part = piece.trim_end_matches(['-', '.', '_']);
        let part = kept(part);
        // A row of stars is one.
        let is_repeated = part == "*" && (pattern.ends_with("*-") || pattern.ends_with("*_"));
        if is_repeated {
            pattern.pop();
        } else {
            pattern.push_str(&part);
        }
        pattern.extend(separator);
    }
    pattern
}

/// What a pattern keeps of a part between two separators.
fn kept(part: &str) -> String {
    let letters = part.trim_end_matches(|c: char| c.is_ascii_digit());
    let has_digit = |text: &str| text.contains(|c: char| c.is_ascii_digit());
    let is_made_up = |text: &str| {
        let is_consonant = |c: char| c.is_ascii_lowercase() && !"aeiouy".contains(c);
        text.len() >= MADE_UP && text.chars().all(is_consonant)
    };
    if has_digit(letters) || is_made_up(letters) {
        "*".to_owned()
    } else if letters.len() < part.len() {
        format!("{letters}*")
    } else {
        part.to_owned()
    }
}
