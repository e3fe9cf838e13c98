//! The whole bot as a process, between a fake Discord, an embedded `DynamoDB` and, where there are
//! lockfiles, the S3 of a moto.

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

/// A server with two approvers in it, and the bot's settings.
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

/// The running bot, which ends with the stand.
#[derive(Default)]
struct Bot(Executioner);

/// A way to end the bot from anywhere.
#[derive(Clone, Default)]
pub struct Executioner(Arc<Mutex<Option<Leash>>>);

impl Stand {
    /// Everything but the bot, which is not started yet.
    pub async fn new() -> Self {
        let discord = FakeDiscord::start().await;
        let db = DynamoDb::start().await;
        db.migrate().await;
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

    /// Sets a variable of the bot's.
    pub fn set(self, variable: &str, value: &str) -> Self {
        Self { program: self.program.set(variable, value), ..self }
    }

    /// Starts the bot, and waits until it is connected and has its commands.
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

    /// What can end it at any moment.
    pub fn executioner(&self) -> Executioner {
        self.bot.0.clone()
    }

    /// The process group of the running bot.
    pub fn group(&self) -> u32 {
        self.bot.0.0.lock().unwrap().as_ref().expect("a running bot").group()
    }

    /// Sends SIGTERM, and gives the exit code.
    pub async fn terminate(&self) -> Option<i32> {
        self.terminate_and(async || ()).await
    }

    /// Sends SIGTERM, does `meanwhile` once the bot has heard of it, and gives the exit code.
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

    /// The messages of a channel as people read them.
    pub fn read(&self, channel: ChannelId) -> Vec<String> {
        let world = self.discord.world();
        world.channel(channel).into_iter().map(|message| world.text(message)).collect()
    }

    /// The card that is in the channel, once there is one that says this.
    pub async fn card(&self, word: &str) -> Message {
        self.discord
            .eventually(&format!("a card that says {word:?}"), |world| {
                let cards = world.channel(self.channel);
                let card = cards.into_iter().find(|card| world.text(card).contains(word));
                card.cloned()
            })
            .await
    }

    /// The announcements of cleared locks; what else is announced is left out.
    pub fn announced(&self) -> Vec<String> {
        let all = self.read(self.announce);
        all.into_iter().filter(|text| text.contains("is free")).collect()
    }

    /// How many notices are still to be delivered.
    pub async fn due(&self) -> usize {
        let rows = self.db.rows(&tables().table).await;
        rows.iter().filter(|row| row["pk"].as_s().unwrap() == "outbox").count()
    }

    /// The trail of a path, oldest first, after a check that all of it holds.
    pub async fn trail(&self, path: &str) -> Vec<Entry> {
        let trail = AwsTrail::connect(&self.db.session(), tables());
        let verified = verify(&trail, None).await.unwrap();
        assert!(verified.is_ok(), "{verified:?}");
        let path = StatePath::parse(path).unwrap();
        let mut entries = trail.newest(&path, None, 1_000).await.unwrap();
        entries.reverse();
        entries
    }

    /// How often each action is on the trail of a path.
    pub async fn count(&self, path: &str, action: &str) -> usize {
        let trail = self.trail(path).await;
        trail.iter().filter(|entry| entry.text("action") == Some(action)).count()
    }
}

impl Executioner {
    /// Sends SIGKILL and waits until it is dead.
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
