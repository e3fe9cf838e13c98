//! Remembers the lockfiles of a bucket from its last list, so that none is fetched twice.
//!
//! A list gives the `ETag` of every object. While it stays the same, so do the bytes. Anyone who
//! can write to the bucket can store objects that end in `.tflock`, so the number that is read and
//! kept is limited.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use crate::error::{Fault, FaultKind};
use crate::lock::{Flaw, LockRecord, RECORD_LIMIT, StatePath, StoredLock};

/// Limit on the lockfiles of a bucket that are read. A team with thousands of states has tens of locks at
/// once. All remembered lockfiles together stay below 32 MiB, with records of [`RECORD_LIMIT`].
pub(super) const MOST_READ: usize = 2_000;

/// How long until a lockfile that could not be fetched is tried again. Until then a newly granted
/// permission has no effect, unless the lockfile changes.
const LEFT_ALONE: Duration = Duration::from_mins(1);

/// A lockfile as a list shows it.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    pub(super) path: StatePath,
    pub(super) version: Version,
    pub(super) size: u64,
}

/// Distinguishes an object from an earlier one with the same key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version {
    /// `None` if the store gives none. Then it is not known whether the object is the same.
    pub(super) etag: Option<String>,
    pub(super) modified: Option<DateTime<Utc>>,
}

/// The remembered lockfiles of a bucket, by the paths of their states.
#[derive(Clone, Debug, Default)]
pub(super) struct SeenLockfiles(HashMap<StatePath, Arc<Seen>>);

#[derive(Debug)]
struct Seen {
    version: Version,
    stored: StoredLock,
    /// When to fetch it again. `None` if it was read.
    again: Option<Instant>,
}

/// The lockfiles of a list, split into known and unknown ones.
#[derive(Default)]
pub(super) struct Sorted {
    /// These need no fetch.
    pub(super) known: Vec<(StatePath, StoredLock)>,
    /// These must be fetched.
    pub(super) unknown: Vec<Listed>,
}

impl Listed {
    /// A lock that exists but was not fetched, for this reason.
    pub(super) fn unread(&self, why: impl Into<String>) -> StoredLock {
        StoredLock::flawed(Flaw::Unread(why.into()), LockRecord::new([]), self.version.modified)
            .with_etag(self.version.etag.clone())
    }
}

impl SeenLockfiles {
    /// Splits the lockfiles of a list into known and unknown ones. Forgets those that are not
    /// listed.
    pub(super) fn sort(&mut self, listed: Vec<Listed>, now: Instant) -> Sorted {
        let mut before = std::mem::take(&mut self.0);
        let mut sorted = Sorted::default();
        let mut news = Vec::new();
        for lockfile in listed {
            let seen = before.remove(&lockfile.path).filter(|seen| {
                seen.version == lockfile.version && seen.again.is_none_or(|again| now < again)
            });
            if let Some(seen) = seen {
                sorted.known.push((lockfile.path.clone(), seen.stored.clone()));
                self.0.insert(lockfile.path, seen);
            } else if lockfile.size > RECORD_LIMIT as u64 {
                let flaw = Flaw::TooLarge(lockfile.size);
                let modified = lockfile.version.modified;
                let stored = StoredLock::flawed(flaw, LockRecord::new([]), modified);
                sorted.known.push((lockfile.path, stored));
            } else {
                news.push(lockfile);
            }
        }
        let room = MOST_READ.saturating_sub(self.0.len());
        for lockfile in news.split_off(room.min(news.len())) {
            let why = format!(
                "the bucket has more than {MOST_READ} lockfiles, and no more are read; remove \
                     the objects that are no lockfiles"
            );
            let stored = lockfile.unread(why);
            sorted.known.push((lockfile.path, stored));
        }
        sorted.unknown = news;
        sorted
    }

    /// Remembers a fetched lockfile, if it is still the listed one.
    pub(super) fn read(&mut self, listed: &Listed, stored: &StoredLock) {
        if listed.version.etag.is_some() && stored.etag == listed.version.etag {
            self.remember(listed, stored, None);
        }
    }

    /// Remembers a lockfile that could not be fetched, unless the next try may succeed at once.
    pub(super) fn unread(
        &mut self,
        listed: &Listed,
        stored: &StoredLock,
        fault: &Fault,
        now: Instant,
    ) {
        if matches!(fault.kind, FaultKind::Denied | FaultKind::Unexpected) {
            self.remember(listed, stored, Some(now + LEFT_ALONE));
        }
    }

    fn remember(&mut self, listed: &Listed, stored: &StoredLock, again: Option<Instant>) {
        let (version, stored) = (listed.version.clone(), stored.clone());
        self.0.insert(listed.path.clone(), Arc::new(Seen { version, stored, again }));
    }
}

/// Whether a fault concerns only the fetched object. Its bucket was listed a moment ago.
pub(super) fn is_of_one_object(fault: &Fault) -> bool {
    matches!(
        fault.kind,
        FaultKind::Denied | FaultKind::Unexpected | FaultKind::Throttled | FaultKind::Unreachable
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(count: usize) -> Vec<Listed> {
        let lockfile = |at| Listed {
            path: StatePath::parse(&format!("states/team/{at}")).unwrap(),
            version: Version { etag: Some(format!("\"{at}\"")), modified: None },
            size: 200,
        };
        (0..count).map(lockfile).collect()
    }

    fn fetch_all(seen: &mut SeenLockfiles, unknown: &[Listed]) {
        for listed in unknown {
            let etag = listed.version.etag.clone();
            let stored = StoredLock::new(LockRecord::new("{}"), None).with_etag(etag);
            seen.read(listed, &stored);
        }
    }

    fn unread(sorted: &Sorted) -> usize {
        let is_unread = |stored: &StoredLock| matches!(stored.info, Err(Flaw::Unread(_)));
        sorted.known.iter().filter(|(_, stored)| is_unread(stored)).count()
    }

    #[test]
    fn of_very_many_objects_that_look_like_lockfiles_all_are_held_and_not_all_are_read() {
        let (mut seen, now) = (SeenLockfiles::default(), Instant::now());
        let first = seen.sort(listed(MOST_READ + 3), now);
        assert_eq!((first.unknown.len(), first.known.len(), unread(&first)), (MOST_READ, 3, 3));
        fetch_all(&mut seen, &first.unknown);
        // Known lockfiles stay known when others are added, and cost no more fetches.
        let again = seen.sort(listed(2 * MOST_READ), now);
        assert_eq!((again.unknown.len(), unread(&again)), (0, MOST_READ));
        assert_eq!(again.known.len(), 2 * MOST_READ);
        // If some are gone, there is room for others.
        let fewer = seen.sort(listed(MOST_READ + 3).split_off(10), now);
        assert_eq!((fewer.unknown.len(), unread(&fewer)), (3, 0));
    }

    #[test]
    fn what_no_store_gives_an_etag_for_is_read_every_time() {
        let (mut seen, now) = (SeenLockfiles::default(), Instant::now());
        let without = || {
            let mut listed = listed(1);
            listed[0].version.etag = None;
            listed
        };
        let first = seen.sort(without(), now);
        fetch_all(&mut seen, &first.unknown);
        assert_eq!(seen.sort(without(), now).unknown.len(), 1);
    }

    #[test]
    fn a_lockfile_that_was_denied_is_asked_for_again_after_a_while() {
        let (mut seen, now) = (SeenLockfiles::default(), Instant::now());
        let [lockfile] = &*seen.sort(listed(1), now).unknown else { panic!("one is new") };
        let fault = |kind| Fault {
            kind,
            subject: "The bucket".to_owned(),
            remedy: "allow it".to_owned(),
            source: None,
        };
        seen.unread(lockfile, &lockfile.unread("denied"), &fault(FaultKind::Denied), now);
        assert_eq!(unread(&seen.sort(listed(1), now)), 1);
        let now = now + LEFT_ALONE;
        assert_eq!(seen.sort(listed(1), now).unknown.len(), 1);
        // After a temporary fault the next list fetches it again.
        seen.unread(lockfile, &lockfile.unread("slow"), &fault(FaultKind::Throttled), now);
        assert_eq!(seen.sort(listed(1), now).unknown.len(), 1);
    }
}
