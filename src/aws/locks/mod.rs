//! The locks: rows in tables and lockfiles in buckets, combined.

mod deletes;
mod lockfiles;
mod objects;
pub(in crate::aws) mod rows;
mod seen_lockfiles;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::{join_all, try_join_all};
use futures::stream::{self, StreamExt, TryStreamExt};
use tokio::sync::Semaphore;
use tokio::time::timeout;

pub(in crate::aws) use self::deletes::delete_row;
use self::lockfiles::Bucket;
use self::rows::LockTable;
use crate::aws::session::Session;
use crate::error::{Fault, FaultKind};
use crate::lock::{
    BackendName, BackendStores, Catalog, HeldLock, KnownState, LockState, State, StatePath,
    StoredLock,
};
use crate::ports::{Deleted, Locks};
use crate::unlock::ApprovedUnlock;

use std::cell::LazyCell;
/// How many listings run at once.
const LISTINGS: usize = 2;

/// How long to wait for the objects of a bucket without lockfiles. They only add states to those of the
/// lock table, and the bot may not be allowed to list them.
const OBJECTS_PATIENCE: Duration = Duration::from_secs(2);

/// How many locks of a listing are checked again at once.
const AT_ONCE: usize = 16;

/// The locks of all configured backends. A table or bucket that several backends share is read
/// once.
#[derive(Debug)]
pub struct AwsLocks {
    catalog: Catalog,
    backends: Vec<BackendStores>,
    tables: Vec<LockTable>,
    buckets: Vec<Bucket>,
    listing: Semaphore,
}

/// A trace of a state in a table or bucket.
#[derive(Debug)]
struct Sighting {
    path: StatePath,
    held: bool,
}

/// What the stores of one state contain.
#[derive(Default)]
struct Halves {
    row: Option<StoredLock>,
    lockfile: Option<StoredLock>,
}

impl AwsLocks {
    /// Makes the clients for these backends. Does no network I/O: a missing or forbidden table
    /// shows on the first read.
    #[must_use]
    pub fn connect(session: &Session, backends: Vec<BackendStores>) -> Self {
        let catalog =
            Catalog::new(backends.iter().map(|stores| stores.backend().clone()).collect());
        let s3 = LazyCell::new(|| session.s3());
        let mut tables: Vec<LockTable> = Vec::new();
        let mut buckets: Vec<Bucket> = Vec::new();
        for stores in &backends {
            if let Some(name) = stores.lock_table()
                && !tables.iter().any(|table| table.name() == name)
            {
                tables.push(LockTable::new(session, name));
            }
            let name = &stores.backend().bucket;
            if !buckets.iter().any(|bucket| bucket.name() == name) {
                let body_limit = session.patience().attempt;
                buckets.push(Bucket::new(s3.clone(), name, session.region(), body_limit));
            }
        }
        Self { catalog, backends, tables, buckets, listing: Semaphore::new(LISTINGS) }
    }

    /// The stores of a state's backend.
    fn stores_of(&self, backend: &BackendName) -> Option<&BackendStores> {
        self.backends.iter().find(|stores| stores.backend().name == *backend)
    }

    fn table_of(&self, stores: &BackendStores) -> Option<&LockTable> {
        self.tables.iter().find(|table| stores.lock_table() == Some(table.name()))
    }

    fn lockfiles_of(&self, stores: &BackendStores) -> Option<&Bucket> {
        self.buckets.iter().find(|bucket| stores.lockfile_bucket() == Some(bucket.name()))
    }

    /// Whether any backend has its lockfiles in this bucket.
    fn has_lockfiles(&self, bucket: &Bucket) -> bool {
        self.backends.iter().any(|stores| stores.lockfile_bucket() == Some(bucket.name()))
    }

    fn lockfile_buckets(&self) -> impl Iterator<Item = &Bucket> {
        self.buckets.iter().filter(|bucket| self.has_lockfiles(bucket))
    }

    /// The state at a path, if its backend locks in this table. A table may also have rows of other
    /// buckets, or of backends that lock elsewhere.
    fn state_in_table(&self, table: &LockTable, path: &StatePath) -> Option<State> {
        self.state_where(path, |stores| stores.lock_table() == Some(table.name()))
    }

    /// The state at a path of this bucket, if its backend uses lockfiles.
    fn state_with_lockfile(&self, bucket: &Bucket, path: &StatePath) -> Option<State> {
        self.state_where(path, |stores| stores.lockfile_bucket() == Some(bucket.name()))
    }

    fn state_where(
        &self,
        path: &StatePath,
        locks_there: impl Fn(&BackendStores) -> bool,
    ) -> Option<State> {
        let state = self.catalog.state_at(path.clone())?;
        self.stores_of(&state.backend).is_some_and(locks_there).then_some(state)
    }

    /// All locks in all tables and buckets, by state.
    async fn find_all(&self) -> Result<BTreeMap<StatePath, (State, Halves)>, Fault> {
        let (rows, lockfiles) = tokio::try_join!(
            try_join_all(self.tables.iter().map(LockTable::list)),
            try_join_all(self.lockfile_buckets().map(Bucket::lockfiles)),
        )?;
        let mut found: BTreeMap<StatePath, (State, Halves)> = BTreeMap::new();
        for (table, rows) in self.tables.iter().zip(rows) {
            for (path, stored) in rows {
                if let Some(state) = self.state_in_table(table, &path) {
                    found.entry(path).or_insert((state, Halves::default())).1.row = Some(stored);
                }
            }
        }
        for (bucket, lockfiles) in self.lockfile_buckets().zip(lockfiles) {
            for (path, stored) in lockfiles {
                if let Some(state) = self.state_with_lockfile(bucket, &path) {
                    let entry = found.entry(path).or_insert((state, Halves::default()));
                    entry.1.lockfile = Some(stored);
                }
            }
        }
        Ok(found)
    }

    /// The lock of a state. `lockfile` reads its lockfile.
    async fn lock<'a, F>(
        &'a self,
        state: &State,
        lockfile: impl FnOnce(&'a Bucket) -> F,
    ) -> Result<LockState, Fault>
    where
        F: Future<Output = Result<Option<StoredLock>, Fault>>,
    {
        let stores = self.stores_of(&state.backend).ok_or_else(|| not_configured(state))?;
        let row = async {
            match self.table_of(stores) {
                Some(table) => table.get(&state.path).await,
                None => Ok(None),
            }
        };
        let lockfile = async {
            match self.lockfiles_of(stores) {
                // Boxed, since most backends have no lockfiles and this would enlarge the future of
                // every command.
                Some(bucket) => Box::pin(lockfile(bucket)).await,
                None => Ok(None),
            }
        };
        let (row, lockfile) = tokio::try_join!(row, lockfile)?;
        Ok(LockState::from_stores(stores.expected(), row, lockfile))
    }

    async fn seen_in_table(&self, table: &LockTable) -> Result<Vec<KnownState>, Fault> {
        let sightings = table.seen().await?;
        let known = |Sighting { path, held }| {
            Some(KnownState { state: self.state_in_table(table, &path)?, held })
        };
        Ok(sightings.into_iter().filter_map(known).collect())
    }

    /// The states in a bucket: one for each lockfile, and one for each object whose key matches the
    /// backend's key template. Other objects are not states.
    async fn seen_in_bucket(&self, bucket: &Bucket) -> Result<Vec<KnownState>, Fault> {
        let state_of = |key: &str| {
            if let Some(locked) = StatePath::of_lockfile(bucket.name(), key) {
                let state = self.state_with_lockfile(bucket, &locked)?;
                return Some(KnownState { state, held: true });
            }
            let path = StatePath::new(bucket.name(), key).ok()?;
            let state = self.catalog.state_at(path)?;
            // If the name is only the path, the key does not match the backend's template.
            (state.name.as_str() != state.path.as_str())
                .then_some(KnownState { state, held: false })
        };
        let mut seen = Vec::new();
        bucket.each_key(|key| seen.extend(state_of(key))).await?;
        Ok(seen)
    }
}

#[async_trait]
impl Locks for AwsLocks {
    async fn inspect(&self, state: &State) -> Result<LockState, Fault> {
        self.lock(state, |bucket| bucket.get(&state.path)).await
    }

    async fn list(&self) -> Result<Vec<HeldLock>, Fault> {
        // A listing reads whole tables and buckets, so only a few run at once.
        let _turn = self.listing.acquire().await;
        let found = self.find_all().await?;
        let locks = found.into_values().filter_map(|(state, Halves { row, lockfile })| {
            let expected = self.stores_of(&state.backend)?.expected();
            Some(HeldLock { state, lock: LockState::from_stores(expected, row, lockfile) })
        });
        // The table and the bucket are read at different moments. A lock that was taken or released
        // in between looks half locked, so it is read again before it is reported.
        stream::iter(locks)
            .map(|held| async {
                if held.lock.half().is_none() {
                    return Ok(Some(held));
                }
                // If a lockfile cannot be fetched, only this state is affected, not the list.
                let path = &held.state.path;
                let lock = self.lock(&held.state, |bucket| bucket.get_or_unread(path)).await?;
                Ok((lock != LockState::Free).then_some(HeldLock { state: held.state, lock }))
            })
            .buffer_unordered(AT_ONCE)
            .try_filter_map(async |held| Ok(held))
            .try_collect()
            .await
    }

    async fn delete_lockfile(&self, unlock: &ApprovedUnlock) -> Result<Deleted, Fault> {
        let state = unlock.state();
        let stores = self.stores_of(&state.backend).ok_or_else(|| not_configured(state))?;
        let bucket = self.lockfiles_of(stores).ok_or_else(|| not_configured(state))?;
        bucket.delete(unlock).await
    }

    async fn has_trace(&self, state: &State) -> Result<bool, Fault> {
        let stores = self.stores_of(&state.backend).ok_or_else(|| not_configured(state))?;
        let digest = async {
            match self.table_of(stores) {
                Some(table) => table.has_digest(&state.path).await,
                None => Ok(false),
            }
        };
        let (lock, digest) = futures::join!(self.inspect(state), digest);
        if lock? != LockState::Free || digest? {
            return Ok(true);
        }
        let bucket = self.buckets.iter().find(|bucket| bucket.name() == state.path.bucket());
        match bucket {
            None => Ok(false),
            Some(bucket) if self.has_lockfiles(bucket) => bucket.has_object(&state.path).await,
            Some(bucket) => match timeout(OBJECTS_PATIENCE, bucket.has_object(&state.path)).await {
                Ok(Ok(has_object)) => Ok(has_object),
                Ok(Err(fault)) => {
                    tracing::debug!(%fault, "state objects are not listed");
                    Ok(false)
                }
                Err(_) => {
                    tracing::debug!("state objects are not listed: S3 takes too long");
                    Ok(false)
                }
            },
        }
    }

    async fn seen(&self) -> Result<Vec<KnownState>, Fault> {
        let (rows, objects) = tokio::join!(
            join_all(self.tables.iter().map(|table| self.seen_in_table(table))),
            join_all(self.buckets.iter().map(|bucket| async move {
                match self.seen_in_bucket(bucket).await {
                    // A bucket without lockfiles need not be readable: the digest rows of the table
                    // name the states that Terraform has written through it.
                    Err(fault) if !self.has_lockfiles(bucket) => {
                        tracing::debug!(%fault, "state objects are not listed");
                        None
                    }
                    result => Some(result),
                }
            })),
        );
        let mut seen = Vec::new();
        let mut any_read = false;
        let mut denied = None;
        for store in rows.into_iter().chain(objects.into_iter().flatten()) {
            match store {
                Ok(states) => {
                    any_read = true;
                    seen.extend(states);
                }
                Err(fault) if fault.kind == FaultKind::Denied => {
                    tracing::warn!(%fault, "states are left out of the names that are offered");
                    denied = Some(fault);
                }
                Err(fault) => return Err(fault),
            }
        }
        match denied {
            Some(fault) if !any_read => Err(fault),
            _ => Ok(seen),
        }
    }
}

fn not_configured(state: &State) -> Fault {
    Fault {
        kind: FaultKind::Missing,
        subject: format!("The backend `{}`", state.backend),
        remedy: "add it to the configuration".to_owned(),
        source: None,
    }
}
