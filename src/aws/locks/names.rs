//! Finds the names of states: by their locks, their digest rows and their objects.

use std::time::Duration;

use futures::future::join_all;
use tokio::time::timeout;

use super::lockfiles::Bucket;
use super::places::Place;
use super::rows::LockTable;
use super::{AwsLocks, Sighting, unread};
use crate::error::Fault;
use crate::lock::{KnownState, LockState, State, StatePath};
use crate::ports::{Seen, Unread};

/// How long to wait for the objects of a bucket without lockfiles. They only add states to those of the
/// lock table, and the bot may not be allowed to list them.
const OBJECTS_PATIENCE: Duration = Duration::from_secs(2);

impl AwsLocks {
    /// See [`Locks::seen`](crate::ports::Locks::seen).
    pub(super) async fn read_names(&self) -> Result<Seen, Fault> {
        let (tables, buckets) = (self.places.tables(), self.places.buckets());
        let (of_tables, of_buckets) = futures::join!(
            join_all(tables.iter().map(|(table, users)| self.seen_in_table(table, users))),
            join_all(buckets.iter().map(|(bucket, users)| self.seen_in_bucket(bucket, users))),
        );
        let of_tables = tables.iter().map(|(_, users)| users).zip(of_tables);
        // A bucket without lockfiles need not be readable: the digest rows of the table name the states
        // that Terraform has written through it.
        let of_buckets =
            buckets.iter().zip(of_buckets).filter_map(|((_, users), seen)| match seen {
                Err(fault) if users.iter().all(|place| place.lockfiles().is_none()) => {
                    tracing::debug!(%fault, "state objects are not listed");
                    None
                }
                seen => Some((users, seen)),
            });
        let (mut seen, mut any_read) = (Seen::default(), false);
        for (users, store) in of_tables.chain(of_buckets) {
            match store {
                Ok(states) => {
                    any_read = true;
                    seen.states.extend(states);
                }
                Err(fault) => {
                    tracing::debug!(%fault, "states are left out of the names that are offered");
                    seen.unread.push(unread(users, fault));
                }
            }
        }
        // Two backends may reach one store in two ways. The first sighting of a path counts.
        seen.states.sort_by_key(|known| !self.places.catalog.is_at_home(&known.state));
        match seen.unread.pop() {
            Some(Unread { fault, .. }) if !any_read => Err(fault),
            last => {
                seen.unread.extend(last);
                Ok(seen)
            }
        }
    }

    /// See [`Locks::has_trace`](crate::ports::Locks::has_trace).
    pub(super) async fn finds_trace(&self, state: &State) -> Result<bool, Fault> {
        let place = self.place_of(state)?;
        let path = &state.path;
        let digest = async {
            match &place.table {
                Some(table) => table.has_digest(path).await,
                None => Ok(false),
            }
        };
        let (lock, digest) = futures::join!(self.read(state), digest);
        if lock? != LockState::Free || digest? {
            return Ok(true);
        }
        let bucket = &place.bucket;
        if self.places.has_lockfiles(bucket) {
            return bucket.has_object(path).await;
        }
        match timeout(OBJECTS_PATIENCE, bucket.has_object(path)).await {
            Ok(Ok(has_object)) => Ok(has_object),
            Ok(Err(fault)) => {
                tracing::debug!(%fault, "state objects are not listed");
                Ok(false)
            }
            Err(_) => {
                tracing::debug!("state objects are not listed: S3 takes too long");
                Ok(false)
            }
        }
    }

    async fn seen_in_table(
        &self,
        table: &LockTable,
        users: &[&Place],
    ) -> Result<Vec<KnownState>, Fault> {
        let known = |Sighting { path, held }| {
            Some(KnownState { state: self.places.state_in(users, path)?, held })
        };
        Ok(table.seen().await?.into_iter().filter_map(known).collect())
    }

    /// The states in a bucket: one for each lockfile, and one for each object whose key matches the
    /// backend's key template. Other objects are not states.
    async fn seen_in_bucket(
        &self,
        bucket: &Bucket,
        users: &[&Place],
    ) -> Result<Vec<KnownState>, Fault> {
        let with_lockfiles: Vec<&Place> =
            users.iter().copied().filter(|place| place.lockfiles().is_some()).collect();
        let state_of = |key: &str| {
            if let Some(locked) = StatePath::of_lockfile(bucket.name(), key) {
                let state = self.places.state_in(&with_lockfiles, locked)?;
                return Some(KnownState { state, held: true });
            }
            let state = self.places.catalog.state_at(StatePath::new(bucket.name(), key).ok()?)?;
            // If the name is only the path, the key does not match the backend's template.
            (state.name.as_str() != state.path.as_str())
                .then_some(KnownState { state, held: false })
        };
        let mut seen = Vec::new();
        bucket.each_key(|key| seen.extend(state_of(key))).await?;
        Ok(seen)
    }
}
