//! The `[[backend]]` tables.

use std::ops::Range;

use super::mistakes::{Mistake, Mistakes, quoted};
use super::reader::Table;
use crate::lock::{Access, Backend, BackendName, BackendStores, KeyTemplate, NoStore, Tool};
use crate::settings::{STATE_KEY, WORKSPACE_KEY_PREFIX};

/// The keys of a `[[backend]]`.
pub const BACKEND_KEYS: [&str; 12] = [
    "name",
    "bucket",
    "key",
    "workspace_key_prefix",
    "region",
    "profile",
    "role_arn",
    "external_id",
    "endpoint",
    "dynamodb_table",
    "use_lockfile",
    "release_with",
];

/// The backends of a file.
pub(super) struct Backends {
    /// Those without a mistake.
    pub(super) usable: Vec<BackendStores>,
    /// The names of all, so that a mistake in one is not reported again where it is named.
    pub(super) names: Vec<BackendName>,
}

/// A backend, with the places that a conflict with another one points at.
struct Placed {
    stores: BackendStores,
    heading: Range<usize>,
    endpoint: Option<Range<usize>>,
}

/// Reads every backend. One whose name cannot be used goes by the stand-in.
pub(super) fn backends(
    tables: &[Table<'_>],
    stand_in: &BackendName,
    mistakes: &mut Mistakes,
) -> Backends {
    let mut names: Vec<(BackendName, Range<usize>)> = Vec::new();
    let mut placed: Vec<Placed> = Vec::new();
    for table in tables {
        let name = name(table, &names, mistakes);
        // A backend without a usable name is checked too.
        let called = name.as_ref().map_or(stand_in, |(name, _)| name);
        let backend = backend(table, called.clone(), mistakes);
        if let (Some(name), backend) = (name, backend) {
            let clash = backend
                .as_ref()
                .and_then(|backend| placed.iter().find_map(|earlier| conflict(earlier, backend)));
            if let Some(clash) = clash {
                mistakes.push(clash);
            }
            placed.extend(backend);
            names.push(name);
        }
    }
    Backends {
        usable: placed.into_iter().map(|placed| placed.stores).collect(),
        names: names.into_iter().map(|(name, _)| name).collect(),
    }
}

fn name(
    table: &Table<'_>,
    earlier: &[(BackendName, Range<usize>)],
    mistakes: &mut Mistakes,
) -> Option<(BackendName, Range<usize>)> {
    let entry = table.required("name", mistakes)?;
    let text = entry.text(mistakes)?;
    let Ok(name) = BackendName::new(text) else {
        let what = format!("{} is no name for a backend", quoted(text));
        let remedy = "use lower-case letters, digits, - and _";
        mistakes.add_with(entry.at(), what, remedy);
        return None;
    };
    if let Some((_, first)) = earlier.iter().find(|(other, _)| *other == name) {
        mistakes.push(Mistake {
            what: format!("a second backend is called {}", quoted(text)),
            at: entry.at(),
            remedy: Some("give each backend a name of its own".to_owned()),
            earlier: Some((first.clone(), "the first one")),
        });
    }
    Some((name, entry.at()))
}

fn backend(table: &Table<'_>, name: BackendName, mistakes: &mut Mistakes) -> Option<Placed> {
    let bucket = table.required("bucket", mistakes).and_then(|entry| {
        let text = entry.text(mistakes)?;
        Some((entry, text))
    });
    let key = match table.get("key") {
        None => STATE_KEY.parse().ok(),
        Some(entry) => entry.text(mistakes).and_then(|text| {
            let parsed = text.parse::<KeyTemplate>();
            parsed.map_err(|error| mistakes.add(entry.at(), format!("`key` {error}"))).ok()
        }),
    };
    let prefix = match table.get("workspace_key_prefix") {
        None => Some(WORKSPACE_KEY_PREFIX),
        Some(entry) => entry.text_or_empty(mistakes),
    };
    let access = access(table, mistakes);
    let lock_table = table.text("dynamodb_table", mistakes);
    let use_lockfile = match table.get("use_lockfile") {
        None => Some(false),
        Some(entry) => entry.flag(mistakes),
    };
    let tool = tool(table, mistakes);
    let (entry, bucket) = bucket?;
    // The bucket is checked even if the key is wrong.
    let template = key.clone().or_else(|| STATE_KEY.parse().ok())?;
    let backend = Backend::new(name, bucket, template, prefix?);
    let backend =
        backend.map_err(|error| mistakes.add(entry.at(), format!("`bucket` {error}"))).ok()?;
    key?;
    // Without a value for `dynamodb_table`, its own mistake is reported already.
    let is_wrong = table.get("dynamodb_table").is_some() && lock_table.is_none();
    match BackendStores::new(backend, lock_table, use_lockfile?) {
        Ok(stores) => Some(Placed {
            stores: match tool? {
                Some(tool) => stores.reached_by(access?).released_with(tool),
                None => stores.reached_by(access?),
            },
            heading: table.at.clone(),
            endpoint: table.get("endpoint").map(|entry| entry.at()),
        }),
        Err(NoStore) if is_wrong => None,
        Err(NoStore) => {
            let what = "this backend has no locks";
            let remedy = "set `dynamodb_table` to your lock table, or `use_lockfile = true`, or \
                 both, as in your backend block";
            mistakes.add_with(table.at.clone(), what, remedy);
            None
        }
    }
}

/// The program that releases its locks. `None` after a mistake.
#[expect(clippy::option_option, reason = "the outer one is about a mistake")]
fn tool(table: &Table<'_>, mistakes: &mut Mistakes) -> Option<Option<Tool>> {
    let Some(entry) = table.get("release_with") else {
        return Some(None);
    };
    let text = entry.text(mistakes)?;
    let found = Tool::ALL.into_iter().find(|tool| tool.as_str() == text);
    if found.is_none() {
        let what = format!("{} is no program that releases locks", quoted(text));
        mistakes.add_with(
            entry.at(),
            what,
            "write `terraform` or `tofu`, or leave `release_with` out",
        );
        return None;
    }
    Some(found)
}

/// How the backend is reached. `None` after a mistake.
fn access(table: &Table<'_>, mistakes: &mut Mistakes) -> Option<Access> {
    let keys = ["region", "profile", "role_arn", "external_id", "endpoint"];
    let access = Access {
        region: table.text("region", mistakes),
        profile: table.text("profile", mistakes),
        role_arn: table.text("role_arn", mistakes),
        external_id: table.text("external_id", mistakes),
        endpoint: table.text("endpoint", mistakes).map(|url| url.trim_end_matches('/').to_owned()),
    };
    let found =
        [&access.region, &access.profile, &access.role_arn, &access.external_id, &access.endpoint];
    let mut is_right =
        keys.into_iter().zip(found).all(|(key, value)| table.get(key).is_none() || value.is_some());
    let mut wrong = |key: &'static str, what: &str, remedy: &str| {
        if let Some(entry) = table.get(key) {
            mistakes.add_with(entry.at(), what, remedy);
        }
        is_right = false;
    };
    if access.role_arn.as_ref().is_some_and(|role| !is_role_arn(role)) {
        let remedy = "write it as in arn:aws:iam::123456789012:role/locktender";
        wrong("role_arn", "`role_arn` must be the ARN of a role", remedy);
    }
    if access.external_id.is_some() && table.get("role_arn").is_none() {
        let remedy = "an external id belongs to a role: add `role_arn`, or remove the key";
        wrong("external_id", "`external_id` is given without `role_arn`", remedy);
    }
    let has_scheme = |url: &String| url.starts_with("http://") || url.starts_with("https://");
    if access.endpoint.as_ref().is_some_and(|url| !has_scheme(url)) {
        let remedy = "write it as in https://minio.example.com:9000";
        wrong("endpoint", "`endpoint` must begin with http:// or https://", remedy);
    }
    is_right.then_some(access)
}

/// Whether a text has the form `arn:PARTITION:iam::ACCOUNT:role/NAME` (IAM user guide, "IAM identifiers").
fn is_role_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [arn, partition, service, region, account, role] = *parts else {
        return false;
    };
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let is_named = role.strip_prefix("role/").is_some_and(|name| !name.is_empty());
    (arn, service, region) == ("arn", "iam", "") && !partition.is_empty() && is_account && is_named
}

/// Why two backends cannot be told apart. A state path names one bucket, and a state has one lock.
fn conflict(earlier: &Placed, later: &Placed) -> Option<Mistake> {
    let (a, b) = (earlier.stores.backend(), later.stores.backend());
    if a.bucket != b.bucket {
        return None;
    }
    let both = format!("the backends `{}` and `{}`", a.name, b.name);
    let (what, remedy) = if earlier.stores.access().endpoint != later.stores.access().endpoint {
        return Some(Mistake {
            what: format!("{both} have the bucket {} at two endpoints", quoted(&a.bucket)),
            at: later.endpoint.clone().unwrap_or_else(|| later.heading.clone()),
            remedy: Some(TWO_ENDPOINTS.to_owned()),
            earlier: Some((
                earlier.endpoint.clone().unwrap_or_else(|| earlier.heading.clone()),
                "the first one",
            )),
        });
    } else if a.key != b.key || a.workspace_key_prefix != b.workspace_key_prefix {
        return None;
    } else if stores_differ(&earlier.stores, &later.stores) {
        (format!("{both} have the same bucket and key, but different locks"), TWO_LOCKS)
    } else {
        (format!("{both} have the same states"), SAME_STATES)
    };
    Some(Mistake {
        what,
        at: later.heading.clone(),
        remedy: Some(remedy.to_owned()),
        earlier: Some((earlier.heading.clone(), "the first one")),
    })
}

const TWO_ENDPOINTS: &str = "a state path has the bucket's name alone, so it would mean two states: \
    give both the same `endpoint`, or serve one of them with another Locktender";
const TWO_LOCKS: &str = "give each its own `key`, such as team-a/{state}/terraform.tfstate: it tells \
    whose lock a state uses";
const SAME_STATES: &str = "remove one of them, or give each its own `key`, such as \
    team-a/{state}/terraform.tfstate";

fn stores_differ(a: &BackendStores, b: &BackendStores) -> bool {
    (a.lock_table(), a.lockfile_bucket(), a.access())
        != (b.lock_table(), b.lockfile_bucket(), b.access())
}
