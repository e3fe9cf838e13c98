//! The `[[policy]]` tables.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use chrono::TimeDelta;

use super::mistakes::{Mistakes, quoted};
use super::reader::{Entry, Table, listed, nearest};
use crate::lock::BackendName;
use crate::people::{ChannelId, RoleId};
use crate::settings::checked::approvals;
use crate::unlock::{Asking, Policy, StateGlob, StatePolicy};

/// The keys of a `[[policy]]`.
pub const POLICY_KEYS: [&str; 9] = [
    "states",
    "approvers",
    "requesters",
    "approvals",
    "request_ttl",
    "stale_after",
    "announce_channel",
    "announce_min_hold",
    "request_channels",
];

/// The rules of some states, as a file gives them.
#[derive(Clone, Debug)]
pub struct PolicyTable {
    /// The line of its heading, from 1.
    pub line: usize,
    /// The states.
    pub states: StateGlob,
    rules: Rules,
}

/// The rules that a table gives. The others are general.
#[derive(Clone, Debug)]
struct Rules {
    approvers: Option<BTreeSet<RoleId>>,
    requesters: Option<BTreeSet<RoleId>>,
    approvals: Option<NonZeroU32>,
    request_ttl: Option<TimeDelta>,
    stale_after: Option<TimeDelta>,
    announce_channel: Option<ChannelId>,
    announce_min_hold: Option<TimeDelta>,
    request_channels: Option<BTreeSet<ChannelId>>,
}

impl PolicyTable {
    /// Completes its rules with the general ones.
    #[must_use]
    pub fn over(&self, general: &Policy) -> StatePolicy {
        let rules = self.rules.clone();
        let policy = Policy {
            approver_roles: rules.approvers.unwrap_or_else(|| general.approver_roles.clone()),
            approvals: rules.approvals.unwrap_or(general.approvals),
            request_ttl: rules.request_ttl.unwrap_or(general.request_ttl),
            stale_after: rules.stale_after.unwrap_or(general.stale_after),
            announce: rules.announce_channel.or(general.announce),
            announce_min_hold: rules.announce_min_hold.unwrap_or(general.announce_min_hold),
            asking: Asking {
                roles: rules.requesters.unwrap_or_else(|| general.asking.roles.clone()),
                channels: rules.request_channels.unwrap_or_else(|| general.asking.channels.clone()),
            },
        };
        StatePolicy { states: self.states.clone(), policy }
    }
}

/// Reads a policy. `None` after a mistake.
pub(super) fn policy(
    table: &Table<'_>,
    line: usize,
    backends: &[BackendName],
    mistakes: &mut Mistakes,
) -> Option<PolicyTable> {
    let states = table.required("states", mistakes);
    let states = states.and_then(|entry| states_of(&entry, backends, mistakes));
    let rules = Rules {
        approvers: table.get("approvers").and_then(|it| it.ids(RoleId::new, mistakes)),
        requesters: table.get("requesters").and_then(|it| it.ids(RoleId::new, mistakes)),
        approvals: table
            .get("approvals")
            .and_then(|it| it.number("a number from 1 to 10", approvals, mistakes)),
        request_ttl: table.get("request_ttl").and_then(|it| it.time(mistakes)),
        stale_after: table.get("stale_after").and_then(|it| it.time(mistakes)),
        announce_channel: table
            .get("announce_channel")
            .and_then(|it| it.id(ChannelId::new, mistakes)),
        announce_min_hold: table.get("announce_min_hold").and_then(|it| it.time_or_zero(mistakes)),
        request_channels: table
            .get("request_channels")
            .and_then(|it| it.ids(ChannelId::new, mistakes)),
    };
    Some(PolicyTable { line, states: states?, rules })
}

fn states_of(
    entry: &Entry<'_>,
    backends: &[BackendName],
    mistakes: &mut Mistakes,
) -> Option<StateGlob> {
    let text = entry.text(mistakes)?;
    let is_backend = |name: &str| backends.iter().any(|backend| backend.as_str() == name);
    if let Some(name) = named_backend(text)
        && !is_backend(name)
    {
        let names = || backends.iter().map(BackendName::as_str);
        let remedy = match nearest(name, names()) {
            _ if name.contains(['*', '?', '{', '[']) => {
                "a pattern without a backend's name matches in every backend".to_owned()
            }
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("there is {}", listed(names())),
        };
        mistakes.add_with(entry.at(), format!("no backend is called {}", quoted(name)), remedy);
        return None;
    }
    let glob = StateGlob::new(text, is_backend);
    let what = |error| format!("{} is no pattern for states: {error}", quoted(text));
    glob.map_err(|error| mistakes.add(entry.at(), what(error))).ok()
}

/// The part of a pattern that stands where a backend's name does: before the first colon. `env:/` begins
/// the key of a workspace. No name of a state has a colon in its first part otherwise, so such a
/// pattern would match nothing.
fn named_backend(pattern: &str) -> Option<&str> {
    let (name, rest) = pattern.split_once(':')?;
    (!name.contains('/') && !rest.starts_with('/')).then_some(name)
}
