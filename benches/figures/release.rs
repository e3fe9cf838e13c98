//! From the click that approves to the lock being gone.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::TimeDelta;
use locktender::aws::{AwsHolds, AwsLedger, AwsLocks, AwsTrail, Sandbox};
use locktender::clock::SystemClock;
use locktender::command::Command;
use locktender::commands::{self, Asker, Context, Reading};
use locktender::error::{Fault, GivenUp};
use locktender::lock::{Backend, BackendName, BackendStores, Catalog};
use locktender::people::{Actor, ChannelId, EventId, GuildId, Person, Place, RoleId, Room, UserId};
use locktender::ports::{Acceptance, Clock, Courier, Members};
use locktender::unlock::{Asking, Policy, RequestId};
use locktender::workers::PatientDirectory;

use crate::report::{Report, Target, median, ms, ratio};
use crate::store::{BUCKET, Store, own_tables};

/// The lock table, of nothing but the lock in question.
const TABLE: &str = "one-lock";

const STATE: &str = "env/prod";

const RUNS: u64 = 200;

const ROLE: RoleId = RoleId::new(900);

/// Measures a release beside the least that takes a lock away: a read, and a delete that asks for
/// nothing and records nothing.
pub async fn measure(store: &Store, report: &mut Report) {
    Sandbox::open(&store.session(), TABLE).await.unwrap();
    store.make_own_tables(TABLE).await;
    let courier = Arc::new(Watch::default());
    let context = context(store, TABLE, courier.clone());
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for run in 0..RUNS {
        lock(store).await;
        ours.push(release(&context, &courier, run).await);
        lock(store).await;
        bare.push(delete(store).await);
    }
    let (our, bare) = (median(&ours), median(&bare));
    report.figure(
        "8. click to released lock, 2 calls of DynamoDB",
        Target::None,
        ms(our),
        format!("{}, GetItem and DeleteItem", ms(bare)),
        ratio(our, bare),
    );
}

/// Has a request opened and approved, and says how long the lock was there after the approval.
async fn release(context: &Context, courier: &Watch, run: u64) -> Duration {
    let opening = EventId::new(10 * run + 1);
    let reason = Some("the runner died".to_owned());
    ask(context, "alice", opening, Command::Unlock { state: STATE.to_owned(), reason }).await;
    let approve = Command::Approve { request: RequestId::of(opening), typed: None };
    let begun = Instant::now();
    ask(context, "bob", EventId::new(10 * run + 2), approve).await;
    // The courier is called when the lock is gone, and before anybody is told.
    let gone = courier.0.lock().unwrap().take().unwrap();
    let filed = context.ledger.request(RequestId::of(opening)).await.unwrap().unwrap();
    assert!(!filed.request.is_open(), "{:?}", filed.request);
    gone - begun
}

async fn ask(context: &Context, name: &str, event: EventId, command: Command) {
    let actor = Actor {
        person: Person { id: UserId::new(name.len() as u64), name: name.to_owned() },
        is_bot: false,
        roles: BTreeSet::from([ROLE]),
        place: Place { guild: GuildId::new(1), channel: ChannelId::new(1) },
        room: Room::default(),
    };
    let by = Asker { actor: &actor, event, acceptance: &InTime };
    let answer = commands::answer(&Ok(command), &by, context).await;
    assert_eq!(answer.outcome, "answered", "{answer:?}");
}

async fn delete(store: &Store) -> Duration {
    let client = store.client();
    let key = || AttributeValue::S(path());
    let read = || client.get_item().table_name(TABLE).key("LockID", key()).consistent_read(true);
    // The connection is made before the clock is started, as the bot's is.
    read().send().await.unwrap();
    let begun = Instant::now();
    assert!(read().send().await.unwrap().item.is_some());
    client.delete_item().table_name(TABLE).key("LockID", key()).send().await.unwrap();
    begun.elapsed()
}

/// Locks the state since yesterday, which is stale: nobody is asked to type its name.
async fn lock(store: &Store) {
    let created = (SystemClock.now() - TimeDelta::days(1)).to_rfc3339();
    let record = format!(
        r#"{{"ID":"1f6e7bc2-0ede-e7d2-69ce-4a7141d98284","Operation":"OperationTypeApply","Info":"","Who":"jjoyner@ci-runner-04","Version":"1.11.4","Created":"{created}","Path":"{}"}}"#,
        path()
    );
    let put = store.client().put_item().table_name(TABLE);
    let put = put.item("LockID", AttributeValue::S(path()));
    put.item("Info", AttributeValue::S(record)).send().await.unwrap();
}

fn path() -> String {
    format!("{BUCKET}/{STATE}/terraform.tfstate")
}

/// Notes when it is called for.
#[derive(Default)]
struct Watch(Mutex<Option<Instant>>);

#[async_trait]
impl Courier for Watch {
    async fn deliver(&self) {
        *self.0.lock().unwrap() = Some(Instant::now());
    }

    async fn deliver_to(&self, _: ChannelId) {}

    async fn refresh(&self, _: RequestId) {}
}

/// Whoever asks is in time, and everybody is who they say.
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

/// What the library is given to work on a lock table, and on the bot's own that go with it.
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
        asking: Asking::default(),
    };
    Context {
        reading,
        policy,
        ledger: Arc::new(AwsLedger::connect(&session, own_tables(table), &[stores])),
        trail: Arc::new(AwsTrail::connect(&session, own_tables(table))),
        holds: holds.clone(),
        watches: holds,
        courier,
        members: Arc::new(InTime),
    }
}
