//! What `locktender config check` says.

use std::fmt::Display;

use chrono::TimeDelta;

use super::parts::counted;
use crate::lock::{Access, BackendStores, State, StatePath};
use crate::people::Holders;
use crate::text::visible;
use crate::unlock::{Policies, Policy};
use crate::watch::WeeklyTime;

/// What the settings mean, to be put into words.
pub(crate) struct Meaning<'m> {
    /// The file, if there is one.
    pub(crate) file: Option<&'m str>,
    pub(crate) backends: &'m [BackendStores],
    pub(crate) policies: &'m Policies,
    /// The line of each policy by state.
    pub(crate) lines: &'m [usize],
    pub(crate) holders: &'m Holders,
    /// When the weekly report is posted, if it is.
    pub(crate) report_at: Option<WeeklyTime>,
    /// The variables that are set and not used, because the file has backends.
    pub(crate) unused: &'m [&'static str],
    /// What `run` needs and does not have, each with its remedy.
    pub(crate) missing: &'m [String],
}

/// A part of the page: a heading, if it is not empty, and lines below it.
pub(crate) struct Section {
    pub(crate) heading: String,
    pub(crate) lines: Vec<Line>,
}

/// A line of a section: a text, or the value of a label.
pub(crate) struct Line {
    pub(crate) indent: usize,
    pub(crate) label: Option<&'static str>,
    pub(crate) text: String,
}

impl Section {
    fn sentence(text: String) -> Self {
        Self { heading: String::new(), lines: vec![Line::text(0, text)] }
    }

    fn of_fields(heading: String, fields: Vec<Field>) -> Self {
        Self { heading, lines: fields.into_iter().map(|field| Line::field(2, field)).collect() }
    }

    fn of_texts(heading: String, texts: impl IntoIterator<Item = String>) -> Self {
        Self { heading, lines: texts.into_iter().map(|text| Line::text(2, text)).collect() }
    }
}

impl Line {
    fn text(indent: usize, text: String) -> Self {
        Self { indent, label: None, text }
    }

    fn field(indent: usize, (label, text): Field) -> Self {
        Self { indent, label: Some(label), text }
    }
}

/// All of it, section by section.
pub(crate) fn overview(meaning: &Meaning<'_>) -> Vec<Section> {
    let mut sections = backends(meaning.backends);
    let mut general = rules(meaning.policies.general());
    general.extend(
        meaning.report_at.map(|at| ("Weekly report", format!("{at} UTC, in that channel"))),
    );
    sections.push(Section::of_fields("General rules, from the environment".to_owned(), general));
    if !meaning.policies.by_state().is_empty() {
        sections.push(policies(meaning));
    }
    let holders: Vec<String> = meaning
        .holders
        .all()
        .map(|(who, person)| format!("{} is user {person}", visible(who.as_str())))
        .collect();
    if !holders.is_empty() {
        let heading = "Holders. The last pattern that matches counts.";
        sections.push(Section::of_texts(heading.to_owned(), holders));
    }
    if !meaning.unused.is_empty() {
        sections.push(Section::sentence(format!("{}.", unused(meaning.unused))));
    }
    if !meaning.missing.is_empty() {
        let heading = "`run` needs more settings.".to_owned();
        sections.push(Section::of_texts(heading, meaning.missing.iter().cloned()));
    }
    sections.push(Section::sentence(match meaning.file {
        Some(file) => format!("{} has no mistakes.", visible(file)),
        None if meaning.missing.is_empty() => {
            "There is no file: LOCKTENDER_CONFIG is not set. The environment has no mistakes."
                .to_owned()
        }
        None => "There is no file: LOCKTENDER_CONFIG is not set. What is set has no mistakes."
            .to_owned(),
    }));
    sections
}

/// `Not used, because the file has backends: LOCKTENDER_STATE_BUCKET`.
pub(crate) fn unused(variables: &[&'static str]) -> String {
    format!("Not used, because the file has backends: {}", variables.join(", "))
}

fn backends(all: &[BackendStores]) -> Vec<Section> {
    let all = all.iter().map(|stores| {
        let backend = stores.backend();
        let mut fields = vec![
            ("Bucket", visible(&backend.bucket)),
            ("Key", visible(&backend.key.to_string())),
            ("Workspaces", workspaces(&backend.workspace_key_prefix)),
            ("Locks", locks(stores)),
        ];
        fields.extend(access(stores.access()).map(|way| ("Reached", way)));
        Section::of_fields(format!("Backend {}", backend.name), fields)
    });
    all.collect()
}

fn policies(meaning: &Meaning<'_>) -> Section {
    let general = rules(meaning.policies.general());
    let mut lines = Vec::new();
    for (of, line) in meaning.policies.by_state().iter().zip(meaning.lines) {
        let differ = rules(&of.policy).into_iter().zip(&general);
        let differ = differ.filter(|(own, general)| own != *general).map(|(own, _)| own);
        let fields: Vec<Line> = differ.map(|field| Line::field(4, field)).collect();
        let as_general = if fields.is_empty() { ": the general rules" } else { "" };
        let heading = format!("line {line}, states {}{as_general}", visible(of.states.as_str()));
        lines.push(Line::text(2, heading));
        lines.extend(fields);
    }
    let heading = "Rules by state. The last pattern that matches a state gives all of its rules. What \
                   a [[policy]] leaves out is general.";
    Section { heading: heading.to_owned(), lines }
}

/// The backend, the lock and the rules of one state.
pub(crate) fn explained(state: &State, stores: &BackendStores, meaning: &Meaning<'_>) -> Section {
    let at = meaning.policies.matching(state);
    let table = at.and_then(|at| {
        let glob = meaning.policies.by_state().get(at)?.states.as_str();
        Some(format!("[[policy]] at line {}, states {}", meaning.lines.get(at)?, visible(glob)))
    });
    let mut fields = vec![
        ("State path", visible(state.path.as_str())),
        ("Backend", state.backend.to_string()),
        ("Lock", lock(state, stores)),
    ];
    fields.extend(access(stores.access()).map(|way| ("Reached", way)));
    fields.push(("Rules", table.unwrap_or_else(|| "the general rules".to_owned())));
    fields.extend(rules(meaning.policies.of(state)));
    Section::of_fields(visible(state.name.as_str()), fields)
}

/// The less likely meanings of a name. Which it has depends on which states exist.
pub(crate) fn also(others: &[StatePath]) -> Section {
    let sentence = "No backend was asked. If there is no state at the path above, the name means one of \
                    these, if it exists:";
    let mut section = Section::sentence(sentence.to_owned());
    let others = others.iter().map(|path| Line::text(2, visible(path.as_str())));
    section.lines.extend(others);
    section
}

/// A lock ID in place of a name.
pub(crate) fn lock_id_not_explained() -> String {
    "a lock ID names a state only as long as the lock is held, and this asks no backend: give the \
     state's name or its path"
        .to_owned()
}

type Field = (&'static str, String);

/// The rules, in the same order for every policy.
fn rules(policy: &Policy) -> Vec<Field> {
    let approvals = u64::from(policy.approvals.get());
    let approvers = match &policy.approver_roles {
        none if none.is_empty() => "not set; `run` needs LOCKTENDER_APPROVER_ROLE_IDS".to_owned(),
        roles => format!("members with role {}", either(roles)),
    };
    let asking = &policy.asking;
    let requesters = match &asking.roles {
        none if none.is_empty() => "anybody".to_owned(),
        roles => format!("members with role {}", either(roles)),
    };
    let channels = match &asking.channels {
        none if none.is_empty() => "in any channel".to_owned(),
        channels => format!("in channel {}, with its public threads", either(channels)),
    };
    let announced = match (policy.announce, policy.announce_min_hold) {
        (None, _) => "nowhere; a release in the channel of its request".to_owned(),
        (Some(channel), hold) if hold.is_zero() => format!("in channel {channel}, every hold"),
        (Some(channel), hold) => format!("in channel {channel}, holds of {} or more", exact(hold)),
    };
    vec![
        ("Who may approve", approvers),
        ("Approvals", counted(approvals, "person", "people") + ", the requester not counted"),
        ("Who may ask", requesters),
        ("Where", channels),
        ("A request lasts", exact(policy.request_ttl)),
        ("Stale after", exact(policy.stale_after) + ", where past holds do not tell"),
        ("Announced", announced),
    ]
}

fn workspaces(prefix: &str) -> String {
    match prefix {
        "" => "WORKSPACE/KEY".to_owned(),
        prefix => format!("{}/WORKSPACE/KEY", visible(prefix)),
    }
}

fn locks(stores: &BackendStores) -> String {
    let table = stores.lock_table().map(|table| format!("the DynamoDB table {}", visible(table)));
    let lockfiles = stores.lockfile_bucket().map(|_| "lockfiles in the bucket".to_owned());
    let stores_of = table.into_iter().chain(lockfiles).collect::<Vec<_>>().join(" and ");
    match stores.tool() {
        Some(tool) => format!("{stores_of}, released with {}", tool.as_str()),
        None => stores_of,
    }
}

fn lock(state: &State, stores: &BackendStores) -> String {
    let row = stores.lock_table().map(|table| {
        let row = visible(state.path.as_str());
        format!("the row {row} in the DynamoDB table {}", visible(table))
    });
    let lockfile = stores.lockfile_bucket().map(|bucket| {
        format!("the object s3://{}/{}", visible(bucket), visible(&state.path.lockfile_key()))
    });
    row.into_iter().chain(lockfile).collect::<Vec<_>>().join(" and ")
}

/// How the stores are reached. `None` if as the bot's own tables.
fn access(access: &Access) -> Option<String> {
    let Access { region, profile, role_arn, external_id, endpoint } = access;
    let part = |what: &str, value: &Option<String>| {
        value.as_ref().map(|value| format!("{what} {}", visible(value)))
    };
    let parts = [
        part("in region", region),
        part("with the profile", profile),
        part("with the role", role_arn),
        external_id.as_ref().map(|_| "with an external ID".to_owned()),
        part("at", endpoint),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// A duration without rounding, as it is written in the settings: `1d 2h`.
fn exact(duration: TimeDelta) -> String {
    let units = [
        (duration.num_days(), "d"),
        (duration.num_hours() % 24, "h"),
        (duration.num_minutes() % 60, "m"),
        (duration.num_seconds() % 60, "s"),
    ];
    let parts = units.into_iter().filter(|(number, _)| *number != 0);
    let parts: Vec<String> = parts.map(|(number, unit)| format!("{number}{unit}")).collect();
    if parts.is_empty() { "0s".to_owned() } else { parts.join(" ") }
}

fn either<T: Display>(ids: impl IntoIterator<Item = T>) -> String {
    ids.into_iter().map(|id| id.to_string()).collect::<Vec<_>>().join(" or ")
}
