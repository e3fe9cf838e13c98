//! What the doctor looks at in AWS. See [`crate::ports::ExamineTable`] and its siblings.

mod bucket;
mod probe;
mod session;
mod table;
mod tries;

use std::sync::Arc;

use self::bucket::Lockfiles;
use self::session::Caller;
use self::table::Table;
use crate::aws::own::LedgerTables;
use crate::aws::session::Session;
use crate::lock::{BackendName, BackendStores};
use crate::ports::{ExamineBucket, ExamineSession, ExamineTable, TableUse};

/// All sessions, tables and buckets of the settings, each once.
#[derive(Default)]
pub struct Examined {
    /// The ways to reach AWS.
    pub sessions: Vec<Arc<dyn ExamineSession>>,
    /// The lock tables and the bot's own tables.
    pub tables: Vec<Arc<dyn ExamineTable>>,
    /// The buckets with lockfiles.
    pub buckets: Vec<Arc<dyn ExamineBucket>>,
}

impl Examined {
    /// Makes the clients, by the sessions of [`Session::for_backends`]. Does no network I/O.
    #[must_use]
    pub fn connect(session: &Session, tables: &LedgerTables, backends: &[BackendStores]) -> Self {
        let mut examined = Self::default();
        let by_session = grouped(session, backends, |_| Some(()));
        if by_session.iter().all(|(of, ..)| of.reached() != session.reached()) {
            examined.sessions.push(Arc::new(Caller::new(session, Vec::new())));
        }
        for (of, (), users) in by_session {
            examined.sessions.push(Arc::new(Caller::new(of, names(backends, &users))));
        }
        let own = [(&tables.table, TableUse::Own), (&tables.audit_table, TableUse::Trail)];
        for (name, used_for) in own {
            examined.tables.push(Arc::new(Table::own(session, tables, name, used_for)));
        }
        for (of, name, users) in grouped(session, backends, BackendStores::lock_table) {
            let bucket = &users[0].backend().bucket;
            let users = names(backends, &users);
            examined.tables.push(Arc::new(Table::of_locks(of, name, bucket, users)));
        }
        for (of, _, users) in grouped(session, backends, BackendStores::lockfile_bucket) {
            let backend = users[0].backend().clone();
            examined.buckets.push(Arc::new(Lockfiles::new(of, backend, names(backends, &users))));
        }
        examined
    }
}

/// The names of backends, for people. Empty where there is only one backend to name.
fn names(all: &[BackendStores], users: &[&BackendStores]) -> Vec<BackendName> {
    let users = users.iter().map(|stores| stores.backend().name.clone());
    if all.len() < 2 { Vec::new() } else { users.collect() }
}

/// Each thing once, with its session and the backends that use it.
fn grouped<'b, T: PartialEq>(
    session: &'b Session,
    backends: &'b [BackendStores],
    thing: impl Fn(&'b BackendStores) -> Option<T>,
) -> Vec<(&'b Session, T, Vec<&'b BackendStores>)> {
    let mut groups: Vec<(&Session, T, Vec<&BackendStores>)> = Vec::new();
    for stores in backends {
        let Some(thing) = thing(stores) else { continue };
        let of = session.of(stores.access());
        let is_it = |(known, it, _): &&mut (&Session, T, _)| {
            known.reached() == of.reached() && *it == thing
        };
        match groups.iter_mut().find(is_it) {
            Some((.., users)) => users.push(stores),
            None => groups.push((of, thing, vec![stores])),
        }
    }
    groups
}

/// The part of AWS that a region belongs to, as ARNs name it (IAM user guide, "Identify AWS resources with ARNs").
fn partition(region: &str) -> &'static str {
    match region {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}
