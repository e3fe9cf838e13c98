//! The whole bot as a process, with a fake Discord and an embedded `DynamoDB`. Tests with lockfiles add
//! the S3 of a moto.

use std::sync::{Arc, Mutex};

use locktender::audit::Entry;
use locktender::aws::AwsTrail;
use locktender::lock::StatePath;
use locktender::ports::Trail;
use locktender::workers::verify;

use super::deadline::Deadline;
use super::discord::{ChannelId, FakeDiscord, Message, Person};
use super::dynamodb::{DynamoDb, TABLE, tables};
use super::leash::Leash;
use super::program::Program;

/// A Discord server with three approvers, and the bot with its settings.
pub struct Stand {
    pub discord: FakeDiscord,
    pub db: DynamoDb,
    pub channel: ChannelId,
    pub announce: ChannelId,
    pub alice: Person,
    pub bob: Person,
    pub carol: Person,
    pub program: Program,
    bot: Bot,
}

/// The running bot. Dropping the stand kills it.
#[derive(Default)]
struct Bot(Executioner);

/// A handle that can kill the bot from anywhere.
#[derive(Clone, Default)]
pub struct Executioner(Arc<Mutex<Option<Leash>>>);

impl Stand {
    /// A stand whose bot is not started yet.
    pub async fn new() -> Self {
        let stand = Self::without_tables().await;
        stand.db.migrate().await;
        stand
    }

    /// A stand without the bot's own tables.
    pub async fn without_tables() -> Self {
        let discord = FakeDiscord::start().await;
        let db = DynamoDb::start().await;
        let role = discord.role("approvers");
        let program = Program::at(&db.endpoint())
            .set("LOCKTENDER_LOCK_TABLE", TABLE)
            .set("DISCORD_TOKEN", discord.token())
            .set("DISCORD_GUILD_ID", &discord.guild().to_string())
            .set("DISCORD_API_URL", &discord.url())
            .set("LOCKTENDER_APPROVER_ROLE_IDS", &role.to_string());
        let (channel, announce) = (discord.channel("ops"), discord.channel("locks"));
        let [alice, bob, carol] =
            ["alice", "bob", "carol"].map(|name| discord.member(name, &[role]));
        let program = program.set("LOCKTENDER_ANNOUNCE_CHANNEL_ID", &announce.to_string());
        let bot = Bot::default();
        Self { discord, db, channel, announce, alice, bob, carol, program, bot }
    }

    /// Sets an environment variable for the next start of the bot.
    pub fn set(self, variable: &str, value: &str) -> Self {
        Self { program: self.program.set(variable, value), ..self }
    }

    /// Changes the program that the next start of the bot runs.
    pub fn with(self, change: impl FnOnce(Program) -> Program) -> Self {
        Self { program: change(self.program), ..self }
    }

    /// Starts the bot, and waits until it is connected and has registered its commands.
    pub async fn start(&self) {
        let before = self.discord.world();
        *self.bot.0.0.lock().unwrap() = Some(self.program.start(&["run"]));
        let asked = "GET /applications/*/guilds/*/commands";
        let looks = before.requests_to(asked).len();
        self.discord.gateway().identified(before.identifies.len() + 1).await;
        self.discord
            .eventually("the commands", |world| {
                let looked = world.requests_to(asked).len() > looks;
                (looked && world.bulk_overwrites > 0).then_some(())
            })
            .await;
    }

    /// Takes another running replica as the bot.
    pub fn replace(&self, bot: Leash) {
        *self.bot.0.0.lock().unwrap() = Some(bot);
    }

    /// A handle that can kill the bot at any moment.
    pub fn executioner(&self) -> Executioner {
        self.bot.0.clone()
    }

    /// Whether it runs. A bot that has ended by itself counts as running.
    pub fn is_running(&self) -> bool {
        self.bot.0.0.lock().unwrap().is_some()
    }

    /// The process group of the running bot.
    pub fn group(&self) -> u32 {
        self.bot.0.0.lock().unwrap().as_ref().expect("a running bot").group()
    }

    /// What the running bot has logged.
    pub fn log(&self) -> String {
        self.bot.0.0.lock().unwrap().as_ref().expect("a running bot").stderr()
    }

    /// Sends SIGTERM, and returns the exit code.
    pub async fn terminate(&self) -> Option<i32> {
        self.terminate_and(async || ()).await
    }

    /// Sends SIGTERM, runs `meanwhile` once the bot has logged it, and returns the exit code.
    pub async fn terminate_and(&self, meanwhile: impl AsyncFnOnce()) -> Option<i32> {
        let bot = self.bot.0.0.lock().unwrap().take();
        let mut bot = bot.expect("a running bot");
        bot.terminate();
        let deadline = Deadline::generous();
        while !bot.stderr().contains("shutting down") {
            assert!(deadline.look_again().await, "SIGTERM is not heard");
        }
        meanwhile().await;
        bot.wait().await.code()
    }

    /// The messages of a channel, as people read them.
    pub fn read(&self, channel: ChannelId) -> Vec<String> {
        let world = self.discord.world();
        world.channel(channel).into_iter().map(|message| world.text(message)).collect()
    }

    /// Waits for a card in the channel that contains this word.
    pub async fn card(&self, word: &str) -> Message {
        self.discord
            .eventually(&format!("a card that says {word:?}"), |world| {
                let cards = world.channel(self.channel);
                let card = cards.into_iter().find(|card| world.text(card).contains(word));
                card.cloned()
            })
            .await
    }

    /// The announcements of cleared locks, without other announcements.
    pub fn announced(&self) -> Vec<String> {
        let all = self.read(self.announce);
        all.into_iter().filter(|text| text.contains("is free")).collect()
    }

    /// The number of notices in the outbox.
    pub async fn due(&self) -> usize {
        let rows = self.db.rows(&tables().table).await;
        rows.iter().filter(|row| row["pk"].as_s().unwrap() == "outbox").count()
    }

    /// The trail of a path, oldest first. Verifies the whole trail first.
    pub async fn trail(&self, path: &str) -> Vec<Entry> {
        let trail = AwsTrail::connect(&self.db.session(), tables());
        let verified = verify(&trail, None).await.unwrap();
        assert!(verified.is_ok(), "{verified:?}");
        let path = StatePath::parse(path).unwrap();
        let mut entries = trail.newest(&path, None, 1_000).await.unwrap();
        entries.reverse();
        entries
    }

    /// The number of entries with this action on the trail of a path.
    pub async fn count(&self, path: &str, action: &str) -> usize {
        let trail = self.trail(path).await;
        trail.iter().filter(|entry| entry.text("action") == Some(action)).count()
    }
}

impl Executioner {
    /// Sends SIGKILL and waits until the bot has ended.
    pub fn kill(&self) {
        if let Some(bot) = self.0.lock().unwrap().take() {
            bot.kill();
        }
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        self.0.kill();
    }
}
