//! The lockfiles of a bucket as its last list showed them, so that none is fetched twice.
//!
//! A list gives the `ETag` of every object. As long as it stays the same, so do the bytes. Anybody who
//! can write to the bucket can put objects there that end in `.tflock`, so what is read and kept of
//! them is bounded.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use crate::error::{Fault, FaultKind};
use crate::lock::{Flaw, LockRecord, RECORD_LIMIT, StatePath, StoredLock};

/// How many lockfiles of a bucket are read. A team with thousands of states has tens of locks at once.
/// All that is kept of them is below 32 MiB, with records of [`RECORD_LIMIT`].
pub(super) const MOST_READ: usize = 2_000;

/// How long a lockfile that could not be fetched is left alone. Until then a permission that was
/// granted does not show, unless the lockfile is another one.
const LEFT_ALONE: Duration = Duration::from_mins(1);

/// A lockfile as a list has it.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    pub(super) path: StatePath,
    pub(super) version: Version,
    pub(super) size: u64,
}

/// What tells an object from one that was there under the same key before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version {
    /// `None` where the store gives none: then nobody knows whether it is the same.
    pub(super) etag: Option<String>,
    pub(super) modified: Option<DateTime<Utc>>,
}

/// What is known of the lockfiles of a bucket, by the paths of their states.
#[derive(Clone, Debug, Default)]
pub(super) struct SeenLockfiles(HashMap<StatePath, Arc<Seen>>);

#[derive(Debug)]
struct Seen {
    version: Version,
    stored: StoredLock,
    /// When it is to be fetched again; `None` for one that was read.
    again: Option<Instant>,
}

/// What has to be done about the lockfiles of a list.
#[derive(Default)]
pub(super) struct Sorted {
    /// These are known without being fetched.
    pub(super) known: Vec<(StatePath, StoredLock)>,
    /// These have to be fetched.
    pub(super) unknown: Vec<Listed>,
}

impl Listed {
    /// It is there, and was not fetched for this reason.
    pub(super) fn unread(&self, why: impl Into<String>) -> StoredLock {
        StoredLock::flawed(Flaw::Unread(why.into()), LockRecord::new([]), self.version.modified)
            .with_etag(self.version.etag.clone())
    }
}

impl SeenLockfiles {
    /// Says of each lockfile of a list whether it is known. Forgets those that are not listed.
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
                "the bucket has more than {MOST_READ} lockfiles, and no more are read; remove those \
                 that are none"
            );
            let stored = lockfile.unread(why);
            sorted.known.push((lockfile.path, stored));
        }
        sorted.unknown = news;
        sorted
    }

    /// Remembers a lockfile that was fetched, if it is the listed one still.
    pub(super) fn read(&mut self, listed: &Listed, stored: &StoredLock) {
        if listed.version.etag.is_some() && stored.etag == listed.version.etag {
            self.remember(listed, stored, None);
        }
    }

    /// Remembers a lockfile that could not be fetched, unless that may be over in a moment.
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

/// Whether a fault of fetching an object is that object's own. Its bucket was listed a moment ago.
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
        // Those that are known stay so, however many others come, and cost nothing more.
        let again = seen.sort(listed(2 * MOST_READ), now);
        assert_eq!((again.unknown.len(), unread(&again)), (0, MOST_READ));
        assert_eq!(again.known.len(), 2 * MOST_READ);
        // Where some are gone, there is room for others.
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
        // What may be over in a moment is asked for at the next look.
        seen.unread(lockfile, &lockfile.unread("slow"), &fault(FaultKind::Throttled), now);
        assert_eq!(seen.sort(listed(1), now).unknown.len(), 1);
    }
}
