//! The bot's tables, as `ports::Ledger` promises and `aws/ledger/commit.rs` implements: one transaction
//! that is written only if every condition holds.

use std::collections::BTreeSet;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

use locktender::audit::Action;
use locktender::people::{EventId, RequestId, UserId};
use locktender::unlock::{ApprovedUnlock, Status, Transition, UnlockRequest};

use crate::flaw::Flaw;
use crate::world::{Half, Record};

/// A large value that is part of many states. It is compared by its hash.
pub struct Shared<T> {
    print: u64,
    value: Arc<T>,
}

/// A request as it is stored.
#[derive(Clone, Debug, Hash)]
pub struct Filed {
    pub request: UnlockRequest,
    pub tail: Tail,
    /// The replica that wrote it. Real replicas never write the same value, because their clocks have
    /// nanoseconds. The clock here has not, so this field makes the difference.
    pub writer: usize,
}

/// The end of the audit chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tail {
    pub seq: u64,
    pub print: u64,
}

/// An entry of the trail, with the fields that the model needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Line {
    pub seq: u64,
    pub prev: u64,
    pub action: Action,
    pub by: Option<UserId>,
    pub request: RequestId,
    /// The replica that wrote it. It makes the entries of two replicas different.
    pub writer: usize,
}

/// A change to write, like `ports::Change`.
#[derive(Clone, Debug, Hash)]
pub struct Change {
    pub from: Option<Shared<Filed>>,
    pub transition: Transition,
    pub event: Option<EventId>,
    pub release_row: Option<ApprovedUnlock>,
    pub writer: usize,
}

/// Why nothing was written.
#[derive(Clone, Debug)]
pub enum Verdict {
    Stale(Shared<Filed>),
    Repeated,
    Guarded(RequestId),
    LockChanged(Option<Record>),
    TailMoved,
}

/// The tables.
#[derive(Clone, Debug, Default, Hash, PartialEq, Eq)]
pub struct Store {
    pub requests: Vec<Shared<Filed>>,
    pub guard: Option<RequestId>,
    pub trail: Vec<Line>,
    pub taken: BTreeSet<EventId>,
}

impl Store {
    pub fn request(&self, id: RequestId) -> Option<&Shared<Filed>> {
        self.requests.iter().find(|filed| filed.request.id == id)
    }

    pub fn tail(&self) -> Tail {
        self.trail.last().map_or_else(Tail::default, Line::tail)
    }

    /// Writes a change if every condition holds. Its first entry follows `tail`. `row` is the row in the lock
    /// table. The caller deletes it if this returns that the change was written.
    pub fn write(
        &mut self,
        row: Option<Record>,
        change: &Change,
        tail: Tail,
        flaw: Option<Flaw>,
    ) -> Result<Shared<Filed>, Verdict> {
        let next = &change.transition.next;
        let stored = self.request(next.id);
        let (lines, filed) = change.plan(tail);
        // The same order as `aws/ledger/commit.rs` uses for the reasons of a cancelled transaction.
        let expected = change.from.as_ref().map(|from| from.request.version);
        let version = stored.map(|filed| filed.request.version);
        let taken = change.event.is_some_and(|event| self.taken.contains(&event));
        let taken = taken && flaw != Some(Flaw::NoEventCondition);
        if version != expected && flaw != Some(Flaw::NoVersionCondition) {
            return match stored {
                _ if taken => Err(Verdict::Repeated),
                Some(now) => Err(Verdict::Stale(now.clone())),
                None => panic!("the request is gone"),
            };
        }
        if taken {
            return Err(Verdict::Repeated);
        }
        if let (None, Some(open)) = (&change.from, self.guard)
            && flaw != Some(Flaw::NoGuardCondition)
        {
            return Err(Verdict::Guarded(open));
        }
        if let Some(right) = &change.release_row
            && flaw != Some(Flaw::NoRecordCondition)
        {
            let pinned = right.pinned().row().expect("a row to release");
            let same = |row: Record| row.stored(Half::Row).record == pinned.record;
            if !row.is_some_and(same) {
                return Err(Verdict::LockChanged(row));
            }
        }
        let is_free = |line: &Line| self.trail.iter().all(|there| there.seq != line.seq);
        if !lines.iter().all(is_free) && flaw != Some(Flaw::NoEntryCondition) {
            return Err(Verdict::TailMoved);
        }
        for line in lines {
            self.trail.retain(|there| there.seq != line.seq);
            self.trail.push(line);
        }
        self.taken.extend(change.event);
        match (&change.from, next.is_open()) {
            (None, _) => self.guard = Some(next.id),
            (Some(_), false) => self.guard = None,
            (Some(_), true) => {}
        }
        match self.requests.iter_mut().find(|filed| filed.request.id == next.id) {
            Some(there) => *there = filed.clone(),
            None => self.requests.push(filed.clone()),
        }
        Ok(filed)
    }
}

impl Change {
    /// The entries and the request that the tables have after this change.
    fn plan(&self, mut tail: Tail) -> (Vec<Line>, Shared<Filed>) {
        let mut lines = Vec::new();
        for draft in &self.transition.entries {
            let line = Line {
                seq: tail.seq + 1,
                prev: tail.print,
                action: draft.action,
                by: draft.actor.as_ref().map(|person| person.id),
                request: draft.request,
                writer: self.writer,
            };
            tail = line.tail();
            lines.push(line);
        }
        let request = self.transition.next.clone();
        (lines, Shared::new(Filed { request, tail, writer: self.writer }))
    }

    /// Whether a stored request is the result of this change.
    pub fn is_written_in(&self, filed: &Shared<Filed>, tail: Tail) -> bool {
        self.plan(tail).1 == *filed
    }
}

impl Line {
    pub fn tail(&self) -> Tail {
        Tail { seq: self.seq, print: print(self) }
    }
}

impl Filed {
    pub fn is_executing(&self) -> bool {
        *self.request.status() == Status::Executing
    }
}

fn print(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

impl<T: Hash> Shared<T> {
    pub fn new(value: T) -> Self {
        Self { print: print(&value), value: Arc::new(value) }
    }
}

impl<T: fmt::Debug> Shared<T> {
    /// Like `new`, for a value without its own hash.
    pub fn shown(value: T) -> Self {
        Self { print: print(&format!("{value:?}")), value: Arc::new(value) }
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self { print: self.print, value: Arc::clone(&self.value) }
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        self.print == other.print
    }
}

impl<T> Eq for Shared<T> {}

impl<T> Hash for Shared<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.print.hash(state);
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}
