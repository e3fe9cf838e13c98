//! The holds of one state over some days, for a picture by day and time of day.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

use super::{Ending, Hold, PastHold, Period};
use crate::lock::{StateName, age};

/// The days that a timeline shows.
pub const TIMELINE_DAYS: u16 = 30;

/// Fewest holds that are worth a picture.
const FEWEST: usize = 2;

/// From this length on, a hold may stand out.
const LONG: TimeDelta = TimeDelta::hours(1);

/// How many holds stand out at most.
const STAND_OUT: usize = 3;

/// What was read of a state's holds.
#[derive(Clone, Debug, Default)]
pub struct HoldRecords {
    /// The past holds, in any order.
    pub past: Vec<PastHold>,
    /// Whether there may be older ones, which were not read.
    pub has_more: bool,
    /// Stored items that this version cannot read.
    pub not_understood: usize,
    /// The hold that lasts.
    pub current: Current,
}

/// Whether a hold lasts, by the last look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Current {
    /// This one.
    Held(Box<Hold>),
    /// None.
    Free,
    /// It could not be read.
    #[default]
    NotKnown,
}

/// The holds of a state in a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeline {
    /// The state.
    pub state: StateName,
    /// The period. Its end is the present.
    pub period: Period,
    /// The holds of which a part is in the period, the first one first.
    pub stretches: Vec<Stretch>,
    /// The part at the beginning of which nothing is known.
    pub unknown: Option<Unknown>,
    /// Stored items that this version cannot read, and that are missing here.
    pub not_understood: usize,
    /// Whether it is known if a hold lasts.
    pub is_present_known: bool,
}

/// A part of a period at its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// Its end.
    pub until: DateTime<Utc>,
    /// Why it is not known.
    pub why: WhyUnknown,
}

/// Why nothing is known of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhyUnknown {
    /// Nothing is recorded of it or of any earlier time. Perhaps the bot was not there yet.
    NotRecorded,
    /// There were too many later holds to read its own.
    NotRead,
}

/// A hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// When it began, which may be before the period.
    pub since: DateTime<Utc>,
    /// When it ended, or the end of the period if it lasts.
    pub until: DateTime<Utc>,
    /// How it ended.
    pub end: StretchEnd,
    /// Whether it was announced as stale.
    pub looked_stale: bool,
}

/// How a hold ended, if it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StretchEnd {
    /// Without a request.
    Cleared,
    /// A request released it.
    Forced,
    /// Another run took the lock at once.
    ChangedHands,
    /// It lasts.
    Lasts,
}

/// The part of a hold that is on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The number of the day in the period, from 0.
    pub day: usize,
    /// Where it begins, since midnight.
    pub from: TimeDelta,
    /// Where it ends, since midnight.
    pub to: TimeDelta,
}

impl Timeline {
    /// The timeline of the last days. `None` if there are too few holds for a picture.
    #[must_use]
    pub fn of(state: StateName, now: DateTime<Utc>, records: &HoldRecords) -> Option<Self> {
        let period = Period::last(TIMELINE_DAYS, now);
        let current = match &records.current {
            Current::Held(hold) => Some(Stretch::lasting(hold, now)),
            Current::Free | Current::NotKnown => None,
        };
        let all = records.past.iter().map(|past| Stretch::past(past, now)).chain(current);
        let mut all: Vec<Stretch> = all.collect();
        all.sort_by_key(|stretch| (stretch.since, stretch.until));
        let unknown = all.first().map(|first| Unknown {
            until: first.since.min(now),
            why: if records.has_more { WhyUnknown::NotRead } else { WhyUnknown::NotRecorded },
        });
        all.retain(|stretch| stretch.until >= period.from && stretch.since <= period.to);
        (all.len() >= FEWEST).then_some(Self {
            state,
            period,
            stretches: all,
            unknown: unknown.filter(|unknown| unknown.until > period.from),
            not_understood: records.not_understood,
            is_present_known: records.current != Current::NotKnown,
        })
    }

    /// The parts of a hold, one for each day of the period that it touches.
    pub fn pieces(&self, of: &Stretch) -> impl Iterator<Item = Piece> + use<> {
        self.parts(of.since, of.until)
    }

    /// The parts of the time of which nothing is known.
    pub fn unknown_pieces(&self) -> impl Iterator<Item = Piece> + use<> {
        let until = self.unknown.map_or(self.period.from, |unknown| unknown.until);
        self.parts(self.period.from, until).filter(|piece| piece.from < piece.to)
    }

    /// The parts of the period.
    pub fn days(&self) -> impl Iterator<Item = Piece> + use<> {
        self.parts(self.period.from, self.period.to)
    }

    fn parts(
        &self,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> impl Iterator<Item = Piece> + use<> {
        let (since, until) = (since.max(self.period.from), until.min(self.period.to));
        let skipped = (since - self.period.from).num_days();
        let skipped = usize::try_from(skipped).unwrap_or(0);
        let days = self.period.days().enumerate().skip(skipped);
        let whole = days.map(|(day, date)| (day, date.and_time(NaiveTime::MIN).and_utc()));
        whole.take_while(move |(_, midnight)| *midnight <= until).filter_map(
            move |(day, midnight)| {
                let (from, to) = (since.max(midnight), until.min(midnight + TimeDelta::days(1)));
                // A hold that ends at midnight has no part on the next day, unless it is all that there is.
                let is_in = from < to || (from == to && since == until);
                is_in.then(|| Piece { day, from: from - midnight, to: to - midnight })
            },
        )
    }

    /// The holds that looked stale or were long, the longest first.
    #[must_use]
    pub fn standing_out(&self) -> Vec<Stretch> {
        let stands_out = |it: &&Stretch| it.looked_stale || it.length() >= LONG;
        let mut long: Vec<Stretch> = self.stretches.iter().filter(stands_out).copied().collect();
        long.sort_by_key(|stretch| std::cmp::Reverse(stretch.length()));
        long.truncate(STAND_OUT);
        long
    }

    /// How many holds ended like this.
    #[must_use]
    pub fn count(&self, end: StretchEnd) -> usize {
        self.stretches.iter().filter(|stretch| stretch.end == end).count()
    }
}

impl Stretch {
    fn past(past: &PastHold, now: DateTime<Utc>) -> Self {
        let until = past.ended_at.min(now);
        Self {
            // The holder's clock may be ahead.
            since: past.hold.since.min(until),
            until,
            end: match past.ending {
                Ending::Cleared => StretchEnd::Cleared,
                Ending::Unlocked { .. } => StretchEnd::Forced,
                Ending::ChangedHands => StretchEnd::ChangedHands,
            },
            looked_stale: past.hold.told_stale,
        }
    }

    fn lasting(hold: &Hold, now: DateTime<Utc>) -> Self {
        let (since, looked_stale) = (hold.since.min(now), hold.told_stale);
        Self { since, until: now, end: StretchEnd::Lasts, looked_stale }
    }

    /// How long it lasted, or has lasted.
    #[must_use]
    pub fn length(&self) -> TimeDelta {
        age(self.since, self.until)
    }
}

#[cfg(test)]
mod tests;
