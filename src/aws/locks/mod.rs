//! The locks: rows in tables and lockfiles in buckets, combined.

mod deletes;
mod digests;
mod force_unlock;
mod listing;
mod lockfiles;
mod names;
mod objects;
mod places;
pub(in crate::aws) mod rows;
mod seen_lockfiles;

use async_trait::async_trait;
use tokio::sync::Semaphore;

pub(in crate::aws) use self::deletes::delete_row;
use self::lockfiles::Bucket;
use self::places::{Place, Places};
use crate::aws::own::store_checks::AwsStoreChecks;
use crate::aws::session::Session;
use crate::error::{Fault, FaultKind};
use crate::lock::{
    BackendName, BackendStores, Guarantees, LockState, State, StatePath, StoredLock, Stores,
};
use crate::ports::{Deleted, Forced, Listing, Locks, Seen, StoreChecks, Unread};
use crate::unlock::ApprovedUnlock;

/// How many listings run at once.
const LISTINGS: usize = 2;

/// The locks of all configured backends. A table or bucket that several backends share is read
/// once.
#[derive(Debug)]
pub struct AwsLocks {
    places: Places,
    listing: Semaphore,
    /// Where the findings about stores are.
    checks: Option<AwsStoreChecks>,
}

/// A trace of a state in a table or bucket.
#[derive(Debug)]
struct Sighting {
    path: StatePath,
    held: bool,
}

impl AwsLocks {
    /// Makes the clients for these backends, by the sessions of
    /// [`Session::for_backends`]. Does no network I/O: a missing or forbidden table shows on the first read.
    #[must_use]
    pub fn connect(session: &Session, backends: Vec<BackendStores>) -> Self {
        Self::at(Places::connect(session, backends))
    }

    fn at(places: Places) -> Self {
        Self { places, listing: Semaphore::new(LISTINGS), checks: None }
    }

    /// The same locks, with what `locktender doctor` finds about their stores. [`Locks::learn`] reads it.
    #[must_use]
    pub fn with_checks(self, checks: AwsStoreChecks) -> Self {
        Self { checks: Some(checks), ..self }
    }

    /// The same locks in groups of backends that share no table and no bucket. A group that hangs does not
    /// delay the others.
    #[must_use]
    pub fn groups(&self) -> Vec<Self> {
        self.places.groups().into_iter().map(Self::at).collect()
    }

    /// The names of the backends.
    #[must_use]
    pub fn backends(&self) -> Vec<BackendName> {
        self.places.names()
    }

    fn place_of(&self, state: &State) -> Result<&Place, Fault> {
        self.places.of(state).ok_or_else(|| not_configured(state))
    }

    async fn read(&self, state: &State) -> Result<LockState, Fault> {
        let place = self.place_of(state)?;
        lock_of(place, &state.path, |bucket| bucket.get(&state.path)).await
    }
}

/// The lock at a path of a backend. `lockfile` reads its lockfile.
async fn lock_of<'p, F>(
    place: &'p Place,
    path: &StatePath,
    lockfile: impl FnOnce(&'p Bucket) -> F,
) -> Result<LockState, Fault>
where
    F: Future<Output = Result<Option<StoredLock>, Fault>>,
{
    let row = async {
        match &place.table {
            Some(table) => table.get(path).await,
            None => Ok(None),
        }
    };
    let lockfile = async {
        match place.lockfiles() {
            // Boxed, since most backends have no lockfiles and this would enlarge the future of
            // every command.
            Some(bucket) => Box::pin(lockfile(bucket)).await,
            None => Ok(None),
        }
    };
    let (row, lockfile) = tokio::try_join!(row, lockfile)?;
    Ok(LockState::from_stores(place.stores.expected(), row, lockfile))
}

#[async_trait]
impl Locks for AwsLocks {
    async fn inspect(&self, state: &State) -> Result<LockState, Fault> {
        self.read(state).await
    }

    async fn list(&self) -> Result<Listing, Fault> {
        self.read_all().await
    }

    fn guarantees(&self, state: &State) -> Guarantees {
        // The ledger refuses the row of an unknown backend, and there is no bucket to delete in.
        self.places.of(state).map_or_else(Guarantees::default, Place::guarantees)
    }

    fn stores(&self, state: &State) -> Option<Stores> {
        Some(self.places.of(state)?.stores.expected())
    }

    async fn learn(&self) -> Result<(), Fault> {
        let Some(checks) = &self.checks else {
            return Ok(());
        };
        let unsure = self.places.lockfile_buckets().into_iter().map(|(bucket, _)| bucket);
        let unsure: Vec<&Bucket> = unsure.filter(|bucket| bucket.is_learnt()).collect();
        if !unsure.is_empty() {
            let found = checks.remembered().await?;
            for bucket in unsure {
                bucket.learn(&found);
            }
        }
        Ok(())
    }

    async fn force_unlock(&self, unlock: &ApprovedUnlock) -> Result<Forced, Fault> {
        self.force(unlock).await
    }

    async fn delete_far_row(&self, unlock: &ApprovedUnlock) -> Result<Deleted, Fault> {
        let state = unlock.state();
        let table = self.place_of(state)?.table.as_ref();
        table.ok_or_else(|| not_configured(state))?.delete(unlock).await
    }

    async fn delete_lockfile(&self, unlock: &ApprovedUnlock) -> Result<Deleted, Fault> {
        let state = unlock.state();
        let lockfiles = self.place_of(state)?.lockfiles();
        lockfiles.ok_or_else(|| not_configured(state))?.delete(unlock).await
    }

    async fn has_trace(&self, state: &State) -> Result<bool, Fault> {
        self.finds_trace(state).await
    }

    async fn seen(&self) -> Result<Seen, Fault> {
        self.read_names().await
    }
}

/// A store of these backends that could not be read.
fn unread(users: &[&Place], fault: Fault) -> Unread {
    let name = |place: &&Place| place.backend().name.clone();
    Unread { backends: users.iter().map(name).collect(), fault }
}

fn not_configured(state: &State) -> Fault {
    Fault {
        kind: FaultKind::Missing,
        subject: format!("A backend with the bucket `{}`", state.path.bucket()),
        remedy: "add it to the configuration".to_owned(),
        source: None,
    }
}
