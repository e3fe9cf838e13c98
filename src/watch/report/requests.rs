//! Requests in the audit trail: how long each was open, and how it ended.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};

use super::Period;
use crate::audit::{Action, Entry};
use crate::lock::{StatePath, age};

/// The requests of a trail, read entry by entry, each chain in its order.
#[derive(Debug, Default)]
pub(super) struct Requests {
    /// Requests that have no end yet, by their chain and number.
    open: HashMap<(StatePath, String), Opening>,
    /// How often each end was reached in the period.
    pub(super) outcomes: BTreeMap<&'static str, (Action, usize)>,
    /// Ends in the period without an opening.
    pub(super) without_opening: usize,
}

#[derive(Debug)]
struct Opening {
    at: DateTime<Utc>,
    reason: Option<String>,
}

/// A request that ended in the period.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) path: StatePath,
    pub(super) at: DateTime<Utc>,
    pub(super) outcome: Action,
    /// How long it was open, if known.
    pub(super) waited: Option<TimeDelta>,
    pub(super) reason: Option<String>,
    /// How long its lock had been held, if known.
    pub(super) held: Option<TimeDelta>,
}

/// An entry that this version does not understand.
#[derive(Debug)]
pub(super) struct NotUnderstood;

impl Requests {
    /// Adds an entry. Returns the request that it ends, if that was in the period.
    pub(super) fn add(
        &mut self,
        entry: &Entry,
        period: &Period,
    ) -> Result<Option<Ended>, NotUnderstood> {
        let at = moment(entry.text("at")).ok_or(NotUnderstood)?;
        let path = StatePath::parse(entry.path()).map_err(|_| NotUnderstood)?;
        let request = entry.text("request").ok_or(NotUnderstood)?.to_owned();
        let action = entry.text("action").and_then(Action::named).ok_or(NotUnderstood)?;
        let key = (path, request);
        if action == Action::Opened {
            self.open.insert(key, Opening { at, reason: entry.text("reason").map(str::to_owned) });
            return Ok(None);
        }
        if !Action::ENDS.contains(&action) {
            return Ok(None);
        }
        let opening = self.open.remove(&key);
        if !period.has(at) {
            return Ok(None);
        }
        self.outcomes.entry(action.as_str()).or_insert((action, 0)).1 += 1;
        self.without_opening += usize::from(opening.is_none());
        let created = moment(entry.text_of("lock", "created"));
        Ok(Some(Ended {
            path: key.0,
            at,
            outcome: action,
            waited: opening.as_ref().map(|opening| age(opening.at, at)),
            reason: opening.and_then(|opening| opening.reason),
            held: created.map(|created| age(created, at)),
        }))
    }

    /// How many requests have no end.
    pub(super) fn open(&self) -> usize {
        self.open.len()
    }
}

fn moment(text: Option<&str>) -> Option<DateTime<Utc>> {
    text?.parse().ok()
}
