//! Helpers for the tests of requests: locks of a given age, cards, and the trail.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use locktender::audit::Entry;
use locktender::aws::AwsTrail;
use locktender::clock::SystemClock;
use locktender::lock::StatePath;
use locktender::ports::{Clock, Trail};
use locktender::workers::verify;

use super::scene::Scene;
use crate::support::discord::{Answer, Message, Person, Ping, RoleId};
use crate::support::dynamodb::{BUCKET, TABLE, tables};
use crate::support::given::record;

/// The state of the request.
pub const STATE: &str = "env/prod";

/// The reason that alice gives.
pub const REASON: &str = "the runner died";

/// The route of the first response to an interaction.
pub const CALLBACK: &str = "POST /interactions/*/*/callback";

/// The record of a lock that was taken this long ago. The lock ID depends on the length of the holder.
pub fn record_of(who: &str, ago: TimeDelta) -> String {
    let created = (SystemClock.now() - ago).to_rfc3339();
    let id = format!("1f6e7bc2-0ede-e7d2-{:04}", who.len());
    record(&id, "OperationTypeApply", who, &created)
}

/// A text without times, and without ids of messages and interactions, which differ between runs.
pub fn timeless(text: &str) -> String {
    let mut timeless = String::new();
    let mut digits = String::new();
    let lines = text.lines().filter(|line| !line.contains("timestamp: "));
    for c in lines.flat_map(|line| line.chars().chain(['\n'])) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        timeless.push_str(if digits.len() < 10 { &digits } else { "…" });
        digits.clear();
        timeless.push(c);
    }
    timeless.trim_end().to_owned()
}

impl Scene {
    /// A server whose state was locked this long ago, and a bot with its commands registered.
    pub async fn locked_for(ago: TimeDelta) -> (Self, super::scene::Running) {
        let scene = Self::new().await;
        scene.put(STATE, &record_of("ci@runner-4", ago)).await;
        let bot = scene.start().await;
        scene.registered(1).await;
        (scene, bot)
    }

    /// Like `locked_for`, with a lock so old that an approver need not type its name.
    pub async fn stale() -> (Self, super::scene::Running) {
        Self::locked_for(TimeDelta::hours(5)).await
    }

    /// The approver role.
    pub fn approvers(&self) -> RoleId {
        RoleId::new(self.policy.approver_roles.first().unwrap().get())
    }

    /// Alice opens a request. Returns its card.
    pub async fn request(&self) -> Message {
        let answer = self.ask("unlock", &[("state", STATE), ("reason", REASON)]).await;
        assert!(answer.message().is_ephemeral(), "{}", self.text(&answer.message()));
        self.card("asks to unlock").await
    }

    /// Waits for a message in the channel with these words, and returns the newest.
    pub async fn card(&self, words: &str) -> Message {
        let what = format!("a message that says {words:?}");
        let look = |world: &crate::support::discord::World| {
            let mut here = world.channel(self.channel).into_iter().rev();
            here.find(|card| world.text(card).contains(words)).cloned()
        };
        self.discord.eventually(&what, look).await
    }

    /// Waits until the card has these words, and returns it.
    pub async fn says(&self, card: &Message, words: &str) -> Message {
        let what = format!("the card to say {words:?}");
        let look = |world: &crate::support::discord::World| {
            let now = world.message(card.id)?;
            world.text(now).contains(words).then(|| now.clone())
        };
        self.discord.eventually(&what, look).await
    }

    /// Presses a button, and returns the text of the ephemeral answer.
    pub async fn told(&self, by: &Person, card: &Message, button: &str) -> String {
        self.alone(by.press(card, button).await).await
    }

    /// The text of the only ephemeral message of an answer.
    pub async fn alone(&self, answer: Answer) -> String {
        let mut messages = answer.settled().await.messages();
        messages.retain(Message::is_ephemeral);
        assert_eq!(messages.len(), 1, "{messages:?}");
        self.text(&messages[0])
    }

    /// The `custom_id` of a card's button.
    pub fn id_of(card: &Message, label: &str) -> String {
        let button = card.buttons().into_iter().find(|b| b.label.as_deref() == Some(label));
        button.and_then(|button| button.custom_id.clone()).unwrap()
    }

    /// Whether the lock table has a row.
    pub async fn is_locked(&self) -> bool {
        !self.db.rows(TABLE).await.is_empty()
    }

    /// The trail of the state, oldest first. Verifies the whole trail first.
    pub async fn trail(&self) -> Vec<Entry> {
        let trail = AwsTrail::connect(&self.db.session(), tables());
        let verified = verify(&trail, None).await.unwrap();
        assert!(verified.is_ok(), "{verified:?}");
        let path = StatePath::new(BUCKET, &format!("{STATE}/terraform.tfstate")).unwrap();
        let mut entries = trail.newest(&path, None, 1_000).await.unwrap();
        entries.reverse();
        entries
    }

    /// The actions on the trail of the state, oldest first.
    pub async fn actions(&self) -> Vec<String> {
        let entries = self.trail().await;
        entries.iter().map(|entry| entry.text("action").unwrap().to_owned()).collect()
    }

    /// Asserts that one request with one card released the lock once, and that the trail says so.
    pub async fn assert_released_once(&self) {
        self.card("unlocked").await;
        assert!(!self.is_locked().await);
        assert_eq!(self.actions().await, ["request.opened", "request.approved", "unlock.done"]);
        assert_eq!(self.cards(), 1);
    }

    /// Asserts that nothing has happened since the request was opened.
    pub async fn assert_untouched(&self, card: &Message) {
        assert!(self.is_locked().await);
        assert_eq!(self.actions().await, ["request.opened"]);
        let now = self.discord.world().message(card.id).cloned().expect("the card is there");
        assert_eq!((now.embeds, now.edits), (card.embeds.clone(), card.edits));
    }

    /// The number of cards in the channel.
    pub fn cards(&self) -> usize {
        let world = self.discord.world();
        let here = world.channel(self.channel);
        here.into_iter().filter(|message| world.text(message).contains("Reason:")).count()
    }

    /// Asserts that every request was valid, that cards pinged the approvers, and that there was no other
    /// ping.
    #[track_caller]
    pub fn assert_only_approvers_called(&self) {
        let world = self.discord.world();
        assert_eq!(world.violations, Vec::<String>::new());
        let approvers = BTreeSet::from([Ping::Role(self.approvers())]);
        for message in &world.messages {
            let text = world.text(message);
            assert!(!message.allowed_mentions_absent, "allowed_mentions: {text}");
            assert!(message.pinged.is_subset(&approvers), "pings: {text}");
        }
    }
}
