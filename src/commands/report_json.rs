//! What `report --format json` prints. Others script against these fields: they are added to, never
//! changed.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::Serialize;

use super::report::Reported;
use crate::lock::StateName;
use crate::watch::{Figures, Label, Machine};

/// The figures of a period.
#[derive(Debug, Serialize)]
pub struct ReportJson<'r> {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    days: Vec<DayJson>,
    total: FiguresJson,
    states: Vec<StateJson<'r>>,
    requests_by_outcome: Vec<OutcomeJson>,
    open_requests: usize,
    forced_unlocks: Vec<ForcedJson<'r>>,
    longest_holds: Vec<HoldJson<'r>>,
    longest_waits: Vec<WaitJson<'r>>,
    machines: Vec<MachineJson<'r>>,
    gaps: GapsJson,
}

#[derive(Debug, Serialize)]
struct DayJson {
    day: NaiveDate,
    held_seconds: i64,
    forced_unlocks: usize,
    has_record: bool,
}

#[derive(Debug, Serialize)]
struct FiguresJson {
    holds: usize,
    held_now: usize,
    held_seconds: i64,
    longest_hold_seconds: i64,
    requests: usize,
    waited_seconds: i64,
    forced_unlocks: usize,
}

/// A state. `state` is null if no backend has its bucket.
#[derive(Debug, Serialize)]
struct LabelJson<'r> {
    state: Option<&'r str>,
    path: &'r str,
}

#[derive(Debug, Serialize)]
struct StateJson<'r> {
    #[serde(flatten)]
    label: LabelJson<'r>,
    #[serde(flatten)]
    figures: FiguresJson,
}

#[derive(Debug, Serialize)]
struct OutcomeJson {
    action: &'static str,
    requests: usize,
}

#[derive(Debug, Serialize)]
struct ForcedJson<'r> {
    #[serde(flatten)]
    label: LabelJson<'r>,
    at: DateTime<Utc>,
    held_seconds: Option<i64>,
    reason: Option<&'r str>,
}

#[derive(Debug, Serialize)]
struct HoldJson<'r> {
    #[serde(flatten)]
    label: LabelJson<'r>,
    seconds: i64,
    ended_at: Option<DateTime<Utc>>,
    operation: Option<&'r str>,
    forced_unlock: bool,
}

#[derive(Debug, Serialize)]
struct WaitJson<'r> {
    #[serde(flatten)]
    label: LabelJson<'r>,
    seconds: i64,
    ended_at: DateTime<Utc>,
    action: &'static str,
}

/// Machines. `pattern` is null for `single` and `not_known` ones.
#[derive(Debug, Serialize)]
struct MachineJson<'r> {
    kind: &'static str,
    pattern: Option<&'r str>,
    holds: usize,
    forced_unlocks: usize,
    looked_stale: usize,
}

#[derive(Debug, Serialize)]
struct GapsJson {
    first_record: Option<DateTime<Utc>>,
    days_without_record: usize,
    items_not_understood: usize,
    requests_without_opening: usize,
    states_not_served: usize,
    holds_not_watched: usize,
    locks_not_looked_at: usize,
    stores_not_read: Vec<String>,
}

impl<'r> From<&'r Label> for LabelJson<'r> {
    fn from(label: &'r Label) -> Self {
        Self { state: label.name.as_ref().map(StateName::as_str), path: label.path.as_str() }
    }
}

impl From<&Figures> for FiguresJson {
    fn from(of: &Figures) -> Self {
        Self {
            holds: of.holds,
            held_now: of.held_now,
            held_seconds: of.held.num_seconds(),
            longest_hold_seconds: of.longest.num_seconds(),
            requests: of.requests,
            waited_seconds: of.waited.num_seconds(),
            forced_unlocks: of.forced,
        }
    }
}

impl<'r> From<&'r Reported> for ReportJson<'r> {
    fn from(Reported { report, unread }: &'r Reported) -> Self {
        let days = report.days.iter().map(|it| DayJson {
            day: it.day,
            held_seconds: it.held.num_seconds(),
            forced_unlocks: it.forced,
            has_record: it.has_record,
        });
        let states = report.states.iter();
        let states =
            states.map(|it| StateJson { label: (&it.state).into(), figures: (&it.figures).into() });
        let outcomes = report.outcomes.iter();
        let outcomes =
            outcomes.map(|&(end, requests)| OutcomeJson { action: end.as_str(), requests });
        let forced = report.forced.iter().map(|it| ForcedJson {
            label: (&it.state).into(),
            at: it.at,
            held_seconds: it.held.map(|held| TimeDelta::num_seconds(&held)),
            reason: it.reason.as_deref(),
        });
        let holds = report.longest_holds.iter().map(|it| HoldJson {
            label: (&it.state).into(),
            seconds: it.length.num_seconds(),
            ended_at: it.ended_at,
            operation: it.operation.as_deref(),
            forced_unlock: it.forced,
        });
        let waits = report.longest_waits.iter().map(|it| WaitJson {
            label: (&it.state).into(),
            seconds: it.waited.num_seconds(),
            ended_at: it.ended_at,
            action: it.outcome.as_str(),
        });
        let machines = report.machines.iter().map(|it| {
            let (kind, pattern) = match &it.machine {
                Machine::Named(pattern) => ("pattern", Some(pattern.as_str())),
                Machine::Single => ("single", None),
                Machine::NotKnown => ("not_known", None),
            };
            let (holds, forced_unlocks, looked_stale) = (it.holds, it.forced, it.stale);
            MachineJson { kind, pattern, holds, forced_unlocks, looked_stale }
        });
        let gaps = &report.gaps;
        Self {
            from: report.period.from,
            to: report.period.to,
            days: days.collect(),
            total: (&report.total).into(),
            states: states.collect(),
            requests_by_outcome: outcomes.collect(),
            open_requests: report.open_requests,
            forced_unlocks: forced.collect(),
            longest_holds: holds.collect(),
            longest_waits: waits.collect(),
            machines: machines.collect(),
            gaps: GapsJson {
                first_record: gaps.first_record,
                days_without_record: gaps.silent_days,
                items_not_understood: gaps.not_understood,
                requests_without_opening: gaps.without_opening,
                states_not_served: gaps.not_served,
                holds_not_watched: gaps.unwatched,
                locks_not_looked_at: gaps.not_looked_at,
                stores_not_read: unread.iter().map(|it| it.fault.to_string()).collect(),
            },
        }
    }
}
