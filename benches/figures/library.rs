//! The library without the program: the context of its commands, and a user who runs them.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::TimeDelta;
use locktender::aws::{AwsHolds, AwsLedger, AwsLocks, AwsTrail};
use locktender::clock::SystemClock;
use locktender::command::Command;
use locktender::commands::{self, Asker};
use locktender::context::Context;
use locktender::doctor::{Diagnosis, Doctor};
use locktender::error::{Fault, GivenUp};
use locktender::finding::Reading;
use locktender::lock::{Backend, BackendName, BackendStores, Catalog};
use locktender::people::{
    Actor, ChannelId, EventId, GuildId, Person, Place, RequestId, RoleId, Room, UserId,
};
use locktender::ports::{Acceptance, Courier, Members};
use locktender::unlock::{Asking, Policy};
use locktender::workers::PatientDirectory;

use crate::double::{CHANNEL, GUILD};
use crate::store::{BUCKET, Store, own_tables};

/// The role that all users have.
const ROLE: RoleId = RoleId::new(900);

/// The channel that all users are in.
const PLACE: Place = Place { guild: GuildId::new(GUILD), channel: ChannelId::new(CHANNEL) };

/// The context for commands on a lock table and the bot's own tables that belong to it.
pub fn context(store: &Store, table: &str, courier: Arc<dyn Courier>) -> Context {
    let key = "{state}/terraform.tfstate".parse().unwrap();
    let backend = Backend::new(BackendName::new("main").unwrap(), BUCKET, key, "env:").unwrap();
    let catalog = Catalog::new(vec![backend.clone()]);
    let stores = BackendStores::new(backend, Some(table.to_owned()), false).unwrap();
    let session = store.session();
    let locks = Arc::new(AwsLocks::connect(&session, vec![stores.clone()]));
    let directory = Arc::new(PatientDirectory::new(locks.clone()));
    let reading = Reading { catalog, locks, directory, clock: Arc::new(SystemClock) };
    let holds = Arc::new(AwsHolds::connect(&session, own_tables(table)));
    let policy = Policy {
        approver_roles: BTreeSet::from([ROLE]),
        approvals: NonZeroU32::MIN,
        request_ttl: TimeDelta::minutes(30),
        stale_after: TimeDelta::hours(2),
        announce: Some(ChannelId::new(CHANNEL)),
        announce_min_hold: TimeDelta::zero(),
        asking: Asking::default(),
    };
    Context {
        reading,
        policies: policy.into(),
        holders: Arc::default(),
        ledger: Arc::new(AwsLedger::connect(&session, own_tables(table), &[stores])),
        trail: Arc::new(AwsTrail::connect(&session, own_tables(table))),
        holds: holds.clone(),
        watches: holds,
        courier,
        members: Arc::new(InTime),
        doctor: Arc::new(Doctor::new(Arc::new(SystemClock), Diagnosis::default())),
    }
}

/// Runs a command as this user, and asserts that it is answered.
pub async fn ask(context: &Context, user: u64, event: EventId, command: Command) {
    let actor = Actor {
        person: Person { id: UserId::new(user), name: format!("user-{user}") },
        is_bot: false,
        roles: BTreeSet::from([ROLE]),
        place: PLACE,
        room: Room::default(),
    };
    let by = Asker { actor: &actor, event, acceptance: &InTime };
    let answer = commands::answer(&Ok(command), &by, context).await;
    assert_eq!(answer.outcome, "answered", "{answer:?}");
}

/// Accepts every command in time, and gives every user the role.
struct InTime;

#[async_trait]
impl Acceptance for InTime {
    async fn accept(&self) -> Result<(), GivenUp> {
        Ok(())
    }
}

#[async_trait]
impl Members for InTime {
    async fn roles(&self, _: UserId) -> Result<Option<BTreeSet<RoleId>>, Fault> {
        Ok(Some(BTreeSet::from([ROLE])))
    }
}

/// A courier that delivers nothing.
pub struct Nobody;

#[async_trait]
impl Courier for Nobody {
    async fn deliver(&self) {}

    async fn deliver_to(&self, _: ChannelId) {}

    async fn refresh(&self, _: RequestId) {}
}
