//! Measures small steps behind every answer, without network and disk.
//!
//! `cargo bench --bench micro` runs all of them.

#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use divan::{Bencher, black_box};
use locktender::aws::{AwsHolds, AwsLedger, AwsTrail, LedgerTables, Patience, Session};
use locktender::clock::SystemClock;
use locktender::command::Command;
use locktender::commands::{self, Asker};
use locktender::console::{Style, text};
use locktender::context::Context;
use locktender::doctor::{Diagnosis, Doctor};
use locktender::error::{Fault, GivenUp};
use locktender::finding::{Reading, Report};
use locktender::lock::{
    Backend, BackendName, Catalog, HeldLock, KnownState, KnownStates, LockRecord, LockState, State,
    StatePath, StoreCheck, StoredLock, Stores,
};
use locktender::people::{
    Actor, ChannelId, EventId, GuildId, Person, Place, RequestId, RoleId, Room, UserId,
};
use locktender::ports::{
    Acceptance, Clock, Courier, Deleted, Directory, Listing, Locks, Members, Seen,
};
use locktender::settings::Config;
use locktender::unlock::{ApprovedUnlock, Asking, Policies, Policy};
use locktender::watch::{Ending, Hold, Kind, Past, PastHold, differences, verdict};
use tokio::runtime::{Builder, Runtime};

fn main() {
    divan::main();
}

/// Reads a file of 1,000 policies and compiles their patterns, as at every start.
#[divan::bench]
fn read_1000_policies(bencher: Bencher) {
    let policy = |at: u64| {
        let role = 10_u64.pow(17) + at;
        format!(
            "[[policy]]\nstates = 'team-{at}/*/prod@*'\napprovers = ['{role}']\napprovals = 2\n"
        )
    };
    let text: String = (0..1_000).map(policy).collect();
    let main = BackendName::new("main").unwrap();
    let general = Policy {
        approver_roles: BTreeSet::from([RoleId::new(1)]),
        approvals: NonZeroU32::MIN,
        request_ttl: TimeDelta::minutes(30),
        stale_after: TimeDelta::hours(2),
        announce: None,
        announce_min_hold: TimeDelta::zero(),
        asking: Asking::default(),
    };
    bencher.bench(|| {
        let config = Config::parse(black_box(&text), "c.toml", &main).unwrap();
        let by_state = config.policies.iter().map(|policy| policy.over(&general)).collect();
        Policies::new(general.clone()).with(by_state).unwrap()
    });
}

/// Parses one record. Every status parses one, and every list parses all of them.
/// What a short name means with this many backends, the name of one of these states, and whether it is short enough
/// to be shown.
#[divan::bench(args = [1, 20])]
fn name_a_state(bencher: Bencher, backends: usize) {
    let backend = |at: usize| {
        let key = "{state}/terraform.tfstate".parse().unwrap();
        let name = BackendName::new(&format!("team-{at}")).unwrap();
        Backend::new(name, &format!("states-{at}"), key, "env:").unwrap()
    };
    let catalog = Catalog::new((0..backends).map(backend).collect());
    let path = StatePath::parse("states-0/team/service/prod/terraform.tfstate").unwrap();
    bencher.bench(|| {
        let meanings = catalog.meanings(black_box("team/service/prod")).unwrap();
        let state = meanings.ranks(|it| *it == path).flatten().next().unwrap();
        catalog.is_short_for(&state)
    });
}

#[divan::bench]
fn parse_a_record(bencher: Bencher) {
    let record = record(0);
    bencher.bench(|| black_box(&record).parse().unwrap());
}

/// Makes the text of a status from what was read.
#[divan::bench]
fn word_and_write_a_status(bencher: Bencher) {
    let held = Given::locks(1).0.remove(0);
    let known = locktender::finding::Known::Seen;
    let store = StoreCheck::Kept;
    let report =
        Report { state: held.state, lock: held.lock, known, store, looked_in: None, at: noon() };
    bencher.bench(|| text(&locktender::words::lock::status(black_box(&report)), Style::Coloured));
}

/// Completes a name. Discord waits for this at every typed letter.
#[divan::bench(args = ["", "p", "prod", "team-7 prod", "nothing like it"])]
fn complete_among_5000(bencher: Bencher, typed: &str) {
    let known = known(5_000);
    bencher.bench(|| black_box(&known).matching(black_box(typed), 25).len());
}

/// Finds the nearest name, the extra cost of a status for an unknown name.
#[divan::bench(args = ["team-7/servcie-7/prod", "nothing like it"])]
fn nearest_among_5000(bencher: Bencher, typed: &str) {
    let known = known(5_000);
    bencher.bench(|| black_box(&known).nearest(black_box(typed)).cloned());
}

/// Sorts all state names, as after each read of them.
#[divan::bench]
fn sort_5000_names(bencher: Bencher) {
    let seen: Vec<KnownState> = seen(5_000).collect();
    bencher.with_inputs(|| seen.clone()).bench_values(KnownStates::new);
}

/// Makes one page of `/lock list` from 1,000 locks: filters, sorts and words it, without reading.
#[divan::bench]
fn page_of_1000_locks(bencher: Bencher) {
    let context = context(reading(Given::locks(1_000)));
    let actor = actor();
    let by = Asker { actor: &actor, event: EventId::new(1), acceptance: &Nobody };
    let command = Command::List { filter: String::new(), page: 50 };
    let runtime = runtime();
    bencher.bench(|| runtime.block_on(commands::run(black_box(&command), &by, &context)).unwrap());
}

/// Compares 1,000 locks with the last pass, without reading them.
#[divan::bench]
fn differences_of_1000_locks(bencher: Bencher) {
    let held = Given::locks(1_000).0;
    let holds = held.iter().filter_map(|held| Hold::of(held, noon()));
    let before: BTreeMap<StatePath, Hold> =
        holds.map(|hold| (hold.state.path.clone(), hold)).collect();
    bencher.bench(|| differences(black_box(&before), black_box(&held), noon()));
}

/// Judges 1,000 holds, each with 100 past holds.
#[divan::bench]
fn verdicts_for_1000_locks(bencher: Bencher) {
    let held = Given::locks(1_000).0;
    let holds: Vec<(Hold, Vec<PastHold>)> = held
        .iter()
        .filter_map(|held| Hold::of(held, noon()))
        .map(|hold| {
            let past = (0..100).map(|at| past(&hold, at)).collect();
            (hold, past)
        })
        .collect();
    let limit = TimeDelta::hours(2);
    bencher.bench(|| {
        let verdicts = black_box(&holds).iter();
        let verdicts =
            verdicts.map(|(hold, past)| verdict(hold, &Past::of(past), 1, limit, noon()).kind);
        verdicts.filter(|&kind| kind == Kind::Stale).count()
    });
}

/// A past hold of the same state. Each has a different length.
fn past(hold: &Hold, at: i64) -> PastHold {
    let since = noon() - TimeDelta::days(at + 1);
    let length = TimeDelta::seconds(300 + at * 7_919 % 600);
    let hold = Hold { since, ..hold.clone() };
    PastHold { hold, ended_at: since + length, ending: Ending::Cleared }
}

/// Fixed locks, in memory.
struct Given(Vec<HeldLock>);

impl Given {
    fn locks(count: usize) -> Self {
        let expected = Stores { row: true, lockfile: false };
        let lock = |at| {
            let stored = StoredLock::new(record(at), None);
            HeldLock {
                state: state(at),
                lock: LockState::from_stores(expected, Some(stored), None),
            }
        };
        Self((0..count).map(lock).collect())
    }
}

#[async_trait]
impl Locks for Given {
    async fn inspect(&self, _: &State) -> Result<LockState, Fault> {
        Ok(LockState::Free)
    }

    async fn list(&self) -> Result<Listing, Fault> {
        let read = self.0.iter().map(|held| held.state.backend.clone());
        Ok(Listing::whole(self.0.clone(), read))
    }

    async fn seen(&self) -> Result<Seen, Fault> {
        Ok(Seen::default())
    }

    async fn delete_lockfile(&self, unlock: &ApprovedUnlock) -> Result<Deleted, Fault> {
        panic!("nobody asks for {:?}", unlock.state())
    }
}

#[async_trait]
impl Directory for Given {
    async fn known(&self) -> Option<Arc<KnownStates>> {
        None
    }

    async fn has_seen(&self, _: &State) -> Result<bool, Fault> {
        Ok(true)
    }
}

/// A clock that stands still.
struct Noon;

impl Clock for Noon {
    fn now(&self) -> DateTime<Utc> {
        noon()
    }

    fn uptime(&self) -> Duration {
        Duration::ZERO
    }
}

fn noon() -> DateTime<Utc> {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

/// Stands in for the ports that are not measured here.
struct Nobody;

#[async_trait]
impl Acceptance for Nobody {
    async fn accept(&self) -> Result<(), GivenUp> {
        Ok(())
    }
}

#[async_trait]
impl Courier for Nobody {
    async fn deliver(&self) {}

    async fn deliver_to(&self, _: ChannelId) {}

    async fn refresh(&self, _: RequestId) {}
}

#[async_trait]
impl Members for Nobody {
    async fn roles(&self, _: UserId) -> Result<Option<BTreeSet<RoleId>>, Fault> {
        Ok(None)
    }
}

fn reading(given: Given) -> Reading {
    let given = Arc::new(given);
    Reading { catalog: catalog(), locks: given.clone(), directory: given, clock: Arc::new(Noon) }
}

/// The context of a command. Its tables are never read.
fn context(reading: Reading) -> Context {
    let session = Session::at("http://127.0.0.1:1", Patience::default());
    let tables = || LedgerTables { table: "none".to_owned(), audit_table: "none".to_owned() };
    let holds = Arc::new(AwsHolds::connect(&session, tables()));
    let policy = Policy {
        approver_roles: BTreeSet::new(),
        approvals: NonZeroU32::MIN,
        request_ttl: TimeDelta::minutes(30),
        stale_after: TimeDelta::hours(2),
        announce: None,
        announce_min_hold: TimeDelta::zero(),
        asking: Asking::default(),
    };
    Context {
        reading,
        policies: policy.into(),
        holders: Arc::default(),
        ledger: Arc::new(AwsLedger::connect(&session, tables(), &[])),
        trail: Arc::new(AwsTrail::connect(&session, tables())),
        holds: holds.clone(),
        watches: holds,
        courier: Arc::new(Nobody),
        members: Arc::new(Nobody),
        doctor: Arc::new(Doctor::new(Arc::new(SystemClock), Diagnosis::default())),
    }
}

fn actor() -> Actor {
    Actor {
        person: Person { id: UserId::new(1), name: "alice".to_owned() },
        is_bot: false,
        roles: BTreeSet::new(),
        place: Place { guild: GuildId::new(1), channel: ChannelId::new(1) },
        room: Room::default(),
    }
}

fn catalog() -> Catalog {
    let key = "{state}/terraform.tfstate".parse().unwrap();
    let name = BackendName::new("main").unwrap();
    Catalog::new(vec![Backend::new(name, "my-bucket", key, "env:").unwrap()])
}

fn state(at: usize) -> State {
    let stage = ["prod", "staging", "qa", "dev", "sandbox"][at % 5];
    catalog().resolve(&format!("team-{}/service-{}/{stage}", at / 50, at % 50)).unwrap()
}

fn record(at: usize) -> LockRecord {
    let created = noon() - TimeDelta::seconds(i64::try_from(at * 7_919 % 86_400).unwrap());
    LockRecord::new(format!(
        r#"{{"ID":"1f6e7bc2-0ede-e7d2-69ce-{at:012x}","Operation":"OperationTypeApply","Info":"","Who":"jjoyner@ci-runner-{at}","Version":"1.11.4","Created":"{}","Path":"{}"}}"#,
        created.to_rfc3339(),
        state(at).path,
    ))
}

fn seen(count: usize) -> impl Iterator<Item = KnownState> {
    (0..count).map(|at| KnownState { state: state(at), held: at % 50 == 0 })
}

fn known(count: usize) -> KnownStates {
    KnownStates::new(seen(count))
}

/// A minimal runtime, since the futures here never wait.
fn runtime() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}
