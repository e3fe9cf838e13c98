//! A Discord server with the bot in it, and some locks.

use std::future::ready;
use std::sync::Arc;

use locktender::clock::SystemClock;
use locktender::context::Context;
use locktender::discord::{Bot, BotError, Connection, Poster};
use locktender::finding::Reading;
use locktender::lock::Catalog;
use locktender::people::RoleId;
use locktender::ports::{Clock, Locks};
use locktender::standing::Standing;
use locktender::unlock::Policy;
use locktender::workers::{LiveDirectory, Warden};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::support::discord::{Answer, ChannelId, FakeDiscord, GuildId, Message, Person};
use crate::support::dynamodb::{BUCKET, DynamoDb, TABLE, backend, text};
use crate::support::given::record;
use crate::support::office::{context, memory, policy};

/// The time at which every lock of a scene was taken.
pub const CREATED: &str = "2026-11-23T07:48:00Z";

/// A fake Discord with alice in a channel, and an embedded `DynamoDB`.
pub struct Scene {
    pub discord: FakeDiscord,
    pub db: DynamoDb,
    pub channel: ChannelId,
    pub alice: Person,
    pub bob: Person,
    pub policy: Policy,
    pub clock: Arc<dyn Clock>,
}

/// A running bot.
pub struct Running {
    pub context: Context,
    stop: CancellationToken,
    task: JoinHandle<Result<(), BotError>>,
}

impl Scene {
    /// A server without locks. The bot is not started yet.
    pub async fn new() -> Self {
        Self::on(FakeDiscord::start().await).await
    }

    /// Like `new`, on a given Discord.
    pub async fn on(discord: FakeDiscord) -> Self {
        let channel = discord.channel("ops");
        let role = discord.role("approvers");
        let alice = discord.member("alice", &[role]);
        let bob = discord.member("bob", &[role]);
        let mut policy = policy(1);
        policy.approver_roles = [RoleId::new(role.get())].into();
        let clock = Arc::new(SystemClock);
        Self { db: DynamoDb::start().await, discord, channel, alice, bob, policy, clock }
    }

    /// Locks a state with an apply of `who`.
    pub async fn lock(&self, state: &str, who: &str) {
        let record = record("1f6e7bc2-0ede-e7d2", "OperationTypeApply", who, CREATED);
        self.put(state, &record).await;
    }

    /// Locks a state with this lock record.
    pub async fn put(&self, state: &str, record: &str) {
        let path = format!("{BUCKET}/{state}/terraform.tfstate");
        self.db.put(&path, &[("Info", text(record))]).await;
    }

    /// Starts the bot on the embedded `DynamoDB`, and waits until it is connected.
    pub async fn start(&self) -> Running {
        self.start_with(Arc::new(self.db.locks()), self.discord.guild()).await
    }

    /// Starts the bot for any server with any locks, and waits until it is connected.
    pub async fn start_with(&self, locks: Arc<dyn Locks>, guild: GuildId) -> Running {
        let identified = self.discord.world().identifies.len();
        let memory = memory(&self.db.session());
        let directory = Arc::new(LiveDirectory::new(locks.clone()).with_memory(memory));
        // In some scenes the locks cannot be read.
        let _ = directory.refresh().await;
        let backend = backend("main", BUCKET, Some(TABLE), false).backend().clone();
        let token = self.discord.token().to_owned().into();
        let connection = Connection::new(token, guild.get(), Some(self.discord.url()));
        let clock = self.clock.clone();
        let reading = Reading { catalog: Catalog::new(vec![backend]), locks, directory, clock };
        self.db.migrate().await;
        let (context, courier) = context(
            &self.db.session(),
            &[DynamoDb::backend()],
            reading,
            self.policy.clone().into(),
            (Arc::new(Poster::new(connection.clone())), Arc::new(connection.clone())),
        );
        let stop = CancellationToken::new();
        let warden = Warden::new(context.clone());
        let (for_courier, for_warden) = (stop.clone(), stop.clone());
        tokio::spawn(async move { courier.run(for_courier).await });
        tokio::spawn(async move { warden.run(for_warden).await });
        let bot = Bot { connection, context: context.clone(), standing: Standing::default() };
        let stopped = stop.clone().cancelled_owned();
        let task = tokio::spawn(bot.run(stopped, ready(())));
        self.discord.gateway().identified(identified + 1).await;
        Running { context, stop, task }
    }

    /// Waits until the commands have been registered this many times.
    pub async fn registered(&self, times: usize) {
        let enough = |overwrites: usize| (overwrites >= times).then_some(());
        self.discord.eventually("commands", |world| enough(world.bulk_overwrites)).await;
    }

    /// Alice uses a command, and waits for the full answer.
    pub async fn ask(&self, subcommand: &str, options: &[(&str, &str)]) -> Answer {
        self.alice.slash(self.channel, subcommand, options).await.settled().await
    }

    /// A message as people read it.
    pub fn text(&self, message: &Message) -> String {
        self.discord.world().text(message)
    }

    /// Asserts that every request was valid, and that there was no ping.
    #[track_caller]
    pub fn assert_clean(&self) {
        let world = self.discord.world();
        assert_eq!(world.violations, Vec::<String>::new());
        for message in &world.messages {
            assert!(message.pinged.is_empty(), "pings: {}", world.text(message));
            assert!(!message.allowed_mentions_absent, "allowed_mentions: {}", world.text(message));
        }
    }
}

impl Running {
    /// Waits until the bot gives up, and returns the reason.
    pub async fn ended(self) -> Result<(), BotError> {
        self.task.await.unwrap()
    }

    /// Stops the bot as a signal does, and returns its result.
    pub async fn stop(self) -> Result<(), BotError> {
        self.stop.cancel();
        self.task.await.unwrap()
    }
}
