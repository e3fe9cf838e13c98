//! The whole bot as a process, with real Terraform, a moto for all of AWS, and a fake Discord.

use serde_json::Value;

use super::discord::{Answer, ChannelId, FakeDiscord, Message, Person, Response};
use super::e2e::{Bench, Locking};
use super::leash::Leash;
use super::program::Program;
use super::terraform::{Backend, WorkingDir};

/// The name of the state under the default naming.
pub const STATE: &str = "prod/network";

/// A backend, a Discord server with two approvers, and the bot.
pub struct Site {
    pub dir: WorkingDir,
    pub discord: FakeDiscord,
    pub channel: ChannelId,
    pub announce: ChannelId,
    pub alice: Person,
    pub bob: Person,
    /// The program, with moto's own address for AWS. A run of `audit` so goes past any proxy.
    pub program: Program,
    /// The address at which the bot reaches AWS.
    aws: String,
    bot: Option<Leash>,
}

impl Site {
    /// A site on a new backend. Its state has been applied once, so that there is a digest.
    pub async fn new(bench: &Bench, locking: Locking) -> Self {
        let backend = bench.backend(locking).await;
        Self::on(bench, &backend, &backend.endpoint.to_string()).await
    }

    /// A site on this backend. Its bot reaches AWS at this address.
    pub async fn on(bench: &Bench, backend: &Backend, aws: &str) -> Self {
        let mut site = Self::closed(bench, backend, aws).await;
        site.start().await;
        site
    }

    /// Like `on`, but the bot is not started yet.
    pub async fn closed(bench: &Bench, backend: &Backend, aws: &str) -> Self {
        let dir = bench.working_dir(backend).await;
        dir.apply().await.expect_success();
        let discord = FakeDiscord::start().await;
        let role = discord.role("approvers");
        let (channel, announce) = (discord.channel("ops"), discord.channel("locks"));
        let [alice, bob] = ["alice", "bob"].map(|name| discord.member(name, &[role]));
        let table = backend.dynamodb_table.as_ref().map_or("", |table| &table.name);
        let bucket = &backend.bucket.name;
        let program = Program::at(&backend.endpoint.to_string())
            .set("LOCKTENDER_STATE_BUCKET", bucket)
            .set("LOCKTENDER_LOCK_TABLE", table)
            .set("LOCKTENDER_USE_LOCKFILE", if backend.use_lockfile { "true" } else { "false" })
            .set("LOCKTENDER_TABLE", &format!("bot-{bucket}"))
            .set("LOCKTENDER_AUDIT_TABLE", &format!("audit-{bucket}"))
            .set("LOCKTENDER_ANNOUNCE_CHANNEL_ID", &announce.to_string())
            .set("LOCKTENDER_APPROVER_ROLE_IDS", &role.to_string())
            .set("DISCORD_TOKEN", discord.token())
            .set("DISCORD_GUILD_ID", &discord.guild().to_string())
            .set("DISCORD_API_URL", &discord.url());
        let aws = aws.to_owned();
        Self { dir, discord, channel, announce, alice, bob, program, aws, bot: None }
    }

    /// Sets an environment variable for the next start of the bot.
    pub fn set(self, variable: &str, value: &str) -> Self {
        Self { program: self.program.set(variable, value), ..self }
    }

    /// Starts the bot, and waits until it is connected and has registered its commands.
    pub async fn start(&mut self) {
        let sessions = self.discord.world().identifies.len();
        let aws = ("AWS_ENDPOINT_URL", &*self.aws);
        self.bot = Some(self.program.start_with(aws, &["run", "--migrate"]));
        self.discord.gateway().identified(sessions + 1).await;
        self.discord
            .eventually("commands", |world| (world.bulk_overwrites > 0).then_some(()))
            .await;
    }

    /// Kills the bot with SIGKILL.
    pub fn kill(&mut self) {
        self.bot.take().expect("a running bot").kill();
    }

    /// The answer that alice gets to `/lock status`.
    pub async fn status(&self, state: &str) -> String {
        let status = self.alice.slash(self.channel, "status", &[("state", state)]).await;
        let message = status.settled().await.message();
        self.discord.world().text(&message)
    }

    /// Alice opens a request for a state. Returns its card.
    pub async fn ask(&self, state: &str) -> Message {
        let options = [("state", state), ("reason", "the runner died")];
        let asked = self.alice.slash(self.channel, "unlock", &options).await.settled().await;
        let told = self.discord.world().text(&asked.message());
        assert!(told.contains("is in the channel"), "{told}\n{}", self.log());
        self.card("asks to unlock").await
    }

    /// Bob presses Approve on this version of the card, and types the name if the bot asks for it.
    pub async fn approve(&self, card: &Message, state: &str) -> Answer {
        let buttons = card.buttons();
        let approve = buttons.iter().find(|button| button.label.as_deref() == Some("Approve"));
        let custom_id = approve.unwrap().custom_id.as_deref().unwrap();
        let pressed = self.bob.press_forged(card, custom_id).await;
        match pressed.response() {
            Some(Response::Modal(modal)) => {
                let field = modal.inputs()[0].custom_id.clone();
                self.bob.submit(&modal, &[(&field, state)]).await
            }
            _ => pressed,
        }
    }

    /// Waits for a card that contains this word.
    pub async fn card(&self, word: &str) -> Message {
        self.discord
            .eventually(&format!("a card that says {word:?}"), |world| {
                let cards = world.channel(self.channel);
                cards.into_iter().rev().find(|card| world.text(card).contains(word)).cloned()
            })
            .await
    }

    /// Waits until the last request is closed, and returns its card.
    pub async fn ended(&self) -> Message {
        self.discord
            .eventually("a card that has ended", |world| {
                let cards = world.channel(self.channel);
                let card = cards.into_iter().next_back()?;
                let is_open = ["asks to unlock", "being released"];
                let text = world.text(card);
                (!is_open.iter().any(|word| text.contains(word))).then(|| card.clone())
            })
            .await
    }

    /// Waits for this many announcements of cleared locks.
    pub async fn announced(&self, count: usize) -> Vec<String> {
        self.discord
            .eventually("the announcements", |world| {
                let all = world.channel(self.announce).into_iter().map(|it| world.text(it));
                let all: Vec<_> = all.filter(|text| !text.contains("The audit trail")).collect();
                (all.len() >= count).then_some(all)
            })
            .await
    }

    /// The actions on the exported trail, after `audit verify` has passed.
    pub async fn actions(&self) -> Vec<String> {
        let verified = self.program.run(&["audit", "verify"]).await;
        assert_eq!((verified.code, verified.stderr.as_str()), (Some(0), ""), "{verified:?}");
        let exported = self.program.run(&["audit", "export"]).await;
        assert_eq!(exported.code, Some(0), "{exported:?}");
        let entries = exported.stdout.lines().map(|line| serde_json::from_str(line).unwrap());
        entries.map(|entry: Value| entry["action"].as_str().unwrap().to_owned()).collect()
    }

    fn log(&self) -> String {
        self.bot.as_ref().map(Leash::output).unwrap_or_default()
    }

    /// Stops the bot, and asserts that it sent Discord no invalid request.
    pub async fn close(mut self) {
        assert_eq!(self.discord.world().violations, Vec::<String>::new());
        let mut bot = self.bot.take().expect("a running bot");
        bot.terminate();
        let status = bot.wait().await;
        assert!(status.success(), "{}", bot.output());
    }
}
