//! The whole state of the fake, behind one lock.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::watch;
use twilight_model::channel::message::AllowedMentions;
use twilight_model::guild::Permissions;

use super::attachments;
use super::body::{MessageBody, Patch};
use super::clock::{Clock, Moment};
use super::commands::Registry;
use super::error::ApiError;
use super::faults::Faults;
use super::interactions::Interaction;
use super::mentions::{Ping, allowed_pings};
use super::message::{EPHEMERAL, Message};
use super::model::{
    ApplicationId, Channel, ChannelId, Guild, GuildId, Home, InteractionId, MessageId, PERMISSIONS,
    User, UserId,
};
use super::sessions::Sessions;
use super::world::RequestLog;
use crate::support::deadline::PATIENCE;

/// How often a waiting test looks again without a change, because a condition may depend on time only.
const GLANCE: Duration = Duration::from_millis(20);

/// The part that the routes, the gateway and the test's handles share.
pub(super) struct Server {
    pub address: String,
    pub token: String,
    pub clock: Clock,
    pub faults: Faults,
    /// Whether the gateway accepts new connections.
    pub door: watch::Sender<bool>,
    pub heartbeat_interval: Duration,
    /// Whether new connections end with a reset.
    pub resets: AtomicBool,
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

impl Server {
    pub fn new(address: String, heartbeat_interval: Duration) -> Self {
        let clock = Clock::default();
        let state = Mutex::new(State::new(&clock));
        Self {
            address,
            token: format!("{}.fake.token", clock.id::<()>()),
            clock,
            faults: Faults::default(),
            door: watch::Sender::new(true),
            heartbeat_interval,
            resets: AtomicBool::default(),
            state,
            changed: watch::Sender::new(()),
        }
    }

    /// Locks the state for reading.
    pub fn read(&self) -> MutexGuard<'_, State> {
        // A test that panics while it holds the lock has already failed. Other readers continue.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state, and wakes all waiters.
    pub fn write<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        let result = change(&mut self.read());
        self.changed.send_replace(());
        result
    }

    /// Waits until `look` finds something.
    pub async fn wait_for<R>(&self, what: &str, mut look: impl FnMut(&State) -> Option<R>) -> R {
        let mut changed = self.changed.subscribe();
        let started = Instant::now();
        loop {
            changed.mark_unchanged();
            if let Some(found) = look(&self.read()) {
                return found;
            }
            assert!(started.elapsed() < PATIENCE, "waited {PATIENCE:?} in vain for {what}");
            // Either outcome means: look again.
            let _ = tokio::time::timeout(GLANCE, changed.changed()).await;
        }
    }
}

pub(super) struct State {
    pub application: ApplicationId,
    pub bot: User,
    pub users: BTreeMap<UserId, User>,
    pub guilds: BTreeMap<GuildId, Guild>,
    pub channels: BTreeMap<ChannelId, Channel>,
    /// The bot's permissions in channels where they differ from the default.
    pub bot_may: BTreeMap<ChannelId, Permissions>,
    pub messages: BTreeMap<MessageId, Message>,
    pub interactions: BTreeMap<InteractionId, Interaction>,
    pub commands: Registry,
    pub sessions: Sessions,
    pub log: RequestLog,
}

/// The place of a new message.
pub(super) struct Place {
    pub channel: ChannelId,
    pub only_for: Option<UserId>,
    pub answers: Option<Value>,
}

/// Whether a message is written for the first time. Filling in a deferred answer is the first time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Writing {
    First,
    Edit,
}

impl State {
    fn new(clock: &Clock) -> Self {
        // Applications of recent years have the same id as their bot user.
        let application: ApplicationId = clock.id();
        let bot = User { id: application.cast(), name: "locktender".to_owned(), bot: true };
        Self {
            application,
            users: BTreeMap::from([(bot.id, bot.clone())]),
            bot,
            guilds: BTreeMap::new(),
            channels: BTreeMap::new(),
            bot_may: BTreeMap::new(),
            messages: BTreeMap::new(),
            interactions: BTreeMap::new(),
            commands: Registry::default(),
            sessions: Sessions::default(),
            log: RequestLog::default(),
        }
    }

    pub fn channel(&self, id: ChannelId) -> Result<&Channel, ApiError> {
        self.channels.get(&id).ok_or_else(ApiError::unknown_channel)
    }

    /// The bot's permissions in a channel.
    pub fn may(&self, channel: ChannelId) -> Permissions {
        self.bot_may.get(&channel).copied().unwrap_or(PERMISSIONS)
    }

    /// Finds a message as the channel's routes do. They do not find ephemeral messages.
    pub fn public_message(&self, channel: ChannelId, id: MessageId) -> Result<&Message, ApiError> {
        self.channel(channel)?;
        let found = self.messages.get(&id).filter(|message| message.channel == channel);
        found.filter(|message| !message.is_ephemeral()).ok_or_else(ApiError::unknown_message)
    }

    pub fn message_json(&self, message: &Message) -> Value {
        let mentioned = message.pinged.iter().filter_map(Ping::user);
        let mentioned: Vec<_> = mentioned.filter_map(|id| self.users.get(&id)).collect();
        message.json(&self.bot, &mentioned)
    }

    /// Posts a "thinking…" message.
    pub fn post_loading(&mut self, clock: &Clock, place: Place) -> MessageId {
        let id = clock.id();
        let message = Message {
            id,
            channel: place.channel,
            content: String::new(),
            embeds: Vec::new(),
            components: Vec::new(),
            attachments: Vec::new(),
            only_for: place.only_for,
            loading: true,
            edits: 0,
            pinged: BTreeSet::new(),
            rings: 0,
            allowed_mentions_absent: false,
            flags: 0,
            nonce: None,
            created: clock.now(),
            edited: None,
            answers: place.answers,
        };
        self.messages.insert(id, message);
        id
    }

    pub fn post(
        &mut self,
        clock: &Clock,
        place: Place,
        body: MessageBody,
    ) -> Result<MessageId, ApiError> {
        let id = self.post_loading(clock, place);
        let written = self.write(id, body, Writing::First, clock.now());
        if written.is_err() {
            self.messages.remove(&id);
        }
        written.map(|()| id)
    }

    pub fn write(
        &mut self,
        id: MessageId,
        body: MessageBody,
        writing: Writing,
        now: Moment,
    ) -> Result<(), ApiError> {
        let mut message = self.messages.get(&id).cloned().ok_or_else(ApiError::unknown_message)?;
        let speaks = writing == Writing::First || body.content != Patch::Keep;
        body.content.apply(&mut message.content);
        body.embeds.apply(&mut message.embeds);
        body.components.apply(&mut message.components);
        message.attachments =
            attachments::applied(&message.attachments, body.attachments, body.files)?;
        if let Some(flags) = body.flags {
            // An edit cannot change who sees a message.
            message.flags = flags & !EPHEMERAL;
        }
        let shows = !message.content.is_empty() || !message.attachments.is_empty();
        if !shows && message.embeds.is_empty() && message.components.is_empty() {
            return Err(ApiError::empty_message());
        }
        if speaks {
            message.allowed_mentions_absent |= body.allowed_mentions.is_none();
            let pings = self.pings(&message, body.allowed_mentions.as_ref());
            message.rings += u32::from(!pings.is_empty());
            message.pinged.extend(pings);
        }
        match writing {
            Writing::First => message.nonce = body.nonce,
            Writing::Edit => {
                message.edits += 1;
                message.edited = Some(now);
            }
        }
        message.loading = false;
        self.messages.insert(id, message);
        Ok(())
    }

    /// The pings that take effect: members of the guild who can see the message.
    fn pings(&self, message: &Message, allowed: Option<&AllowedMentions>) -> BTreeSet<Ping> {
        let home = self.channels[&message.channel].home;
        let mut pings = allowed_pings(&message.content, allowed);
        pings.retain(|ping| match (message.only_for, home) {
            (Some(only), _) | (None, Home::Direct(only)) => *ping == Ping::User(only),
            (None, Home::Guild(guild)) => match ping {
                Ping::Everyone | Ping::Here => true,
                Ping::Role(role) => self.guilds[&guild].roles.iter().any(|r| r.id == *role),
                Ping::User(user) => self.guilds[&guild].members.contains_key(user),
            },
        });
        pings
    }
}
