//! What `--json` prints. Others script against these fields: they are added to, never changed.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use super::Report;
use crate::lock::{LockInfo, LockState, Sources, Store, age};

/// One state, as `status --json` prints it and `list --json` prints an array of it.
#[derive(Debug, Serialize)]
pub struct StatusJson<'r> {
    state: &'r str,
    path: &'r str,
    locked: bool,
    readable: bool,
    sources: Vec<&'static str>,
    half_locked: bool,
    lock: Option<LockJson<'r>>,
}

/// The record of a readable lock, its texts as they are written.
#[derive(Debug, Serialize)]
struct LockJson<'r> {
    id: &'r str,
    operation: &'r str,
    who: &'r str,
    version: &'r str,
    created: Option<String>,
    info: &'r str,
    path: &'r str,
    age_seconds: Option<i64>,
}

impl<'r> From<&'r Report> for StatusJson<'r> {
    fn from(report: &'r Report) -> Self {
        let sources = report.lock.sources();
        Self {
            state: report.state.name.as_str(),
            path: report.state.path.as_str(),
            locked: report.lock != LockState::Free,
            readable: !matches!(report.lock, LockState::Unreadable(_)),
            sources: sources
                .map(|sources| sources.stores().into_iter().map(Store::as_str).collect())
                .unwrap_or_default(),
            half_locked: sources.is_some_and(|sources| Sources::half(sources).is_some()),
            lock: report.lock.info().map(|info| LockJson::new(info, report)),
        }
    }
}

impl<'r> LockJson<'r> {
    fn new(info: &'r LockInfo, report: &'r Report) -> Self {
        let written = |moment: DateTime<Utc>| moment.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        Self {
            id: info.id.as_str(),
            operation: info.operation.as_written(),
            who: &info.who,
            version: &info.version,
            created: info.created.map(written),
            info: &info.info,
            path: &info.path,
            age_seconds: report.lock.since().map(|since| age(since, report.at).num_seconds()),
        }
    }
}
