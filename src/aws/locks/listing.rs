//! Lists the locks of several backends. A store that cannot be read takes nothing from the others.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use futures::stream::{self, StreamExt};

use super::places::{Place, Places};
use super::{AwsLocks, lock_of, unread};
use crate::error::Fault;
use crate::lock::{BackendName, Catalog, HeldLock, LockState, State, StatePath, StoredLock};
use crate::ports::{Listing, Unread};

/// How many locks of a listing are checked again at once.
const AT_ONCE: usize = 16;

/// What the stores of one state contain.
#[derive(Default)]
struct Halves {
    row: Option<StoredLock>,
    lockfile: Option<StoredLock>,
}

/// The locks that were found, by state.
#[derive(Default)]
struct Found(BTreeMap<StatePath, (State, Halves)>);

impl Found {
    /// The halves of a state. If the path was found in the stores of two backends, the one that the path means
    /// counts. Two backends may also reach one store in two ways. `None` for the other one.
    fn halves(&mut self, catalog: &Catalog, state: State) -> Option<&mut Halves> {
        let found = self.0.entry(state.path.clone());
        let entry = found.or_insert_with(|| (state.clone(), Halves::default()));
        if entry.0.backend != state.backend {
            let (one, other) = (entry.0.backend.as_str(), state.backend.as_str());
            tracing::debug!(one, other, "two backends have a lock at the same path");
            if !catalog.is_at_home(&state) {
                return None;
            }
            *entry = (state, Halves::default());
        }
        Some(&mut entry.1)
    }
}

impl AwsLocks {
    /// Every held lock of the backends that can be read. See [`Locks::list`](crate::ports::Locks::list).
    pub(super) async fn read_all(&self) -> Result<Listing, Fault> {
        // A listing reads whole tables and buckets, so only a few run at once.
        let _turn = self.listing.acquire().await;
        let (found, mut failed) = self.find_all().await;
        let is_in = |failed: &[Unread], name: &BackendName| {
            failed.iter().any(|unread| unread.backends.contains(name))
        };
        let places = &self.places;
        let whole = found.0.into_values().filter(|(state, _)| !is_in(&failed, &state.backend));
        let locks = whole.filter_map(|(state, Halves { row, lockfile })| {
            let expected = places.of(&state)?.stores.expected();
            Some(HeldLock { state, lock: LockState::from_stores(expected, row, lockfile) })
        });
        // The table and the bucket are read at different moments. A lock that was taken or released
        // in between looks half locked, so it is read again before it is reported.
        let checked: Vec<Result<Option<HeldLock>, Unread>> = stream::iter(locks)
            .map(|held| read_again(places, held))
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        let mut held = Vec::new();
        for checked in checked {
            match checked {
                Ok(lock) => held.extend(lock),
                Err(unread) => failed.push(unread),
            }
        }
        held.retain(|held| !is_in(&failed, &held.state.backend));
        let mut read: BTreeSet<BackendName> = places.names().into_iter().collect();
        read.retain(|name| !is_in(&failed, name));
        if read.is_empty() && !failed.is_empty() {
            return Err(failed.swap_remove(0).fault);
        }
        Ok(Listing { held, read, unread: failed })
    }

    /// All locks in all tables and buckets, and the stores that could not be read.
    async fn find_all(&self) -> (Found, Vec<Unread>) {
        let places = &self.places;
        let (tables, buckets) = (places.tables(), places.lockfile_buckets());
        let (rows, lockfiles) = futures::join!(
            join_all(tables.iter().map(|(table, _)| table.list())),
            join_all(buckets.iter().map(|(bucket, _)| bucket.lockfiles())),
        );
        let (mut found, mut failed) = (Found::default(), Vec::new());
        for ((_, users), rows) in tables.iter().zip(rows) {
            match rows {
                Ok(rows) => found.add(places, users, rows, |halves, row| halves.row = Some(row)),
                Err(fault) => failed.push(unread(users, fault)),
            }
        }
        for ((_, users), lockfiles) in buckets.iter().zip(lockfiles) {
            match lockfiles {
                Ok(files) => {
                    found.add(places, users, files, |halves, file| halves.lockfile = Some(file));
                }
                Err(fault) => failed.push(unread(users, fault)),
            }
        }
        (found, failed)
    }
}

impl Found {
    /// Adds the locks of one store.
    fn add(
        &mut self,
        places: &Places,
        users: &[&Place],
        stored: Vec<(StatePath, StoredLock)>,
        put: impl Fn(&mut Halves, StoredLock),
    ) {
        for (path, stored) in stored {
            let state = places.state_in(users, path);
            if let Some(halves) = state.and_then(|state| self.halves(&places.catalog, state)) {
                put(halves, stored);
            }
        }
    }
}

/// Reads a lock again that looks half locked. `None` if it is free by now.
async fn read_again(places: &Places, held: HeldLock) -> Result<Option<HeldLock>, Unread> {
    let Some(place) = places.of(&held.state).filter(|_| held.lock.half().is_some()) else {
        return Ok(Some(held));
    };
    // If a lockfile cannot be fetched, only this state is affected, not the list.
    let path = &held.state.path;
    let lock = lock_of(place, path, |bucket| bucket.get_or_unread(path)).await;
    let lock = lock.map_err(|fault| unread(&[place], fault))?;
    Ok((lock != LockState::Free).then_some(HeldLock { state: held.state, lock }))
}
