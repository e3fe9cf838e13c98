//! People, channels and the bot's commands over an embedded `DynamoDB`, without Discord. It is for tests
//! of what the bot decides and writes.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use locktender::audit::Entry;
use locktender::aws::{AwsHolds, AwsLedger, AwsOutbox, AwsTrail, Session};
use locktender::command::Command;
use locktender::commands::{self, Answer, Asker, Reply};
use locktender::console::{Style, text};
use locktender::context::Context;
use locktender::doctor::{Diagnosis, Doctor, LocksCheck};
use locktender::error::{Fault, FaultKind, GivenUp};
use locktender::finding::Reading;
use locktender::lock::{BackendStores, Catalog, StatePath};
use locktender::message::Message;
use locktender::people::{
    Actor, ChannelId, EventId, GuildId, Holders, MessageId, Person, Place, RequestId, RoleId, Room,
    UserId, WhoGlob,
};
use locktender::ports::{Acceptance, Channels, Clock, Courier, Filed, Locks, Members, Undelivered};
use locktender::unlock::{Asking, Policies, Policy};
use locktender::workers::{
    Lookout, Memory, OutboxCourier, PatientDirectory, PromptCourier, RememberedHolds, Turns, Warden,
};
use tokio::sync::Semaphore;

use super::dynamodb::{DynamoDb, tables};
use super::given::{NOW, Noon};

/// The role whose members approve.
pub const APPROVERS: RoleId = RoleId::new(900);

/// The server and channel in which all people ask.
pub const PLACE: Place = Place { guild: GuildId::new(1), channel: ChannelId::new(10) };

/// The channel for announcements.
pub const ANNOUNCE: ChannelId = ChannelId::new(20);

/// The bot without an edge, and its surroundings.
pub struct Office {
    pub db: DynamoDb,
    pub context: Context,
    pub wall: Arc<Wall>,
    pub roster: Arc<Roster>,
    pub time: Arc<Hands>,
    /// The courier behind `context`. A test may run it as a worker or ask it for a round.
    pub courier: Arc<OutboxCourier>,
    events: AtomicU64,
}

/// A clock that the test sets.
pub struct Hands(Mutex<Times>);

struct Times {
    now: DateTime<Utc>,
    uptime: Duration,
}

/// The channels and the messages in them.
#[derive(Default)]
pub struct Wall {
    posted: Mutex<Vec<Posted>>,
    trouble: Mutex<VecDeque<Undelivered>>,
    shut: Mutex<BTreeMap<ChannelId, Undelivered>>,
    slow: Mutex<BTreeMap<ChannelId, Arc<Semaphore>>>,
    failing: Mutex<Option<String>>,
    tries: AtomicU64,
}

/// The current state of a message on the wall.
#[derive(Clone, Debug)]
pub struct Posted {
    pub id: MessageId,
    pub channel: ChannelId,
    pub nonce: String,
    pub message: Message,
    pub edits: usize,
}

/// The roles of each user. A user who is not in it is an approver.
#[derive(Default)]
pub struct Roster {
    roles: Mutex<BTreeMap<UserId, Option<BTreeSet<RoleId>>>>,
    out_of_reach: Mutex<bool>,
}

/// An interaction that Discord still accepts.
pub struct InTime;

#[async_trait]
impl Acceptance for InTime {
    async fn accept(&self) -> Result<(), GivenUp> {
        Ok(())
    }
}

/// An interaction that has timed out at Discord.
pub struct TooLate;

#[async_trait]
impl Acceptance for TooLate {
    async fn accept(&self) -> Result<(), GivenUp> {
        Err(GivenUp)
    }
}

/// The default policy with this number of approvals.
pub fn policy(approvals: u32) -> Policy {
    Policy {
        approver_roles: BTreeSet::from([APPROVERS]),
        approvals: approvals.try_into().unwrap(),
        request_ttl: TimeDelta::minutes(30),
        stale_after: TimeDelta::hours(2),
        announce: Some(ANNOUNCE),
        announce_min_hold: TimeDelta::zero(),
        asking: Asking::default(),
    }
}

/// A user ID derived from the name.
pub fn user(name: &str) -> UserId {
    UserId::new(name.bytes().fold(7, |id, byte| id * 31 % 1_000_003 + u64::from(byte)))
}

/// A person with the approver role, in the channel.
pub fn approver(name: &str) -> Actor {
    actor(name, &[APPROVERS])
}

/// A person with these roles, in the channel.
pub fn actor(name: &str, roles: &[RoleId]) -> Actor {
    Actor {
        person: Person { id: user(name), name: name.to_owned() },
        is_bot: false,
        roles: roles.iter().copied().collect(),
        place: PLACE,
        room: Room::default(),
    }
}

impl Office {
    /// An office whose locks are rows of the embedded `DynamoDB`.
    pub async fn new() -> Self {
        Self::with(policy(1)).await
    }

    /// An office in which these states are locked, each by a row.
    pub async fn locked(states: &[&str]) -> Self {
        let office = Self::new().await;
        for state in states {
            office.db.lock(&format!("{state}/terraform.tfstate")).await;
        }
        office
    }

    /// An office with this policy.
    pub async fn with(policy: Policy) -> Self {
        let db = DynamoDb::start().await;
        let session = db.session();
        let backends = vec![DynamoDb::backend()];
        let locks = Arc::new(db.locks());
        let catalog = Catalog::new(backends.iter().map(|b| b.backend().clone()).collect());
        let time = Arc::new(Hands::at(NOW));
        let directory = PatientDirectory::new(locks.clone()).with_memory(memory(&session));
        let directory = Arc::new(directory);
        let reading = Reading { catalog, locks, directory, clock: time.clone() };
        Self::over(db, &session, &backends, reading, policy.into(), time).await
    }

    /// An office whose bot reaches its tables through this session and reads locks from `locks`. It knows
    /// only the states that have locks.
    pub async fn over_locks(
        db: DynamoDb,
        session: &Session,
        backends: &[BackendStores],
        locks: Arc<dyn Locks>,
    ) -> Self {
        let time = Arc::new(Hands::at(NOW));
        let reading = Reading {
            catalog: Catalog::new(backends.iter().map(|b| b.backend().clone()).collect()),
            directory: Arc::new(PatientDirectory::new(locks.clone())),
            locks,
            clock: time.clone(),
        };
        Self::over(db, session, backends, reading, policy(1).into(), time).await
    }

    /// An office whose bot reaches its tables through this session and reads states through `reading`.
    pub async fn over(
        db: DynamoDb,
        session: &Session,
        backends: &[BackendStores],
        reading: Reading,
        policies: Policies,
        time: Arc<Hands>,
    ) -> Self {
        db.migrate().await;
        let wall = Arc::new(Wall::default());
        let roster = Arc::new(Roster::default());
        let (context, courier) =
            context(session, backends, reading, policies, (wall.clone(), roster.clone()));
        let context = prompt(context, courier.clone());
        Self { db, context, wall, roster, time, courier, events: AtomicU64::new(1_000) }
    }

    /// Another replica of the same bot.
    pub fn replica(&self, session: &Session) -> Context {
        let backends = [DynamoDb::backend()];
        let reading = self.context.reading.clone();
        let policies = self.context.policies.clone();
        let edges = (self.wall.clone(), self.roster.clone());
        let (context, courier) = context(session, &backends, reading, policies, edges);
        prompt(context, courier)
    }

    /// Replaces the bot by one that was just started, which reaches its tables and locks in this way.
    pub fn restart(
        &mut self,
        session: &Session,
        backends: &[BackendStores],
        locks: Arc<dyn Locks>,
    ) {
        let reading = Reading {
            catalog: self.context.reading.catalog.clone(),
            directory: Arc::new(PatientDirectory::new(locks.clone())),
            locks,
            clock: self.time.clone(),
        };
        let edges = (self.wall.clone(), self.roster.clone());
        let policies = self.context.policies.clone();
        let (context, courier) = context(session, backends, reading, policies, edges);
        self.context = prompt(context, courier.clone());
        self.courier = courier;
    }

    /// An event ID that has not been used.
    pub fn event(&self) -> EventId {
        EventId::new(self.events.fetch_add(1, Ordering::Relaxed))
    }

    /// Runs one command for this person, as a new event.
    pub async fn ask(&self, by: &Actor, command: Command) -> Answer {
        self.ask_as(self.event(), by, command).await
    }

    /// Like `ask`, with a given event, which may be a duplicate.
    pub async fn ask_as(&self, event: EventId, by: &Actor, command: Command) -> Answer {
        ask(&self.context, event, by, command).await
    }

    /// Runs one command, and returns the text of its answer. It is empty if there is no answer.
    pub async fn told(&self, by: &Actor, command: Command) -> String {
        words(&self.ask(by, command).await)
    }

    /// Opens a request for a state, and returns its ID.
    pub async fn open(&self, by: &Actor, state: &str) -> RequestId {
        let event = self.event();
        let reason = Some("the runner died".to_owned());
        let answer =
            self.ask_as(event, by, Command::Unlock { state: state.to_owned(), reason }).await;
        assert_eq!(answer.outcome, "answered", "{}", words(&answer));
        RequestId::of(event)
    }

    /// Presses Approve, and types the state's name if the bot asks for it.
    pub async fn approve(&self, by: &Actor, request: RequestId) -> Answer {
        let answer = self.ask(by, Command::Approve { request, typed: None }).await;
        match answer.said {
            Some(Ok(Reply::Form(_))) => {
                let name = self.filed(request).await.request.state.name.to_string();
                self.ask(by, Command::Approve { request, typed: Some(name) }).await
            }
            _ => answer,
        }
    }

    /// The request as it is stored.
    pub async fn filed(&self, request: RequestId) -> Filed {
        self.context.ledger.request(request).await.unwrap().expect("a request that is there")
    }

    /// The outcome of a request, or its status while it is not closed.
    pub async fn outcome(&self, request: RequestId) -> String {
        let filed = self.filed(request).await;
        match filed.request.closing() {
            Some(closing) => format!("{:?}", closing.outcome),
            None => format!("{:?}", filed.request.status()),
        }
    }

    /// The trail of a state, oldest first. Verifies the whole trail first.
    pub async fn trail(&self, state: &str) -> Vec<Entry> {
        let path = self.path(state);
        let verified = locktender::workers::verify(&*self.context.trail, None).await.unwrap();
        assert!(verified.is_ok(), "{verified:?}");
        let mut entries = self.context.trail.newest(&path, None, 1_000).await.unwrap();
        entries.reverse();
        entries
    }

    /// The actions on the trail of a state, oldest first.
    pub async fn actions(&self, state: &str) -> Vec<String> {
        let entries = self.trail(state).await;
        entries.iter().map(|entry| entry.text("action").unwrap().to_owned()).collect()
    }

    /// The path of a state.
    pub fn path(&self, state: &str) -> StatePath {
        self.context.reading.catalog.resolve(state).unwrap().path
    }

    /// Runs one round of the warden over all open requests.
    pub async fn round(&self) {
        Warden::new(self.context.clone()).round().await.unwrap();
    }
}

/// A lookout for this context that has not looked yet.
pub fn lookout(context: &Context) -> Lookout {
    Lookout::new(context.clone(), context.reading.locks.clone(), Duration::from_secs(5))
}

/// Runs one command on one replica.
pub async fn ask(context: &Context, event: EventId, by: &Actor, command: Command) -> Answer {
    let asker = Asker { actor: by, event, acceptance: &InTime };
    let audience = command.audience();
    let answer = commands::answer(&Ok(command), &asker, context).await;
    // Discord shows the placeholder of a slow answer to the audience of the command.
    if let Some(Ok(Reply::Message { audience: seen_by, .. })) = &answer.said {
        assert_eq!(*seen_by, audience);
    }
    answer
}

/// The text of an answer, as a terminal shows it.
pub fn words(answer: &Answer) -> String {
    match &answer.said {
        Some(Ok(Reply::Message { message, .. }) | Err(message)) => text(message, Style::Plain),
        Some(Ok(Reply::Form(form))) => format!("{}\n{}", form.title, form.label),
        Some(Ok(Reply::Silent)) | None => String::new(),
    }
}

/// The context with a courier that delivers before it returns, because no worker runs.
fn prompt(context: Context, courier: Arc<OutboxCourier>) -> Context {
    Context { courier: Arc::new(PromptCourier(courier)), ..context }
}

/// The memory that is backed by the bot's own tables.
pub fn memory(session: &Session) -> Memory {
    Memory {
        holds: Arc::new(AwsHolds::connect(session, tables())),
        trail: Arc::new(AwsTrail::connect(session, tables())),
    }
}

/// The context of the commands, and the courier that delivers for it. The bot knows one person behind a holder:
/// `hal`.
pub fn context<C: Channels + 'static, M: Members + 'static>(
    session: &Session,
    backends: &[BackendStores],
    reading: Reading,
    policies: Policies,
    (channels, members): (Arc<C>, Arc<M>),
) -> (Context, Arc<OutboxCourier>) {
    let ledger = Arc::new(AwsLedger::connect(session, tables(), backends));
    let policies = policies.named_by(reading.catalog.clone());
    let watches = Arc::new(AwsHolds::connect(session, tables()));
    let holds = Arc::new(RememberedHolds::new(watches.clone(), reading.clock.clone()));
    let known = vec![(WhoGlob::new("hal@*").unwrap(), user("hal"))];
    let holders = Arc::new(Holders::new(known).unwrap());
    let courier = Arc::new(OutboxCourier {
        ledger: ledger.clone(),
        outbox: Arc::new(AwsOutbox::connect(session, tables())),
        channels,
        policies: policies.clone(),
        holders: holders.clone(),
        clock: reading.clock.clone(),
        turns: Turns::default(),
    });
    let doctor = doctor(&reading);
    let context = Context {
        reading,
        doctor,
        policies,
        holders,
        ledger,
        trail: Arc::new(AwsTrail::connect(session, tables())),
        holds,
        watches,
        courier: courier.clone() as Arc<dyn Courier>,
        members,
    };
    (context, courier)
}

/// A doctor who looks only at the locks. Its clock does not move by itself, as a wait moves `Hands` at once.
fn doctor(reading: &Reading) -> Arc<Doctor> {
    let mut doctor = Doctor::new(Arc::new(Noon), Diagnosis::default());
    doctor.add(LocksCheck { locks: reading.locks.clone(), backends: Vec::new() });
    Arc::new(doctor)
}

impl Hands {
    /// A clock that is set to this time.
    pub fn at(now: &str) -> Self {
        Self(Mutex::new(Times { now: now.parse().unwrap(), uptime: Duration::ZERO }))
    }

    /// Moves the clock forward. A negative time sets the clock back, and the uptime stays.
    pub fn advance(&self, by: TimeDelta) {
        let mut times = self.0.lock().unwrap();
        times.now += by;
        times.uptime += by.to_std().unwrap_or_default();
    }
}

#[async_trait]
impl Clock for Hands {
    fn now(&self) -> DateTime<Utc> {
        self.0.lock().unwrap().now
    }

    fn uptime(&self) -> Duration {
        self.0.lock().unwrap().uptime
    }

    async fn pass(&self, time: Duration) {
        self.advance(TimeDelta::from_std(time).unwrap());
    }
}

impl Wall {
    /// Everything on it, oldest first.
    pub fn posted(&self) -> Vec<Posted> {
        self.posted.lock().unwrap().clone()
    }

    /// The messages of one channel, as people read them.
    pub fn read(&self, channel: ChannelId) -> Vec<String> {
        let all = self.posted();
        let here = all.iter().filter(|posted| posted.channel == channel);
        here.map(|posted| text(&posted.message, Style::Plain)).collect()
    }

    /// Deletes a message.
    pub fn take_down(&self, id: MessageId) {
        self.posted.lock().unwrap().retain(|posted| posted.id != id);
    }

    /// The next attempts fail in these ways, one each.
    pub fn trouble(&self, trouble: impl IntoIterator<Item = Undelivered>) {
        self.trouble.lock().unwrap().extend(trouble);
    }

    /// From now on every post that contains these words fails. `None` ends this.
    pub fn fail_at(&self, words: Option<&str>) {
        *self.failing.lock().unwrap() = words.map(str::to_owned);
    }

    /// From now on every post and edit in a channel fails in this way.
    pub fn shut(&self, channel: ChannelId, why: Undelivered) {
        self.shut.lock().unwrap().insert(channel, why);
    }

    /// Ends the failures of a channel that `shut` began.
    pub fn open(&self, channel: ChannelId) {
        self.shut.lock().unwrap().remove(&channel);
    }

    /// From now on every post and edit in a channel waits for a permit of this semaphore.
    pub fn slow(&self, channel: ChannelId) -> Arc<Semaphore> {
        let permits = Arc::new(Semaphore::new(0));
        self.slow.lock().unwrap().insert(channel, permits.clone());
        permits
    }

    /// The number of posts and edits that were tried.
    pub fn tries(&self) -> u64 {
        self.tries.load(Ordering::Relaxed)
    }

    async fn admit(&self, channel: ChannelId) -> Result<(), Undelivered> {
        self.tries.fetch_add(1, Ordering::Relaxed);
        let slow = self.slow.lock().unwrap().get(&channel).cloned();
        if let Some(permits) = slow {
            permits.acquire().await.unwrap().forget();
        }
        if let Some(why) = self.shut.lock().unwrap().get(&channel) {
            return Err(why.clone());
        }
        self.trouble.lock().unwrap().pop_front().map_or(Ok(()), Err)
    }
}

#[async_trait]
impl Channels for Wall {
    async fn post(
        &self,
        channel: ChannelId,
        message: &Message,
        nonce: &str,
    ) -> Result<MessageId, Undelivered> {
        assert!(nonce.chars().count() <= 25, "{nonce}");
        self.admit(channel).await?;
        let failing = self.failing.lock().unwrap().clone();
        if failing.is_some_and(|words| text(message, Style::Plain).contains(&words)) {
            return Err(Undelivered::Later { after: None, why: "HTTP 500".to_owned() });
        }
        let mut posted = self.posted.lock().unwrap();
        if let Some(first) = posted.iter().find(|first| first.nonce == nonce) {
            return Ok(first.id);
        }
        let id = MessageId::new(posted.iter().map(|one| one.id.get()).max().unwrap_or(0) + 1);
        let (nonce, message) = (nonce.to_owned(), message.clone());
        posted.push(Posted { id, channel, nonce, message, edits: 0 });
        Ok(id)
    }

    async fn edit(
        &self,
        channel: ChannelId,
        id: MessageId,
        message: &Message,
    ) -> Result<(), Undelivered> {
        self.admit(channel).await?;
        let mut posted = self.posted.lock().unwrap();
        let one = posted.iter_mut().find(|one| one.id == id).ok_or(Undelivered::MessageGone)?;
        one.message = message.clone();
        one.edits += 1;
        Ok(())
    }
}

impl Roster {
    /// Sets the roles of a user. `None` means that the user has left.
    pub fn set(&self, name: &str, roles: Option<&[RoleId]>) {
        let roles = roles.map(|roles| roles.iter().copied().collect());
        self.roles.lock().unwrap().insert(user(name), roles);
    }

    /// Sets whether every look-up of a member fails.
    pub fn out_of_reach(&self, yes: bool) {
        *self.out_of_reach.lock().unwrap() = yes;
    }
}

#[async_trait]
impl Members for Roster {
    async fn roles(&self, user: UserId) -> Result<Option<BTreeSet<RoleId>>, Fault> {
        if *self.out_of_reach.lock().unwrap() {
            return Err(Fault {
                kind: FaultKind::Unreachable,
                subject: "Discord".to_owned(),
                remedy: "try again in a minute".to_owned(),
                source: None,
            });
        }
        let roles = self.roles.lock().unwrap();
        Ok(roles.get(&user).cloned().unwrap_or_else(|| Some(BTreeSet::from([APPROVERS]))))
    }
}
