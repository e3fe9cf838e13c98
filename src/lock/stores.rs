//! Where a backend keeps its locks.

use super::{Backend, Stores};

/// A backend and its stores, at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackendStores {
    backend: Backend,
    lock_table: Option<String>,
    use_lockfile: bool,
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
        Ok(Self { backend, lock_table, use_lockfile })
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
