//! A bot with the same parts as `locktender run`, whose AWS calls are counted.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use chrono::{SecondsFormat, TimeDelta};
use futures::future::try_join_all;
use locktender::audit::Hash;
use locktender::aws::{AwsLease, AwsLocks, Migrations, Patience, Session};
use locktender::command::Command;
use locktender::commands::Answer;
use locktender::context::Context;
use locktender::finding::Reading;
use locktender::lock::{BackendStores, Catalog, HeldLock, LockRecord, LockState, StoredLock};
use locktender::people::{
    Actor, ChannelId, EventId, GuildId, Person, Place, RequestId, Room, UserId,
};
use locktender::ports::Clock;
use locktender::unlock::Policy;
use locktender::watch::{Ending, Hold, PastHold};
use locktender::workers::{Checkpoints, LiveDirectory, Lookout, OutboxCourier, Warden};

use super::costing;
use super::sheet::Storage;
use crate::support::dynamodb::{BUCKET, DynamoDb, TABLE, backend, tables, text};
use crate::support::given::{NOW, record};
use crate::support::iam::Permission;
use crate::support::meter::{Cost, Meter};
use crate::support::office::{
    self, APPROVERS, Hands, Roster, Wall, context, lookout, memory, policy, words,
};
use crate::support::s3::S3;
use crate::support::trail::{TrailTable, chain};

/// The state that people ask about.
pub const PROD: &str = "env/prod";

/// The number of states, and the number of held states: one in ten.
pub const STATES: usize = 200;
pub const HELD: usize = 20;

/// The state's past holds, the entries of its trail, and the later runs on the holder's machine.
const PAST: usize = 100;
const ENTRIES: usize = 12;
const OTHER_RUNS: usize = 10;

/// The age of the state's lock, and of the others, in minutes.
const PROD_AGE: i64 = 252;
const OTHER_AGE: i64 = 5;

/// Long timeouts, because a call waits at the gate and must not be retried.
pub const PATIENCE: Patience = Patience {
    connect: Duration::from_mins(1),
    attempt: Duration::from_mins(2),
    operation: Duration::from_mins(4),
};

/// The stores, the people and the clock. All processes of the bot share them.
pub struct Bot {
    pub time: Arc<Hands>,
    storage: Storage,
    db: DynamoDb,
    s3: S3,
    meter: Meter,
    wall: Arc<Wall>,
    roster: Arc<Roster>,
    numbers: AtomicU64,
}

/// One process of the bot. At its start it knows only the names of states.
pub struct Process {
    pub context: Context,
    pub courier: Arc<OutboxCourier>,
    pub names: Arc<LiveDirectory>,
    pub lookout: Lookout,
    pub warden: Warden,
    pub checkpoints: Checkpoints,
}

/// A person with the approver role. The IDs are as long as Discord's.
pub fn somebody(name: &str) -> Actor {
    let id = UserId::new(1_100_000_000_000_000_000 + office::user(name).get());
    let guild = GuildId::new(1_200_000_000_000_000_001);
    let channel = ChannelId::new(1_200_000_000_000_000_002);
    Actor {
        person: Person { id, name: name.to_owned() },
        is_bot: false,
        roles: [APPROVERS].into(),
        place: Place { guild, channel },
        room: Room::default(),
    }
}

/// The name of another state. The first of these states are held.
pub fn other(number: usize) -> String {
    format!("services/api-{number:03}")
}

impl Bot {
    /// Fills the stores, and lets an earlier process look at them.
    pub async fn new(storage: Storage) -> Self {
        let (db, s3) = tokio::join!(DynamoDb::start(), S3::start());
        db.migrate().await;
        let meter = Meter::start(&db.endpoint(), s3.endpoint()).await;
        let bot = Self {
            time: Arc::new(Hands::at(NOW)),
            storage,
            db,
            s3,
            meter,
            wall: Arc::default(),
            roster: Arc::default(),
            numbers: AtomicU64::new(1_300_000_000_000_000_000),
        };
        bot.write_states().await;
        bot.write_past().await;
        let earlier = bot.start().await;
        earlier.lookout.pass().await.unwrap();
        bot.deliver(&earlier).await;
        bot
    }

    pub fn storage(&self) -> Storage {
        self.storage
    }

    /// Starts a process.
    pub async fn start(&self) -> Process {
        self.start_with(policy(1)).await
    }

    /// Starts a process with this policy.
    pub async fn start_with(&self, policy: Policy) -> Process {
        let session = Session::at(&self.meter.endpoint(), PATIENCE);
        let pending = Migrations::connect(&session, tables()).pending().await.unwrap();
        assert_eq!(pending, Vec::<String>::new());
        let backends = [self.backend()];
        let locks = Arc::new(AwsLocks::connect(&session, backends.to_vec()));
        let names = LiveDirectory::new(locks.clone()).with_memory(memory(&session));
        let names = Arc::new(names);
        names.refresh().await.unwrap();
        let reading = Reading {
            catalog: Catalog::new(vec![self.backend().backend().clone()]),
            locks,
            directory: names.clone(),
            clock: self.time.clone(),
        };
        let edges = (self.wall.clone(), self.roster.clone());
        let (context, courier) = context(&session, &backends, reading, policy.into(), edges);
        Process {
            lookout: lookout(&context),
            warden: Warden::new(context.clone()),
            checkpoints: Checkpoints {
                trail: context.trail.clone(),
                courier: context.courier.clone(),
                clock: self.time.clone(),
            },
            context,
            courier,
            names,
        }
    }

    /// The lease of all replicas.
    pub fn leases(&self) -> AwsLease {
        AwsLease::connect(&Session::at(&self.meter.endpoint(), PATIENCE), tables())
    }

    /// The bytes that a hold leaves behind.
    pub async fn past(&self) -> [u32; 2] {
        costing::past(&self.db).await
    }

    /// The permissions that AWS demands for all that was done so far.
    pub fn demanded(&self) -> BTreeSet<Permission> {
        self.meter.demanded()
    }

    /// The cost of a piece of work.
    pub async fn cost<T>(&self, work: impl Future<Output = T>) -> Cost {
        Box::pin(self.meter.measure(work)).await.0
    }

    /// The cost of a question or a click.
    pub async fn cost_of(&self, process: &Process, by: &Actor, command: Command) -> Cost {
        self.cost(self.ask(process, by, command)).await
    }

    /// The cost of a look at all locks.
    pub async fn cost_of_look(&self, process: &Process) -> Cost {
        self.cost(async { process.lookout.pass().await.unwrap() }).await
    }

    /// The cost of a delivery of the outbox.
    pub async fn cost_of_delivery(&self, process: &Process) -> Cost {
        self.cost(self.deliver(process)).await
    }

    /// Delivers the outbox once, like the worker.
    pub async fn deliver(&self, process: &Process) {
        assert!(process.courier.round().await, "everything can be delivered");
    }

    /// Runs one command and asserts that it is answered.
    pub async fn ask(&self, process: &Process, by: &Actor, command: Command) {
        self.answered(process, self.event(), by, command).await;
    }

    /// Opens a request for a state, and posts its card.
    pub async fn open(&self, process: &Process, by: &Actor, state: &str) -> RequestId {
        let event = self.event();
        self.answered(process, event, by, unlock(state)).await;
        self.deliver(process).await;
        RequestId::of(event)
    }

    async fn answered(
        &self,
        process: &Process,
        event: EventId,
        by: &Actor,
        command: Command,
    ) -> Answer {
        let answer = office::ask(&process.context, event, by, command).await;
        assert_eq!(answer.outcome, "answered", "{}", words(&answer));
        answer
    }

    fn event(&self) -> EventId {
        EventId::new(self.numbers.fetch_add(1, Ordering::Relaxed))
    }

    /// Takes the lock of a state. The record says that it was taken this many minutes ago.
    pub async fn lock(&self, state: &str, who: &str, minutes: i64) {
        let record = self.record(who, minutes);
        if self.storage.stores().lockfile {
            self.s3.put(&lockfile(state), &record);
        }
        if self.storage.stores().row {
            self.lock_row(state, record).await;
        }
    }

    /// Takes the row of a lock, without its lockfile.
    pub async fn lock_half(&self, state: &str) {
        self.lock_row(state, self.record("ci@ci-runner-04", OTHER_AGE)).await;
    }

    async fn lock_row(&self, state: &str, record: String) {
        self.db.put(&path(state), &[("Info", text(&record))]).await;
    }

    /// Clears the lock of a state, like its holder.
    pub async fn clear(&self, state: &str) {
        self.s3.remove(&lockfile(state));
        if self.storage.stores().row {
            self.db.delete(&path(state)).await;
        }
    }

    fn backend(&self) -> BackendStores {
        let table = self.storage.stores().row.then_some(TABLE);
        backend("main", BUCKET, table, self.storage.stores().lockfile)
    }

    /// A lock record as long as Terraform's, with a new lock ID.
    fn record(&self, who: &str, minutes: i64) -> String {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed) % 1_000_000;
        let id = format!("1f6e7bc2-0ede-e7d2-69ce-4a7141{number:06}");
        record(&id, "OperationTypeApply", who, &self.ago(minutes, SecondsFormat::Nanos))
    }

    fn ago(&self, minutes: i64, format: SecondsFormat) -> String {
        (self.time.now() - TimeDelta::minutes(minutes)).to_rfc3339_opts(format, true)
    }

    /// Writes each state, and the locks of the held ones.
    async fn write_states(&self) {
        let names: Vec<String> =
            std::iter::once(PROD.to_owned()).chain((1..STATES).map(other)).collect();
        for name in &names {
            self.s3.put(&format!("{name}/terraform.tfstate"), "{}");
        }
        let stores = self.storage.stores();
        let mut rows = Vec::new();
        for (number, name) in names.iter().enumerate() {
            rows.push((format!("{}-md5", path(name)), "Digest", "0".repeat(32)));
            let record = match number {
                0 => self.record("jjoyner@ci-runner-04", PROD_AGE),
                1..HELD => self.record(&format!("ci@ci-runner-{}", 10 + number), OTHER_AGE),
                _ => continue,
            };
            if stores.lockfile {
                self.s3.put(&lockfile(name), &record);
            }
            rows.push((path(name), "Info", record));
        }
        if stores.row {
            self.db.put_all(rows).await;
        }
    }

    /// Writes the past of the state: one hold that the bot writes, and copies of it.
    async fn write_past(&self) {
        let process = self.start().await;
        let state = process.context.reading.catalog.resolve(PROD).unwrap();
        let entries = chain(state.path.as_str(), ENTRIES);
        TrailTable::of(&self.db).put_all(&entries).await;
        let stored = StoredLock::new(LockRecord::new(self.record("ci@ci-runner-04", 6)), None);
        let stores = self.storage.stores();
        let [row, lockfile] =
            [stores.row, stores.lockfile].map(|there| there.then(|| stored.clone()));
        let lock = LockState::from_stores(stores, row, lockfile);
        let hold = Hold::of(&HeldLock { state, lock }, self.time.now()).unwrap();
        let holds = &process.context.holds;
        assert!(holds.begin(&hold).await.unwrap());
        let past = PastHold { hold, ended_at: self.time.now(), ending: Ending::Cleared };
        assert!(holds.end(&past, None, self.time.now(), &|_| Vec::new()).await.unwrap());
        let mut copies = Vec::new();
        for item in self.db.rows(&tables().table).await {
            let kind = item["pk"].as_s().unwrap().split('#').next().unwrap();
            let (count, minutes) = match kind {
                "past" => (PAST - 1, 180),
                "host" => (OTHER_RUNS, 20),
                _ => continue,
            };
            copies.extend((1..).take(count).map(|number: i64| {
                let mut copy = item.clone();
                let at = self.ago(minutes * number, SecondsFormat::Millis);
                let (_, id) = item["sk"].as_s().unwrap().split_once('#').unwrap();
                copy.insert("sk".to_owned(), text(&format!("{at}#{id}")));
                if kind == "host" {
                    let of = Hash::of(format!("another state {number}"));
                    copy.insert("state".to_owned(), text(of.as_str()));
                }
                copy
            }));
        }
        assert_eq!(copies.len(), PAST - 1 + OTHER_RUNS);
        self.put_all(copies).await;
    }

    async fn put_all(&self, items: Vec<HashMap<String, AttributeValue>>) {
        let put = |item| {
            let put = PutRequest::builder().set_item(Some(item)).build().unwrap();
            WriteRequest::builder().put_request(put).build()
        };
        let requests: Vec<WriteRequest> = items.into_iter().map(put).collect();
        // BatchWriteItem takes 25.
        let batches = requests.chunks(25).map(|batch| {
            let write = self.db.client.batch_write_item();
            write.request_items(tables().table, batch.to_vec()).send()
        });
        try_join_all(batches).await.unwrap();
    }
}

/// A request to unlock, with a reason.
pub fn unlock(state: &str) -> Command {
    let reason = Some("the runner died, see the job of this morning".to_owned());
    Command::Unlock { state: state.to_owned(), reason }
}

fn path(state: &str) -> String {
    format!("{BUCKET}/{state}/terraform.tfstate")
}

pub fn lockfile(state: &str) -> String {
    format!("{state}/terraform.tfstate.tflock")
}
