//! Where each backend keeps its locks. A table or bucket that several backends share is one.

use std::sync::Arc;

use crate::aws::error::Reached;
use crate::aws::locks::lockfiles::Bucket;
use crate::aws::locks::rows::LockTable;
use crate::aws::session::Session;
use crate::lock::{
    Backend, BackendName, BackendStores, Catalog, Distance, Guarantees, State, StatePath,
};

/// A backend, and its table and bucket.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) stores: BackendStores,
    pub(super) table: Option<Arc<LockTable>>,
    /// How far the table is from the bot's own tables.
    pub(super) distance: Distance,
    /// The region of its table and bucket.
    pub(super) region: String,
    /// Whether its bucket is reached at an address of its own.
    pub(super) has_address: bool,
    /// The bucket of its states, with its lockfiles if it has any.
    pub(super) bucket: Arc<Bucket>,
}

/// The places of some or all backends.
#[derive(Clone, Debug)]
pub(super) struct Places {
    /// The names of all backends.
    pub(super) catalog: Catalog,
    pub(super) all: Vec<Place>,
}

impl Place {
    pub(super) fn backend(&self) -> &Backend {
        self.stores.backend()
    }

    pub(super) fn guarantees(&self) -> Guarantees {
        let lockfiles = self.lockfiles().map(Bucket::check).unwrap_or_default();
        let tool = self.stores.tool();
        // No transaction spans the tool's delete and the bot's own tables.
        let table = if tool.is_some() { Distance::Far } else { self.distance };
        Guarantees { table, lockfiles, tool }
    }

    /// The bucket, if the backend has lockfiles.
    pub(super) fn lockfiles(&self) -> Option<&Bucket> {
        self.stores.lockfile_bucket().map(|_| &*self.bucket)
    }

    fn shares_a_store_with(&self, other: &Self) -> bool {
        let tables = self.table.as_ref().zip(other.table.as_ref());
        // A bucket is the same one, however it is reached.
        let is_same_bucket = self.backend().bucket == other.backend().bucket;
        is_same_bucket || tables.is_some_and(|(a, b)| Arc::ptr_eq(a, b))
    }
}

impl Places {
    /// Makes the clients. Does no network I/O.
    pub(super) fn connect(session: &Session, backends: Vec<BackendStores>) -> Self {
        let all = backends.iter().map(|stores| stores.backend().clone()).collect();
        let catalog = Catalog::new(all);
        let mut tables: Vec<(Reached, Arc<LockTable>)> = Vec::new();
        let mut buckets: Vec<(Reached, Arc<Bucket>)> = Vec::new();
        let place = |stores: BackendStores| {
            let distance = session.distance(stores.access());
            let session = session.of(stores.access());
            let reached = session.reached();
            let table = stores.lock_table().map(|name| {
                shared(
                    &mut tables,
                    reached,
                    |table| table.name() == name,
                    || LockTable::new(session, name),
                )
            });
            let name = &stores.backend().bucket;
            let bucket = shared(
                &mut buckets,
                reached,
                |bucket| bucket.name() == name,
                || Bucket::new(session, name),
            );
            let (region, has_address) = (reached.region.clone(), session.has_s3_address());
            Place { stores, table, distance, region, has_address, bucket }
        };
        Self { catalog, all: backends.into_iter().map(place).collect() }
    }

    /// The places of a state's backend.
    pub(super) fn of(&self, state: &State) -> Option<&Place> {
        let home = self.catalog.home(state)?;
        self.all.iter().find(|place| place.backend().name == home.name)
    }

    /// The names of the backends.
    pub(super) fn names(&self) -> Vec<BackendName> {
        self.all.iter().map(|place| place.backend().name.clone()).collect()
    }

    /// The tables, each with the backends that use it.
    pub(super) fn tables(&self) -> Vec<(&LockTable, Vec<&Place>)> {
        grouped(self.all.iter().filter_map(|place| Some((place.table.as_ref()?, place))))
    }

    /// The buckets of lockfiles, each with the backends that have lockfiles there.
    pub(super) fn lockfile_buckets(&self) -> Vec<(&Bucket, Vec<&Place>)> {
        let with = self.all.iter().filter(|place| place.lockfiles().is_some());
        grouped(with.map(|place| (&place.bucket, place)))
    }

    /// Whether any backend has its lockfiles in this bucket.
    pub(super) fn has_lockfiles(&self, bucket: &Arc<Bucket>) -> bool {
        let mut with = self.all.iter().filter(|place| place.lockfiles().is_some());
        with.any(|place| Arc::ptr_eq(&place.bucket, bucket))
    }

    /// The buckets, each with its backends.
    pub(super) fn buckets(&self) -> Vec<(&Bucket, Vec<&Place>)> {
        grouped(self.all.iter().map(|place| (&place.bucket, place)))
    }

    /// The state at a path that was found in a store of these backends. `None` if none of them has its bucket:
    /// teams share tables.
    ///
    /// It belongs to the backend whose keys it fits. If that backend keeps its locks elsewhere, it belongs to the
    /// one where it was found, since it keeps Terraform out there.
    pub(super) fn state_in(&self, users: &[&Place], path: StatePath) -> Option<State> {
        let state = self.catalog.state_at(path)?;
        let of_bucket = |place: &&&Place| place.backend().bucket == state.path.bucket();
        if users.iter().any(|place| place.backend().name == state.backend) {
            return Some(state);
        }
        let finder = users.iter().find(of_bucket)?;
        Some(self.catalog.state_in(finder.backend(), state.path))
    }

    /// Splits the backends into groups that share no table and no bucket.
    pub(super) fn groups(&self) -> Vec<Self> {
        let mut groups: Vec<Vec<Place>> = Vec::new();
        for place in &self.all {
            let shares = |group: &Vec<Place>| group.iter().any(|it| it.shares_a_store_with(place));
            let (with, without): (Vec<_>, Vec<_>) = groups.into_iter().partition(shares);
            groups = without;
            groups.push(with.into_iter().flatten().chain([place.clone()]).collect());
        }
        let group = |all| Self { catalog: self.catalog.clone(), all };
        groups.into_iter().map(group).collect()
    }
}

/// The store that is reached in this way, made if it is new.
fn shared<T>(
    known: &mut Vec<(Reached, Arc<T>)>,
    reached: &Reached,
    is_it: impl Fn(&T) -> bool,
    make: impl FnOnce() -> T,
) -> Arc<T> {
    if let Some((_, store)) = known.iter().find(|(by, store)| by == reached && is_it(store)) {
        return store.clone();
    }
    let store = Arc::new(make());
    known.push((reached.clone(), store.clone()));
    store
}

/// Each store once, with all that use it.
fn grouped<'p, T>(
    pairs: impl Iterator<Item = (&'p Arc<T>, &'p Place)>,
) -> Vec<(&'p T, Vec<&'p Place>)> {
    let mut groups: Vec<(&Arc<T>, Vec<&Place>)> = Vec::new();
    for (store, place) in pairs {
        match groups.iter_mut().find(|(known, _)| Arc::ptr_eq(known, store)) {
            Some((_, places)) => places.push(place),
            None => groups.push((store, vec![place])),
        }
    }
    groups.into_iter().map(|(store, places)| (&**store, places)).collect()
}
