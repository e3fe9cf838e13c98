//! What `--json` prints. Others script against these fields: they are added to, never changed.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::finding::Report;
use crate::lock::{LockInfo, LockState, Store, age};

/// One state, as `status --json` prints it and `list --json` prints an array of it.
#[derive(Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "scripts rely on each of these fields")]
pub struct StatusJson<'r> {
    state: &'r str,
    path: &'r str,
    locked: bool,
    readable: bool,
    sources: Vec<&'static str>,
    half_locked: bool,
    known: bool,
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
            half_locked: report.lock.half().is_some(),
            known: report.known.is_known(),
            lock: report.lock.info().map(|info| LockJson::new(info, report)),
        }
    }
}

impl<'r> LockJson<'r> {
    fn new(info: &'r LockInfo, report: &'r Report) -> Self {
        Self {
            id: info.id.as_str(),
            operation: info.operation.as_written(),
            who: &info.who,
            version: &info.version,
            created: info.created.map(as_go_writes),
            info: &info.info,
            path: &info.path,
            age_seconds: report.lock.since().map(|since| age(since, report.at).num_seconds()),
        }
    }
}

/// A moment as Terraform writes it into a record: RFC 3339 in UTC, the fraction without the zeros
/// at its end (Go's `time.RFC3339Nano`).
fn as_go_writes(moment: DateTime<Utc>) -> String {
    let text = moment.format("%Y-%m-%dT%H:%M:%S%.9f").to_string();
    format!("{}Z", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_they_were_read() {
        for text in [
            "2026-11-23T08:50:21.532151069Z",
            "2026-11-23T08:50:21.53Z",
            "2026-11-23T08:50:20Z",
            "2026-11-23T00:00:00Z",
        ] {
            assert_eq!(as_go_writes(text.parse().unwrap()), text);
        }
    }
}
