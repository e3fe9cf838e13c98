//! The bot as a process, and all that people have it do: questions, a watch, an unlock, and the command line.

use crate::support::deadline::Deadline;
use crate::support::discord::{ChannelId, FakeDiscord, Message, Person, Response};
use crate::support::dynamodb::{BUCKET, TABLE};
use crate::support::e2e::Locking;
use crate::support::given::record;
use crate::support::leash::Leash;
use crate::support::program::Program;

/// The state that is locked.
pub const STATE: &str = "env/prod";

/// Its row and its lockfile.
pub const ROW: &str = "states/env/prod/terraform.tfstate";
pub const LOCKFILE: &str = "env/prod/terraform.tfstate.tflock";

/// An identity of AWS: the ID and the secret of its key.
pub type Key<'k> = (&'k str, &'k str);

/// A Discord server with two approvers, and the bot.
pub struct Job {
    discord: FakeDiscord,
    channel: ChannelId,
    announce: ChannelId,
    alice: Person,
    bob: Person,
    program: Program,
    bot: Leash,
    /// What the command line said.
    printed: String,
}

/// The record of the lock. It is old enough to look stale.
pub fn lock() -> String {
    record("1f6e7bc2", "OperationTypeApply", "root@vm", "2026-11-01T07:48:00Z")
}

/// The program as this identity.
pub fn program(aws: &str, (id, secret): Key<'_>, locking: Locking) -> Program {
    let table = if locking == Locking::Lockfile { "" } else { TABLE };
    let has_lockfiles = locking != Locking::Row;
    Program::at(aws)
        .set("AWS_ACCESS_KEY_ID", id)
        .set("AWS_SECRET_ACCESS_KEY", secret)
        .set("LOCKTENDER_STATE_BUCKET", BUCKET)
        .set("LOCKTENDER_LOCK_TABLE", table)
        .set("LOCKTENDER_USE_LOCKFILE", &has_lockfiles.to_string())
}

impl Job {
    /// Starts the bot, and waits until people can ask it. Its tables are there, and its state is locked.
    pub async fn start(aws: &str, key: Key<'_>, locking: Locking) -> Self {
        let discord = FakeDiscord::start().await;
        let role = discord.role("approvers");
        let (channel, announce) = (discord.channel("ops"), discord.channel("locks"));
        let [alice, bob] = ["alice", "bob"].map(|name| discord.member(name, &[role]));
        let program = program(aws, key, locking)
            .set("LOCKTENDER_POLL_INTERVAL", "1s")
            .set("LOCKTENDER_ANNOUNCE_CHANNEL_ID", &announce.to_string())
            .set("LOCKTENDER_APPROVER_ROLE_IDS", &role.to_string())
            .set("DISCORD_TOKEN", discord.token())
            .set("DISCORD_GUILD_ID", &discord.guild().to_string())
            .set("DISCORD_API_URL", &discord.url());
        let bot = program.start(&["run"]);
        discord.eventually("commands", |world| (world.bulk_overwrites > 0).then_some(())).await;
        Self { discord, channel, announce, alice, bob, program, bot, printed: String::new() }
    }

    /// Does everything, or as much as it takes until `is_enough` of what the bot has said.
    pub async fn work(&mut self, is_enough: impl Fn(&str) -> bool) {
        let on_the_command_line: [&[&str]; 4] =
            [&["status", STATE], &["list"], &["audit", "verify"], &["migrate", "--check"]];
        for arguments in on_the_command_line {
            let ran = self.program.run(arguments).await;
            self.printed += &format!("{}{}", ran.stdout, ran.stderr);
            if is_enough(&self.said()) {
                return;
            }
        }
        let state = ("state", STATE);
        for (command, options) in [
            ("status", &[state][..]),
            ("list", &[]),
            ("watch", &[state]),
            ("watches", &[]),
            ("history", &[state]),
        ] {
            self.alice.slash(self.channel, command, options).await.settled().await;
            if is_enough(&self.said()) {
                return;
            }
        }
        let options = [state, ("reason", "the runner died")];
        let asked = self.alice.slash(self.channel, "unlock", &options).await.settled().await;
        let told = self.discord.world().text(&asked.message());
        if told.contains("is in the channel") && !is_enough(&self.said()) {
            let card = self.card("asks to unlock").await;
            self.approve(&card).await;
        }
    }

    async fn approve(&self, card: &Message) {
        // The card changes later, and not by the answer to the click.
        let pressed = self.bob.press(card, "Approve").await;
        if let Some(Response::Modal(modal)) = pressed.response() {
            let field = modal.inputs()[0].custom_id.clone();
            self.bob.submit(&modal, &[(&field, STATE)]).await;
        }
    }

    /// Waits until the lock is released, and everybody who is to be told is told.
    pub async fn released(&self) {
        self.card("unlocked").await;
        for (channel, words) in [(self.announce, "released by"), (self.channel, "pings @alice")] {
            self.discord
                .eventually(words, |world| {
                    let all = world.channel(channel);
                    all.into_iter().find(|it| world.text(it).contains(words)).map(drop)
                })
                .await;
        }
        let verified = self.program.run(&["audit", "verify"]).await;
        assert_eq!((verified.code, &*verified.stderr), (Some(0), ""), "{verified:?}");
    }

    /// Waits until the bot has said something in Discord, on the command line, or in its log.
    pub async fn hears(&self, what: &str, is_it: impl Fn(&str) -> bool) {
        let deadline = Deadline::generous();
        while !is_it(&self.said()) {
            assert!(deadline.look_again().await, "{what} is not said:\n{}", self.said());
        }
    }

    /// All that the bot has said, by lines.
    pub fn said(&self) -> String {
        let world = self.discord.world();
        let messages = world.messages.iter().map(|message| world.text(message) + "\n");
        self.printed.clone() + &self.bot.output() + &messages.collect::<String>()
    }

    /// Stops the bot, and asserts that it ended well.
    pub async fn end(mut self) {
        assert_eq!(self.discord.world().violations, Vec::<String>::new());
        self.bot.terminate();
        let status = self.bot.wait().await;
        assert!(status.success(), "{}", self.bot.output());
    }

    async fn card(&self, word: &str) -> Message {
        self.discord
            .eventually(&format!("a card that says {word:?}"), |world| {
                let cards = world.channel(self.channel);
                cards.into_iter().rev().find(|card| world.text(card).contains(word)).cloned()
            })
            .await
    }
}
