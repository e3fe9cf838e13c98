//! Where a backend keeps its locks.

use super::{Backend, Stores, Tool};

/// How the stores of a backend are reached, where this differs from the bot's own tables. Empty for a backend in
/// the bot's own account and region.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Access {
    /// The AWS region.
    pub region: Option<String>,
    /// The profile of the AWS configuration files that has the credentials.
    pub profile: Option<String>,
    /// The role to assume.
    pub role_arn: Option<String>,
    /// The external ID to assume it with.
    pub external_id: Option<String>,
    /// The address of the S3 and `DynamoDB` API in place of AWS's own.
    pub endpoint: Option<String>,
}

/// A backend and its stores, at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackendStores {
    backend: Backend,
    access: Access,
    lock_table: Option<String>,
    use_lockfile: bool,
    tool: Option<Tool>,
}

/// A backend without a lock table and without lockfiles: nothing could be locked in it, so every
/// state would look free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("has neither a lock table nor lockfiles")]
pub struct NoStore;

impl BackendStores {
    /// Joins a backend with its stores, as `dynamodb_table` and `use_lockfile` of the backend block
    /// name them. The lockfiles are in the backend's bucket.
    ///
    /// # Errors
    /// When the backend has no store.
    pub fn new(
        backend: Backend,
        lock_table: Option<String>,
        use_lockfile: bool,
    ) -> Result<Self, NoStore> {
        let lock_table = lock_table.filter(|name| !name.is_empty());
        if lock_table.is_none() && !use_lockfile {
            return Err(NoStore);
        }
        Ok(Self { backend, access: Access::default(), lock_table, use_lockfile, tool: None })
    }

    /// The same stores, reached in this way.
    #[must_use]
    pub fn reached_by(self, access: Access) -> Self {
        Self { access, ..self }
    }

    /// The same stores, whose locks this program releases in place of the bot.
    #[must_use]
    pub fn released_with(self, tool: Tool) -> Self {
        Self { tool: Some(tool), ..self }
    }

    /// The program that releases its locks in place of the bot.
    #[must_use]
    pub fn tool(&self) -> Option<Tool> {
        self.tool
    }

    /// How the stores are reached.
    #[must_use]
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// The backend's naming rules.
    #[must_use]
    pub fn backend(&self) -> &Backend {
        &self.backend
    }

    /// The stores that have a record when the lock is complete.
    #[must_use]
    pub fn expected(&self) -> Stores {
        Stores { row: self.lock_table.is_some(), lockfile: self.use_lockfile }
    }

    /// The lock table, if there is one.
    #[must_use]
    pub fn lock_table(&self) -> Option<&str> {
        self.lock_table.as_deref()
    }

    /// The bucket of the lockfiles, if there are any.
    #[must_use]
    pub fn lockfile_bucket(&self) -> Option<&str> {
        self.use_lockfile.then_some(&*self.backend.bucket)
    }
}
