//! The parts of the bot, and what is made of them.

use std::sync::Arc;

use crate::aws::{AwsHolds, AwsLedger, AwsLocks, AwsOutbox, AwsTrail, LedgerTables, Session};
use crate::clock::SystemClock;
use crate::context::Context;
use crate::doctor::Doctor;
use crate::finding::Reading;
use crate::lock::{BackendStores, Catalog};
use crate::metrics::CountedLedger;
use crate::people::Holders;
use crate::ports::{Channels, Courier, Directory, Members};
use crate::unlock::Policies;
use crate::workers::{Memory, OutboxCourier, RememberedHolds, Turns};

/// The parts from which the context of the commands is built, apart from the reading of locks.
pub(super) struct Parts<'p> {
    pub(super) tables: LedgerTables,
    pub(super) backends: &'p [BackendStores],
    pub(super) doctor: Doctor,
    pub(super) policies: Policies,
    pub(super) holders: Holders,
    pub(super) channels: Arc<dyn Channels>,
    pub(super) members: Arc<dyn Members>,
}

impl Parts<'_> {
    pub(super) fn join(self, session: &Session, reading: Reading) -> (Context, Arc<OutboxCourier>) {
        let ledger = AwsLedger::connect(session, self.tables.clone(), self.backends);
        let ledger = Arc::new(CountedLedger(Arc::new(ledger)));
        let trail = Arc::new(AwsTrail::connect(session, self.tables.clone()));
        let outbox = AwsOutbox::connect(session, self.tables.clone());
        let watches = Arc::new(AwsHolds::connect(session, self.tables));
        let holds = RememberedHolds::new(watches.clone(), reading.clock.clone());
        let holders = Arc::new(self.holders);
        let policies = self.policies.named_by(reading.catalog.clone());
        let courier = Arc::new(OutboxCourier {
            ledger: ledger.clone(),
            outbox: Arc::new(outbox),
            channels: self.channels,
            policies: policies.clone(),
            holders: holders.clone(),
            clock: reading.clock.clone(),
            turns: Turns::default(),
        });
        let context = Context {
            reading,
            policies,
            holders,
            ledger,
            trail,
            holds: Arc::new(holds),
            watches,
            courier: courier.clone() as Arc<dyn Courier>,
            doctor: Arc::new(self.doctor),
            members: self.members,
        };
        (context, courier)
    }
}

pub(super) fn reading(
    backends: &[BackendStores],
    locks: Arc<AwsLocks>,
    directory: Arc<dyn Directory>,
) -> Reading {
    let catalog = Catalog::new(backends.iter().map(|stores| stores.backend().clone()).collect());
    Reading { catalog, locks, directory, clock: Arc::new(SystemClock) }
}

/// Builds the access to what the bot's own tables know about states.
pub(super) fn memory(session: &Session, tables: &LedgerTables) -> Memory {
    let holds = Arc::new(AwsHolds::connect(session, tables.clone()));
    Memory { holds, trail: Arc::new(AwsTrail::connect(session, tables.clone())) }
}
