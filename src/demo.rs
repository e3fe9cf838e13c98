//! The whole product without any setup: locks to look at, and a chat to use commands in.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use crate::aws::{AwsHolds, LedgerTables, Migrations, Patience, Sandbox, Session};
use crate::console::{Board, Chat, Input, Style};
use crate::context::Context;
use crate::embedded::{Embedded, EmbeddedError};
use crate::error::{Fault, WriteFault};
use crate::lock::{
    Backend, BackendError, BackendName, BackendStores, Catalog, HeldLock, LockRecord, LockState,
    NoStore, StatePath, StoredLock, Stores,
};
use crate::people::{RoleId, UserId};
use crate::ports::{Clock, Holds, Members};
use crate::unlock::{Asking, Policy};
use crate::watch::{Ending, Hold, PastHold};

const TABLE: &str = "terraform-locks";
const BUCKET: &str = "my-bucket";

/// The only role, which all people have.
const APPROVERS: RoleId = RoleId::new(1);

/// States that were written before, so that there are names to complete and free states to ask
/// about. `env/qa@blue` is a workspace.
const STATES: [&str; 8] = [
    "env/dev",
    "env/prod",
    "env/qa@blue",
    "env/staging",
    "legacy/network",
    "services/api",
    "services/billing",
    "services/web",
];

/// A lock of the demo: state, age in minutes, operation, holder, lock ID.
type Seed = (&'static str, i64, &'static str, &'static str, &'static str);

const LOCKS: [Seed; 3] = [
    (
        "env/prod",
        4 * 60 + 12,
        "OperationTypeApply",
        "jjoyner@ci-runner-04",
        "1f6e7bc2-0ede-e7d2-69ce-4a7141d98284",
    ),
    (
        "env/staging",
        3,
        "OperationTypePlan",
        "mira@laptop-17",
        "8c0d5b1e-77a4-02f3-9b1d-5e0c2a6f4d31",
    ),
    ("env/qa@blue", 26, "state-rm", "sam@build-7", "b7a3c9f0-1d52-4be8-03c6-9f2e8d7a5c14"),
];

/// How many minutes past applies took in the state of the first of these locks.
const PAST: [i64; 12] = [6, 5, 7, 6, 11, 5, 6, 6, 8, 5, 6, 7];

/// A record of another tool: the state is held, but the holder is unknown.
const UNREADABLE: (&str, &str) = ("legacy/network", "locked by the migration script, ask Kim");

/// The demo's backend, running, with its locks in place.
pub struct Demo {
    /// The way to the embedded `DynamoDB`.
    pub session: Session,
    /// Its one backend.
    pub backend: BackendStores,
    started: DateTime<Utc>,
    /// The database runs as long as this exists.
    _database: Embedded,
}

/// Why the demo did not start.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The embedded `DynamoDB` did not start.
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    /// The database did not accept the demo's locks.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The demo's own settings are wrong.
    #[error("the demo's backend {0}")]
    Backend(#[from] BackendError),
    /// The demo's own backend has no store.
    #[error("the demo's backend {0}")]
    Store(#[from] NoStore),
}

impl Demo {
    /// Starts the database in memory or with the data of a file, fills a new one, and creates the
    /// bot's own tables.
    ///
    /// # Errors
    /// If the file cannot be used or the database does not start.
    pub async fn start(file: Option<&Path>, clock: &dyn Clock) -> Result<Self, DemoError> {
        let started = clock.now();
        let database = Embedded::start(file).await?;
        let session = Session::at(&database.endpoint(), Patience::default());
        let backend = BackendStores::new(backend()?, Some(TABLE.to_owned()), false)?;
        let sandbox = Sandbox::open(&session, TABLE).await?;
        Migrations::connect(&session, Self::tables()).apply().await?;
        if sandbox.is_new() {
            let catalog = Catalog::new(vec![backend.backend().clone()]);
            fill(&sandbox, &catalog, started).await?;
            remember(&AwsHolds::connect(&session, Self::tables()), &catalog, started).await?;
        }
        Ok(Self { session, backend, started, _database: database })
    }

    /// The channel, shown on standard output. Its lines are broken to fit `width` columns, which
    /// may change at any time. `None` for no limit.
    #[must_use]
    pub fn board(&self, style: Style, width: fn() -> Option<usize>) -> Arc<Board> {
        let board = Board::new(style, self.started, Box::new(std::io::stdout()));
        Arc::new(board.fitting(width))
    }

    /// The bot's own tables.
    #[must_use]
    pub fn tables() -> LedgerTables {
        LedgerTables { table: "locktender".to_owned(), audit_table: "locktender-audit".to_owned() }
    }

    /// The default rules, with all people as approvers. By them the lock of `env/prod` is stale,
    /// and that of `env/staging` may belong to a live run.
    #[must_use]
    pub fn policy() -> Policy {
        Policy {
            approver_roles: BTreeSet::from([APPROVERS]),
            approvals: NonZeroU32::MIN,
            request_ttl: TimeDelta::minutes(30),
            stale_after: TimeDelta::hours(2),
            announce: None,
            announce_min_hold: TimeDelta::zero(),
            asking: Asking::default(),
        }
    }

    /// Everyone in the chat is a member.
    #[must_use]
    pub fn members() -> Arc<dyn Members> {
        Arc::new(Everybody)
    }
}

/// All people of the chat, each with the approver role.
struct Everybody;

#[async_trait]
impl Members for Everybody {
    async fn roles(&self, _: UserId) -> Result<Option<BTreeSet<RoleId>>, Fault> {
        Ok(Some(BTreeSet::from([APPROVERS])))
    }
}

fn backend() -> Result<Backend, BackendError> {
    let key = "{state}/terraform.tfstate".parse()?;
    Backend::new(BackendName::new("main")?, BUCKET, key, "env:")
}

async fn fill(sandbox: &Sandbox, catalog: &Catalog, now: DateTime<Utc>) -> Result<(), Fault> {
    let path = |name: &str| catalog.resolve(name).ok().map(|state| state.path);
    for path in STATES.into_iter().filter_map(path) {
        sandbox.write_digest(&path).await?;
    }
    for seed in LOCKS {
        if let Some(path) = path(seed.0) {
            sandbox.lock(&path, &record(&seed, &path, now)).await?;
        }
    }
    if let Some(path) = path(UNREADABLE.0) {
        sandbox.lock(&path, &LockRecord::new(UNREADABLE.1)).await?;
    }
    Ok(())
}

/// Stores past holds, as if the bot had run for some days.
async fn remember(holds: &AwsHolds, catalog: &Catalog, now: DateTime<Utc>) -> Result<(), Fault> {
    let (name, _, operation, who, id) = LOCKS[0];
    let Ok(state) = catalog.resolve(name) else {
        return Ok(());
    };
    for (n, minutes) in (1..).zip(PAST) {
        let taken = now - TimeDelta::hours(5 * n);
        let seed = (name, (now - taken).num_minutes(), operation, who, id);
        let stored = StoredLock::new(record(&seed, &state.path, now), None);
        let stores = Stores { row: true, lockfile: false };
        let lock = LockState::from_stores(stores, Some(stored), None);
        let Some(hold) = Hold::of(&HeldLock { state: state.clone(), lock }, now) else {
            continue;
        };
        holds.begin(&hold).await.map_err(WriteFault::into_fault)?;
        let ended_at = taken + TimeDelta::minutes(minutes);
        let past = PastHold { hold, ended_at, ending: Ending::Cleared };
        let ended = holds.end(&past, None, now, &|_| Vec::new()).await;
        ended.map_err(WriteFault::into_fault)?;
    }
    Ok(())
}

/// A record as Terraform writes it, field by field in its order.
fn record(
    (_, minutes, operation, who, id): &Seed,
    path: &StatePath,
    now: DateTime<Utc>,
) -> LockRecord {
    let created = now - TimeDelta::minutes(*minutes);
    let created = created.to_rfc3339_opts(SecondsFormat::Nanos, true);
    LockRecord::new(format!(
        "{{\"ID\":\"{id}\",\"Operation\":\"{operation}\",\"Info\":\"\",\"Who\":\"{who}\",\
         \"Version\":\"1.11.4\",\"Created\":\"{created}\",\"Path\":\"{path}\"}}"
    ))
}

/// Runs the chat until the input ends. Calls `look` after each line, so that changes of the locks
/// are noticed.
///
/// # Errors
/// If the terminal or pipe goes away.
pub async fn chat(
    context: Context,
    board: Arc<Board>,
    look: impl AsyncFn(),
) -> std::io::Result<()> {
    let mut input = Input::stdin()?;
    if let Some(printer) = input.printer() {
        board.write_to(printer);
    }
    Chat::new(context, board).run(&mut input, look).await
}
