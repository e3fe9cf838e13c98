//! The messages in the pictures of docs/pictures, as the bot sends them, and whether the pictures are of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use locktender::audit::Hash;
use locktender::people::ChannelId;
use locktender::ports::Clock;
use serde_json::{Value, json};

use super::scene::{Running, Scene};
use crate::support::discord::{self, Message, MessageId, Person};
use crate::support::dynamodb::{BUCKET, text};
use crate::support::given::{NOW, record};
use crate::support::office::lookout;

/// Set it to write the messages instead of comparing them.
const WRITE: &str = "LOCKTENDER_WRITE_PICTURES";

/// How many minutes past applies took, the latest last.
const PAST: [i64; 12] = [7, 6, 5, 8, 6, 6, 5, 11, 6, 7, 5, 6];

/// The time at which the night begins. The fake Discord takes no time without microseconds.
fn night() -> DateTime<Utc> {
    NOW.parse::<DateTime<Utc>>().unwrap() + TimeDelta::microseconds(1)
}

/// A clock that stands until a test moves it. Unlike `Hands`, it lets workers wait in real time.
struct Standing(Mutex<DateTime<Utc>>);

#[async_trait]
impl Clock for Standing {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }

    fn uptime(&self) -> Duration {
        Duration::ZERO
    }
}

/// The people and the bot of the pictures.
struct Studio {
    scene: Scene,
    bot: Running,
    clock: Arc<Standing>,
    announcements: discord::ChannelId,
    /// When each message was kept for the first time.
    posted: BTreeMap<MessageId, DateTime<Utc>>,
    /// The names and the messages so far.
    taken: Vec<(&'static str, Value)>,
}

impl Studio {
    /// A team whose `env/prod` needs two approvals. Its last applies took some minutes each.
    async fn open() -> Self {
        let mut scene = Scene::new().await;
        let clock = Arc::new(Standing(Mutex::new(night())));
        let announcements = scene.discord.channel("announcements");
        scene.clock = clock.clone();
        scene.policy.approvals = 2.try_into().unwrap();
        scene.policy.announce = Some(ChannelId::new(announcements.get()));
        scene.policy.announce_min_hold = TimeDelta::minutes(15);
        let bot = scene.start().await;
        scene.registered(1).await;
        let studio =
            Self { scene, bot, clock, announcements, posted: BTreeMap::new(), taken: Vec::new() };
        studio.remember().await;
        studio
    }

    /// Locks `env/prod` and clears it, as past applies did.
    async fn remember(&self) {
        let lookout = lookout(&self.bot.context);
        let now = night();
        for (n, minutes) in (1..).zip(PAST) {
            let taken = now - TimeDelta::hours(5 * (13 - n));
            self.set(taken);
            let lock_id = format!("5d0f27a1-{n:04}");
            self.lock("env/prod", &lock_id, "OperationTypeApply", "jjoyner@ci-runner-04", taken)
                .await;
            lookout.pass().await.unwrap();
            self.set(taken + TimeDelta::minutes(minutes));
            self.scene.db.delete(&format!("{BUCKET}/env/prod/terraform.tfstate")).await;
            lookout.pass().await.unwrap();
        }
        self.set(now);
    }

    fn set(&self, now: DateTime<Utc>) {
        *self.clock.0.lock().unwrap() = now;
    }

    fn advance(&self, minutes: i64) {
        self.set(self.clock.now() + TimeDelta::minutes(minutes));
    }

    async fn lock(&self, state: &str, id: &str, operation: &str, who: &str, since: DateTime<Utc>) {
        let created = since.to_rfc3339_opts(SecondsFormat::Secs, true);
        let record = record(id, operation, who, &created);
        let path = format!("{BUCKET}/{state}/terraform.tfstate");
        self.scene.db.put(&path, &[("Info", text(&record))]).await;
    }

    fn minutes_ago(&self, minutes: i64) -> DateTime<Utc> {
        self.clock.now() - TimeDelta::minutes(minutes)
    }

    /// Keeps a message under this name. `used` is who used which command.
    fn take(&mut self, name: &'static str, message: &Message, used: Option<(&str, &str)>) {
        let mut json = self.scene.discord.world().json(message);
        let now = self.clock.now();
        let posted = *self.posted.entry(message.id).or_insert(now);
        json["posted"] = json!(posted.to_rfc3339_opts(SecondsFormat::Secs, true));
        json["at"] = json!(now.to_rfc3339_opts(SecondsFormat::Secs, true));
        // A picture that the program draws comes by an edit, before or after this look. It is not shown here.
        json["edited"] = json!(message.edits as usize > message.attachments.len());
        json["ephemeral"] = json!(message.is_ephemeral());
        json["used"] = used.map_or(Value::Null, |(by, command)| json!([by, command]));
        self.taken.push((name, json));
    }

    /// A person uses a command, and the answer is kept.
    async fn ask(
        &mut self,
        name: &'static str,
        (by, who): (&str, &Person),
        subcommand: &str,
        options: &[(&str, &str)],
    ) {
        let answer = who.slash(self.scene.channel, subcommand, options).await.settled().await;
        self.take(name, &answer.message(), Some((by, &format!("lock {subcommand}"))));
    }

    /// Waits for a message with these words in the channel for announcements, and keeps it.
    async fn announced(&mut self, name: &'static str, words: &str) {
        let channel = self.announcements;
        let message = self.scene.discord.eventually(words, |world| {
            let said = |message: &&Message| world.text(message).contains(words);
            world.channel(channel).into_iter().find(said).cloned()
        });
        let message = message.await;
        self.take(name, &message, None);
    }
}

/// Plays a night on call, and returns its messages.
async fn play() -> Vec<(&'static str, Value)> {
    let mut studio = Studio::open().await;
    let role = studio.scene.approvers();
    let [carol, dave] = ["carol", "dave"].map(|name| studio.scene.discord.member(name, &[role]));
    let erin = studio.scene.discord.member("erin", &[]);
    let (alice, bob) = (studio.scene.alice.clone(), studio.scene.bob.clone());
    let prod: (&str, &str) = ("state", "env/prod");
    for (state, minutes, operation, who, id) in [
        (
            "env/prod",
            252,
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
        ("env:/blue/env/qa", 26, "state-rm", "sam@build-7", "b7a3c9f0-1d52-4be8-03c6-9f2e8d7a5c14"),
    ] {
        studio.lock(state, id, operation, who, studio.minutes_ago(minutes)).await;
    }
    studio.scene.put("legacy/network", "locked by the migration script, ask Kim").await;
    let lookout = lookout(&studio.bot.context);
    lookout.pass().await.unwrap();
    studio.announced("stale", "looks stale").await;

    studio.ask("status", ("carol", &carol), "status", &[prod]).await;
    studio.ask("watching", ("carol", &carol), "watch", &[prod]).await;
    studio.ask("watching-second", ("erin", &erin), "watch", &[prod]).await;
    studio.ask("list", ("erin", &erin), "list", &[]).await;
    studio.ask("unreadable", ("erin", &erin), "status", &[("state", "legacy/network")]).await;
    studio.ask("doctor", ("alice", &alice), "doctor", &[]).await;
    studio.ask("help", ("erin", &erin), "help", &[]).await;

    let reason = ("reason", "the runner was reclaimed in mid-apply, its job says cancelled");
    studio.ask("asked", ("alice", &alice), "unlock", &[prod, reason]).await;
    let card = studio.scene.card("asks to unlock").await;
    studio.take("card", &card, None);
    let refused = alice.press(&card, "Approve").await.settled().await;
    let refused = refused.messages().into_iter().find(Message::is_ephemeral).unwrap();
    studio.take("own-request", &refused, None);
    studio.advance(3);
    bob.press(&card, "Approve").await;
    let half = studio.scene.says(&card, "1 of 2").await;
    studio.take("card-half", &half, None);
    studio.advance(2);
    dave.press(&card, "Approve").await;
    let unlocked = studio.scene.says(&card, ": unlocked").await;
    studio.take("card-unlocked", &unlocked, None);
    studio.announced("released", "env/prod is free").await;
    lookout.pass().await.unwrap();
    let cleared = studio.scene.card("Next: carol").await;
    studio.take("cleared", &cleared, None);
    studio.ask("free", ("erin", &erin), "status", &[prod]).await;
    studio.ask("history", ("alice", &alice), "history", &[prod, ("count", "4")]).await;

    let staging = ("state", "env/staging");
    studio
        .ask("asked-fresh", ("alice", &alice), "unlock", &[staging, ("reason", "I need it")])
        .await;
    let fresh = studio.scene.card("asks to unlock env/staging").await;
    studio.take("card-fresh", &fresh, None);
    let form = bob.press(&fresh, "Deny").await.modal();
    bob.submit(&form, &[("text", "mira is still planning, see her pull request")]).await;
    let denied = studio.scene.says(&fresh, ": denied").await;
    studio.take("card-denied", &denied, None);
    assert_eq!(studio.scene.discord.world().violations, Vec::<String>::new());
    studio.taken
}

fn pictures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pictures")
}

/// The names of the files in a folder that end in this way.
fn files(folder: &Path, ending: &str) -> Vec<String> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut files: Vec<String> = files.map(|name| name.into_string().unwrap()).collect();
    files.retain(|name| name.ends_with(ending));
    files.sort();
    files
}

#[tokio::test]
async fn the_pictures_are_made_of_what_the_bot_sends() {
    let folder = pictures().join("messages");
    let sent = play().await;
    let mut expected: Vec<String> = sent.iter().map(|(name, _)| format!("{name}.json")).collect();
    expected.sort();
    for (name, message) in sent {
        let file = folder.join(format!("{name}.json"));
        let message = serde_json::to_string_pretty(&message).unwrap() + "\n";
        if std::env::var_os(WRITE).is_some() {
            fs::write(file, message).unwrap();
            continue;
        }
        let kept = fs::read_to_string(file).unwrap_or_default();
        assert_is(name, &kept, &message);
    }
    assert_eq!(files(&folder, ".json"), expected, "delete what is no longer sent");
}

/// Asserts that the kept message is the one that the bot sent.
fn assert_is(name: &str, kept: &str, sent: &str) {
    let mut lines = kept.lines().zip(sent.lines());
    let difference = lines.find(|(kept, sent)| kept != sent);
    assert!(
        kept == sent,
        "docs/pictures/messages/{name}.json is not what the bot sends, first at {difference:?}. If that is \
         meant: {WRITE}=1 cargo test --test it pictures, then docs/pictures/render",
    );
}

#[test]
fn the_pictures_are_current() {
    if std::env::var_os(WRITE).is_some() {
        // They are rendered after the messages are written.
        return;
    }
    let folder = pictures();
    let sums = fs::read_to_string(folder.join("SHA256SUMS")).unwrap();
    let mut summed: Vec<&str> = Vec::new();
    for line in sums.lines() {
        let (sum, file) = line.split_once("  ").unwrap();
        let bytes = fs::read(folder.join(file)).unwrap();
        assert_eq!(Hash::of(bytes).as_str(), sum, "{file} has changed: run docs/pictures/render");
        summed.push(file);
    }
    let messages = files(&folder.join("messages"), ".json");
    let messages = messages.into_iter().map(|name| format!("messages/{name}"));
    for file in messages.chain(files(&folder, ".png")) {
        assert!(summed.contains(&file.as_str()), "{file} is new: run docs/pictures/render");
    }
}
