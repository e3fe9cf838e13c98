//! The settings of the environment and of the file together.

use std::path::Path;

use super::checked::{required, set, wrong};
use super::{Config, STATE_KEY, Settings, SettingsError, WORKSPACE_KEY_PREFIX};
use crate::lock::{Backend, BackendName, BackendStores, KeyTemplate, NoStore};
use crate::people::Holders;
use crate::unlock::{Policies, Policy};

/// The name of the backend that the variables configure. As the only backend, its name is not
/// needed in front of a state's name.
const ONLY_BACKEND: &str = "main";

impl Settings {
    /// What the file says. `None` if `LOCKTENDER_CONFIG` is not set. The file is read once.
    ///
    /// # Errors
    /// If it cannot be read, or has a mistake.
    pub fn file(&self) -> Result<Option<&Config>, SettingsError> {
        let Some(path) = self.file_name() else {
            return Ok(None);
        };
        let only = Self::only_backend()?;
        let read = || Config::read(Path::new(path), &only).map_err(SettingsError::File);
        self.file.get_or_init(read).as_ref().map(Some).map_err(Clone::clone)
    }

    /// The name of the file, as it is set.
    #[must_use]
    pub fn file_name(&self) -> Option<&str> {
        set(self.config.as_deref())
    }

    /// Every backend: those of the file, else that of the environment.
    ///
    /// # Errors
    /// Names the variable that is missing or wrong, or every mistake in the file.
    pub fn backends(&self) -> Result<Vec<BackendStores>, SettingsError> {
        match self.file()? {
            Some(file) if !file.backends.is_empty() => Ok(file.backends.clone()),
            _ => Ok(vec![self.own_backend()?]),
        }
    }

    /// The name of the environment's backend.
    fn only_backend() -> Result<BackendName, SettingsError> {
        BackendName::new(ONLY_BACKEND)
            .map_err(|error| wrong("the backend's name", error.to_string()))
    }

    /// The backend of the environment.
    ///
    /// # Errors
    /// Names the variable that is missing or wrong.
    fn own_backend(&self) -> Result<BackendStores, SettingsError> {
        let bucket = required(
            self.state_bucket.as_deref(),
            "LOCKTENDER_STATE_BUCKET",
            "the bucket of your Terraform states, or try `locktender demo`",
        )?;
        let key: KeyTemplate = set(Some(&self.state_key))
            .unwrap_or(STATE_KEY)
            .parse()
            .map_err(|error| wrong("LOCKTENDER_STATE_KEY", format!("{error}")))?;
        let backend = Backend::new(Self::only_backend()?, bucket, key, &self.workspace_key_prefix)
            .map_err(|error| wrong("LOCKTENDER_STATE_BUCKET", error.to_string()))?;
        let lock_table = set(self.lock_table.as_deref()).map(str::to_owned);
        let stores = BackendStores::new(backend, lock_table, self.use_lockfile()?);
        stores.map_err(|NoStore| SettingsError::Missing {
            variable: "LOCKTENDER_LOCK_TABLE",
            wanted: "your lock table, or LOCKTENDER_USE_LOCKFILE to true, or both",
        })
    }

    fn use_lockfile(&self) -> Result<bool, SettingsError> {
        match &*self.use_lockfile.trim().to_ascii_lowercase() {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" | "" => Ok(false),
            other => Err(wrong(
                "LOCKTENDER_USE_LOCKFILE",
                format!("is {other:?}: set it to true or false"),
            )),
        }
    }

    /// The rules of every state.
    ///
    /// # Errors
    /// Names the variable that is missing or wrong, or every mistake in the file.
    pub fn policies(&self) -> Result<Policies, SettingsError> {
        self.policies_over(self.policy()?)
    }

    /// The rules of the file by state, completed with these general rules.
    ///
    /// # Errors
    /// If the file cannot be read, or has a mistake.
    pub fn policies_over(&self, general: Policy) -> Result<Policies, SettingsError> {
        let Some(file) = self.file()? else {
            return Ok(general.into());
        };
        let by_state = file.policies.iter().map(|policy| policy.over(&general)).collect();
        Policies::new(general).with(by_state).map_err(|error| {
            let problem = format!("the patterns of all [[policy]] cannot be used: {error}");
            SettingsError::File(problem)
        })
    }

    /// The people behind holders.
    ///
    /// # Errors
    /// If the file cannot be read, or has a mistake.
    pub fn holders(&self) -> Result<Holders, SettingsError> {
        Ok(self.file()?.map(|file| file.holders.clone()).unwrap_or_default())
    }

    /// The variables of the environment's backend that are set, although the file has backends.
    ///
    /// # Errors
    /// If the file cannot be read, or has a mistake.
    pub fn unused(&self) -> Result<Vec<&'static str>, SettingsError> {
        if self.file()?.is_none_or(|file| file.backends.is_empty()) {
            return Ok(Vec::new());
        }
        let differs = |value: &str, default: &str| set(Some(value)).is_some_and(|it| it != default);
        let variables = [
            ("LOCKTENDER_STATE_BUCKET", set(self.state_bucket.as_deref()).is_some()),
            ("LOCKTENDER_STATE_KEY", differs(&self.state_key, STATE_KEY)),
            (
                "LOCKTENDER_WORKSPACE_KEY_PREFIX",
                differs(&self.workspace_key_prefix, WORKSPACE_KEY_PREFIX),
            ),
            ("LOCKTENDER_LOCK_TABLE", set(self.lock_table.as_deref()).is_some()),
            ("LOCKTENDER_USE_LOCKFILE", differs(&self.use_lockfile, "false")),
        ];
        Ok(variables.into_iter().filter(|(_, is_set)| *is_set).map(|(name, _)| name).collect())
    }
}
