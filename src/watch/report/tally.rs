//! Adds records up to the figures of a period.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::requests::Requests;
use super::{
    DayFigures, Figures, Forced, Gaps, LONGEST, Label, LockReport, LongHold, LongWait, Machines,
    Period, StateFigures,
};
use crate::audit::{Action, Entry};
use crate::lock::{StateName, StatePath};
use crate::watch::{Ending, Hold, PastHold};

/// The figures of a period so far. States have no names in it yet.
#[derive(Debug)]
pub struct Tally {
    period: Period,
    states: BTreeMap<StatePath, Figures>,
    days: Vec<DayFigures>,
    forced: Vec<Forced>,
    longest_holds: Vec<LongHold>,
    longest_waits: Vec<LongWait>,
    requests: Requests,
    machines: Machines,
    gaps: Gaps,
    /// Every state path of the trail, whenever its entries were made.
    recorded: BTreeSet<StatePath>,
}

impl Tally {
    /// A tally without a record.
    #[must_use]
    pub fn of(period: Period) -> Self {
        let day = |day| DayFigures { day, held: TimeDelta::zero(), forced: 0, has_record: false };
        Self {
            period,
            states: BTreeMap::new(),
            days: period.days().map(day).collect(),
            forced: Vec::new(),
            longest_holds: Vec::new(),
            longest_waits: Vec::new(),
            requests: Requests::default(),
            machines: Machines::default(),
            gaps: Gaps::default(),
            recorded: BTreeSet::new(),
        }
    }

    /// Adds a finished hold. One that ended before the period changes nothing.
    pub fn past(&mut self, past: &PastHold) {
        if past.ended_at > self.period.to {
            // It ended after the period, which may be long over.
            return self.held(&past.hold);
        }
        if !self.period.has(past.ended_at) {
            return;
        }
        let forced = matches!(past.ending, Ending::Unlocked { .. });
        self.states.entry(past.hold.state.path.clone()).or_default().holds += 1;
        self.machines.add(past);
        self.hold(&past.hold, Some(past.ended_at), past.length(), forced);
    }

    /// Adds a hold that lasts at the end of the period. One that began later changes nothing.
    pub fn held(&mut self, hold: &Hold) {
        if hold.since > self.period.to {
            return;
        }
        self.states.entry(hold.state.path.clone()).or_default().held_now += 1;
        self.hold(hold, None, hold.age(self.period.to), false);
    }

    fn hold(
        &mut self,
        hold: &Hold,
        ended_at: Option<DateTime<Utc>>,
        length: TimeDelta,
        forced: bool,
    ) {
        let until = ended_at.unwrap_or(self.period.to);
        let figures = self.states.entry(hold.state.path.clone()).or_default();
        figures.held += self.period.part(hold.since, until);
        figures.longest = figures.longest.max(length);
        for day in &mut self.days {
            let whole = self.period.day(day.day);
            let held = whole.part(hold.since, until);
            day.held += held;
            day.has_record |= held > TimeDelta::zero() || ended_at.is_some_and(|at| whole.has(at));
        }
        self.note(hold.since.clamp(self.period.from, self.period.to));
        let operation = hold.operation.clone();
        let state = unnamed(&hold.state.path);
        self.longest_holds.push(LongHold { state, length, ended_at, operation, forced });
        keep_longest(&mut self.longest_holds, |it| it.length);
    }

    /// Adds an entry of the audit trail. The entries of a chain come in their order.
    pub fn entry(&mut self, entry: &Entry) {
        self.recorded.extend(StatePath::parse(entry.path()));
        let at = entry.text("at").and_then(|at| at.parse::<DateTime<Utc>>().ok());
        if let Some(at) = at.filter(|at| self.period.has(*at)) {
            self.note(at);
            self.on(at, |day| day.has_record = true);
        }
        let ended = match self.requests.add(entry, &self.period) {
            Ok(Some(ended)) => ended,
            Ok(None) => return,
            Err(_) => return self.gaps.not_understood += 1,
        };
        let figures = self.states.entry(ended.path.clone()).or_default();
        figures.requests += 1;
        if let Some(waited) = ended.waited {
            figures.waited += waited;
            let (state, outcome) = (unnamed(&ended.path), ended.outcome);
            self.longest_waits.push(LongWait { state, waited, ended_at: ended.at, outcome });
            keep_longest(&mut self.longest_waits, |it| it.waited);
        }
        if ended.outcome == Action::UnlockDone {
            figures.forced += 1;
            self.on(ended.at, |day| day.forced += 1);
            let (state, at) = (unnamed(&ended.path), ended.at);
            self.forced.push(Forced { state, at, held: ended.held, reason: ended.reason });
        }
    }

    /// Adds items that could not be read.
    pub fn not_understood(&mut self, items: usize) {
        self.gaps.not_understood += items;
    }

    /// Adds a hold that lasts in the records, in a bucket that no backend has any more.
    pub fn unwatched(&mut self) {
        self.gaps.unwatched += 1;
    }

    /// Adds a lock that was taken or given back since the bot's last look.
    pub fn not_looked_at(&mut self) {
        self.gaps.not_looked_at += 1;
    }

    /// The state paths of the trail, whenever their entries were made.
    #[must_use]
    pub fn recorded(&self) -> &BTreeSet<StatePath> {
        &self.recorded
    }

    /// The report. `name` gives the name of a state, or nothing if no backend has its bucket.
    #[must_use]
    pub fn report(mut self, name: impl Fn(&StatePath) -> Option<StateName>) -> LockReport {
        let named = |label: &mut Label| label.name = name(&label.path);
        let figures =
            |(path, figures)| StateFigures { state: Label { name: name(&path), path }, figures };
        let mut states: Vec<StateFigures> = self.states.into_iter().map(figures).collect();
        states.sort_by_key(|it| {
            std::cmp::Reverse((it.figures.held, it.figures.forced, it.figures.waited))
        });
        self.forced.iter_mut().for_each(|it| named(&mut it.state));
        self.forced.sort_by_key(|it| std::cmp::Reverse(it.at));
        self.longest_holds.iter_mut().for_each(|it| named(&mut it.state));
        self.longest_waits.iter_mut().for_each(|it| named(&mut it.state));
        self.gaps.silent_days = self.days.iter().filter(|day| !day.has_record).count();
        self.gaps.without_opening = self.requests.without_opening;
        self.gaps.not_served = states.iter().filter(|it| it.state.name.is_none()).count();
        LockReport {
            period: self.period,
            total: Figures::sum(states.iter().map(|it| &it.figures)),
            states,
            more_states: 0,
            days: self.days,
            forced: self.forced,
            longest_holds: self.longest_holds,
            longest_waits: self.longest_waits,
            open_requests: self.requests.open(),
            outcomes: self.requests.outcomes.into_values().collect(),
            machines: self.machines.figures(),
            gaps: self.gaps,
        }
    }

    fn note(&mut self, at: DateTime<Utc>) {
        let first = self.gaps.first_record.map_or(at, |first| first.min(at));
        self.gaps.first_record = Some(first);
    }

    fn on(&mut self, at: DateTime<Utc>, change: impl FnOnce(&mut DayFigures)) {
        let day = at.date_naive();
        if let Some(day) = self.days.iter_mut().find(|it| it.day == day) {
            change(day);
        }
    }
}

fn unnamed(path: &StatePath) -> Label {
    Label { path: path.clone(), name: None }
}

/// Keeps the longest few, the longest first.
fn keep_longest<T>(all: &mut Vec<T>, length: impl Fn(&T) -> TimeDelta) {
    all.sort_by_key(|it| std::cmp::Reverse(length(it)));
    all.truncate(LONGEST);
}
