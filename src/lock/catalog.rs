//! Translates names to paths and paths to names.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::name::check;
use super::template::{KeyTemplate, PLACEHOLDER};
use super::{NameError, State, StateName, StatePath, is_handle, is_lock_id};

/// Terraform's name for the workspace without a key prefix.
const DEFAULT_WORKSPACE: &str = "default";

/// The name of a backend, as in `main:env/prod`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BackendName(Arc<str>);

/// The naming rules of one S3 backend, from its `backend "s3"` blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backend {
    /// The name that people use for it.
    pub name: BackendName,
    /// The bucket of its states.
    pub bucket: String,
    /// How a name becomes a key.
    pub key: KeyTemplate,
    /// The part of a key before the workspace. May be empty.
    pub workspace_key_prefix: String,
}

/// Why a backend's settings cannot be used. Each text continues the setting's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackendError {
    /// The key template has no placeholder, or several.
    #[error("must have {PLACEHOLDER} exactly once, as in {PLACEHOLDER}/terraform.tfstate")]
    Placeholder,
    /// The text is not a bucket name.
    #[error("must be the name of an S3 bucket, without s3:// and without slashes")]
    Bucket,
    /// The backend's name could be mistaken for part of a state's name.
    #[error("must be lower-case letters, digits, - and _")]
    Name,
}

/// All configured backends. Finds the state of a name, and the name of a state.
///
/// For each path of a configured bucket, the first of `meanings(state_at(path).name)` is that
/// state.
#[derive(Clone, Debug)]
pub struct Catalog {
    backends: Vec<Backend>,
}

impl BackendName {
    /// Checks a backend's name.
    ///
    /// # Errors
    /// When it contains anything but lower-case letters, digits, `-` and `_`.
    pub fn new(name: &str) -> Result<Self, BackendError> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
        if name.is_empty() || !name.chars().all(fits) {
            return Err(BackendError::Name);
        }
        Ok(Self(name.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for BackendName {
    type Error = BackendError;

    fn try_from(text: String) -> Result<Self, BackendError> {
        Self::new(&text)
    }
}

impl From<BackendName> for String {
    fn from(name: BackendName) -> Self {
        name.as_str().to_owned()
    }
}

impl fmt::Display for BackendName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Backend {
    /// Whether its rules can make this key: `{state}/terraform.tfstate` makes
    /// `a/terraform.tfstate`, and in a workspace `env:/blue/a/terraform.tfstate`.
    pub(super) fn fits(&self, key: &str) -> bool {
        let of_workspace = || {
            let rest = match &*self.workspace_key_prefix {
                "" => key,
                prefix => key.strip_prefix(prefix)?.strip_prefix('/')?,
            };
            self.key.state(rest.split_once('/')?.1)
        };
        self.key.state(key).is_some() || of_workspace().is_some()
    }

    /// Whether every text is one of its keys.
    pub(super) fn is_plain(&self) -> bool {
        self.key.is_plain()
    }

    /// The path of a name. Before a workspace, the name may also be a key as in the backend block.
    pub(super) fn expand(&self, name: &str) -> Result<StatePath, NameError> {
        let (state, workspace) = match name.rsplit_once('@') {
            Some((state, workspace))
                if state.is_empty() || workspace.is_empty() || workspace.contains('/') =>
            {
                return Err(NameError::Workspace);
            }
            Some((state, workspace)) => (state, Some(workspace)),
            None => (name, None),
        };
        let key = match workspace {
            Some(_) if self.key.state(state).is_some() => state.to_owned(),
            _ => self.key.key(state),
        };
        let key = self.in_workspace(key, workspace);
        StatePath::new(&self.bucket, &key).map_err(|_| NameError::TooLong(name.len()))
    }

    /// Checks and combines the naming rules of a backend.
    ///
    /// # Errors
    /// When the bucket is empty, or contains a slash or a colon.
    pub fn new(
        name: BackendName,
        bucket: &str,
        key: KeyTemplate,
        workspace_key_prefix: &str,
    ) -> Result<Self, BackendError> {
        if bucket.is_empty() || bucket.contains(['/', ':']) {
            return Err(BackendError::Bucket);
        }
        Ok(Self {
            name,
            bucket: bucket.to_owned(),
            key,
            workspace_key_prefix: workspace_key_prefix.trim_matches('/').to_owned(),
        })
    }

    /// The key of a state: its own key, or `prefix/workspace/key` (Terraform's `backend_state.go`).
    fn in_workspace(&self, key: String, workspace: Option<&str>) -> String {
        match (workspace.filter(|&name| name != DEFAULT_WORKSPACE), &*self.workspace_key_prefix) {
            (None, _) => key,
            (Some(workspace), "") => format!("{workspace}/{key}"),
            (Some(workspace), prefix) => format!("{prefix}/{workspace}/{key}"),
        }
    }

    /// The likeliest name of a key. The caller must check that the name leads back to the key.
    fn name_of(&self, key: &str) -> Option<String> {
        let workspaced = || {
            // With an empty prefix a workspace looks like any folder, and is named like one.
            let prefix = Some(&*self.workspace_key_prefix).filter(|prefix| !prefix.is_empty())?;
            let (workspace, key) = key.strip_prefix(prefix)?.strip_prefix('/')?.split_once('/')?;
            Some(format!("{}@{workspace}", self.key.state(key)?))
        };
        workspaced().or_else(|| self.key.state(key).map(str::to_owned))
    }
}

impl Catalog {
    /// The catalog of these backends. Lists keep their order.
    #[must_use]
    pub fn new(backends: Vec<Backend>) -> Self {
        Self { backends }
    }

    /// The backends in their configured order.
    #[must_use]
    pub fn backends(&self) -> &[Backend] {
        &self.backends
    }

    /// The likeliest state of a text, whether or not it has been seen.
    ///
    /// # Errors
    /// When the text cannot be a state's name, when it leaves the backend open, or when its meaning
    /// depends on which states have been seen.
    pub fn resolve(&self, typed: &str) -> Result<State, NameError> {
        let meanings = self.meanings(typed)?;
        match meanings.refusal {
            Some(refusal) => Err(refusal),
            None => meanings.likeliest().ok_or(NameError::Empty),
        }
    }

    /// The state at a path. `None` if no backend has that bucket.
    #[must_use]
    pub fn state_at(&self, path: StatePath) -> Option<State> {
        let backend = self.backend_at(&path)?;
        Some(self.state_in(backend, path))
    }

    /// The backend of a state. A stored state may name a backend that was renamed or changed since: then its
    /// path decides. `None` if no backend has its bucket.
    #[must_use]
    pub fn home(&self, state: &State) -> Option<&Backend> {
        let is_named = |backend: &&Backend| {
            backend.name == state.backend && backend.bucket == state.path.bucket()
        };
        self.backends.iter().find(is_named).or_else(|| self.backend_at(&state.path))
    }

    /// Whether a state is in the backend whose keys its path fits best. A lock in the table of another backend of
    /// the bucket is not.
    #[must_use]
    pub fn is_at_home(&self, state: &State) -> bool {
        self.backend_at(&state.path).is_some_and(|backend| backend.name == state.backend)
    }

    /// A stored state by the present rules. The stored name and backend may be those of an earlier configuration.
    /// `None` if no backend has its bucket.
    #[must_use]
    pub fn at_present(&self, state: &State) -> Option<State> {
        Some(self.state_in(self.home(state)?, state.path.clone()))
    }

    /// The backend whose keys a path fits best.
    fn backend_at(&self, path: &StatePath) -> Option<&Backend> {
        self.backends_at(path).into_iter().next()
    }

    /// The backends that may have the lock of a path: those whose keys it fits, the best one first. Several
    /// backends may share a bucket, and the longest key template says most. If it fits none, all that have its
    /// bucket.
    fn backends_at(&self, path: &StatePath) -> Vec<&Backend> {
        let of_bucket = || self.backends.iter().filter(|backend| backend.bucket == path.bucket());
        let fits = |backend: &&Backend| backend.name_of(path.key()).is_some();
        let mut fitting: Vec<&Backend> = of_bucket().filter(fits).collect();
        fitting.sort_by_key(|backend| std::cmp::Reverse(backend.key.length()));
        if fitting.is_empty() { of_bucket().collect() } else { fitting }
    }

    /// The states that a path can be, in each backend that may have its lock, and in the one that was named.
    pub(super) fn states_at(&self, path: &StatePath, named: Option<&Backend>) -> Vec<State> {
        let mut backends = self.backends_at(path);
        backends.extend(named.filter(|named| backends.iter().all(|it| it.name != named.name)));
        backends.into_iter().map(|backend| self.state_in(backend, path.clone())).collect()
    }

    /// The path of a name in the backend that it names, or in each backend.
    pub(super) fn expand(&self, name: &str) -> Result<Vec<(&Backend, StatePath)>, NameError> {
        let (backends, rest) = self.backends_of(name)?;
        backends.iter().map(|backend| Ok((backend, backend.expand(rest)?))).collect()
    }

    /// Why a name without a backend is refused if none has such a state. `None` with one backend.
    pub(super) fn which_backend(&self, name: &str) -> Option<NameError> {
        let [first, _, ..] = &*self.backends else {
            return None;
        };
        let example = format!("{}:{name}", first.name);
        Some(NameError::WhichBackend { example, configured: self.names() })
    }

    fn names(&self) -> String {
        let names: Vec<&str> = self.backends.iter().map(|backend| backend.name.as_str()).collect();
        names.join(", ")
    }

    /// The backends that a name may be in, and the name there.
    fn backends_of<'n>(&self, name: &'n str) -> Result<(&[Backend], &'n str), NameError> {
        let Some((wanted, rest)) = name.split_once(':') else {
            return Ok((&self.backends, name));
        };
        let at = self.backends.iter().position(|backend| backend.name.as_str() == wanted);
        match at.filter(|_| !rest.is_empty()) {
            Some(at) => Ok((&self.backends[at..=at], rest)),
            None => Err(NameError::Backend { wanted: wanted.to_owned(), configured: self.names() }),
        }
    }

    /// The name of a lock in another backend than the one that its path means: `other:KEY`. `None` if the path
    /// means this backend.
    fn name_elsewhere(&self, backend: &Backend, path: &StatePath) -> Option<String> {
        if self.backend_at(path)?.name == backend.name {
            return None;
        }
        let name = format!("{}:{}", backend.name, path.key());
        (check(&name) == Ok(&*name) && self.may_mean(&name, path)).then_some(name)
    }

    /// The state at a path of this backend. Its name leads back to the path.
    #[must_use]
    pub fn state_in(&self, backend: &Backend, path: StatePath) -> State {
        let name = backend
            .name_of(path.key())
            .map(|name| match &*self.backends {
                [_] => name,
                _ => format!("{}:{name}", backend.name),
            })
            .filter(|name| {
                check(name) == Ok(name)
                    && !is_handle(name)
                    && !is_lock_id(name)
                    && self.leads_to(name, &path)
            })
            .or_else(|| self.name_elsewhere(backend, &path))
            .unwrap_or_else(|| path.as_str().to_owned());
        State { name: StateName::new(name), path, backend: backend.name.clone() }
    }
}
