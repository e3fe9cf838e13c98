//! A stateful fake of Discord: the REST API and the gateway on one port of the loopback.
//!
//! The bot under test uses its real client over real sockets. People act through [`Person`], and see an
//! [`Answer`]. [`FakeDiscord::world`] returns a copy of the whole state. The fake enforces Discord's rules:
//! deadlines, limits, and the visibility of messages. It records every request that a correct bot never
//! sends as a violation.
//!
//! Not modelled: the creation of threads, replies, reactions, polls, select menus,
//! components V2, webhooks that a bot creates, per-route rate limits, and events other than `READY`,
//! `RESUMED` and `INTERACTION_CREATE`. The fake rejects such requests as invalid.

mod answer;
mod attachments;
mod body;
mod channel_routes;
mod clock;
mod commands;
mod error;
mod faults;
mod gateway;
mod guilds;
mod interactions;
mod mentions;
mod message;
mod model;
mod options;
mod outages;
mod payload;
mod people;
mod rest;
mod routes;
mod sessions;
mod state;
mod text;
mod upload;
mod validate;
mod webhooks;
mod world;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use twilight_model::guild::Permissions;

pub use self::answer::Answer;
pub use self::attachments::Attachment;
pub use self::faults::{Fault, Faults};
pub use self::interactions::{FIRST_RESPONSE, Modal, Response};
pub use self::mentions::Ping;
pub use self::message::Message;
pub use self::model::{ApplicationId, ChannelId, GuildId, MessageId, RoleId, UserId};
use self::model::{Channel, Thread};
pub use self::outages::Gateway;
pub use self::people::Person;
use self::sessions::Frame;
use self::state::Server;
pub use self::webhooks::TOKEN_LIFE;
pub use self::world::{Request, World};

/// The heartbeat interval that Discord sends.
const HEARTBEAT_INTERVAL: Duration = Duration::from_millis(41_250);

/// A running fake Discord. Dropping it stops it.
pub struct FakeDiscord {
    server: Arc<Server>,
    serving: JoinHandle<()>,
    guild: GuildId,
}

impl FakeDiscord {
    /// Starts with one bot and one guild. The bot is a member of the guild.
    pub async fn start() -> Self {
        Self::start_with_heartbeat(HEARTBEAT_INTERVAL).await
    }

    /// Like `start`, with a heartbeat interval that a test can wait for.
    pub async fn start_with_heartbeat(interval: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port on loopback");
        let address = listener.local_addr().expect("a bound socket has an address").to_string();
        let server = Arc::new(Server::new(address, interval));
        let guild = server.write(|state| state.add_guild(&server.clock));
        let router = rest::router(server.clone());
        let accepting = server.clone();
        let listener = listener.tap_io(move |connection| {
            if accepting.resets.load(Ordering::Relaxed) {
                connection.set_zero_linger().expect("an open connection");
            }
        });
        let serving = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("serving on loopback does not fail");
        });
        Self { server, serving, guild }
    }

    /// The bot's token.
    pub fn token(&self) -> &str {
        &self.server.token
    }

    /// The base address for a client: `http://127.0.0.1:<port>`.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// The id of the bot's application. The bot's user has the same id.
    pub fn application_id(&self) -> ApplicationId {
        self.server.read().application
    }

    /// The first guild.
    pub fn guild(&self) -> GuildId {
        self.guild
    }

    /// Another guild with the bot in it.
    pub fn add_guild(&self) -> GuildId {
        self.server.write(|state| state.add_guild(&self.server.clock))
    }

    /// A new text channel in the first guild.
    pub fn channel(&self, name: &str) -> ChannelId {
        self.channel_in(self.guild, name)
    }

    /// A new text channel in any guild.
    pub fn channel_in(&self, guild: GuildId, name: &str) -> ChannelId {
        self.server.write(|state| state.add_channel(&self.server.clock, guild, name))
    }

    /// Limits the bot's permissions in a channel to these.
    pub fn bot_may(&self, channel: ChannelId, permissions: Permissions) {
        self.server.write(|state| state.bot_may.insert(channel, permissions));
    }

    /// Limits what every member of the first guild may do, the bot too.
    pub fn everyone_may(&self, permissions: Permissions) {
        self.server.write(|state| {
            let guild = state.guilds.get_mut(&self.guild).expect("the first guild");
            guild.roles[0].permissions = permissions;
        });
    }

    /// Lets anyone mention a role.
    pub fn make_mentionable(&self, role: RoleId) {
        self.server.write(|state| {
            let roles = state.guilds.values_mut().flat_map(|guild| &mut guild.roles);
            roles.filter(|known| known.id == role).for_each(|known| known.mentionable = true);
        });
    }

    /// Takes the bot out of the first guild.
    pub fn remove_bot(&self) {
        self.server.write(|state| {
            let bot = state.bot.id;
            state.guilds.get_mut(&self.guild).expect("the first guild").members.remove(&bot);
        });
    }

    /// A new thread in the first guild.
    pub fn thread(&self, name: &str) -> ChannelId {
        let id = self.channel(name);
        self.change(id, |thread| thread.thread = Some(Thread::default()));
        id
    }

    /// Archives a thread, as Discord does after some days without a message. With `locked`, as a moderator
    /// does it.
    pub fn archive(&self, thread: ChannelId, locked: bool) {
        self.change(thread, |channel| channel.thread = Some(Thread { archived: true, locked }));
    }

    /// Whether a thread is archived.
    pub fn is_archived(&self, thread: ChannelId) -> bool {
        let state = self.server.read();
        state.channels[&thread].thread.is_some_and(|thread| thread.archived)
    }

    /// Sets whether the bot may write in a channel.
    pub fn let_write(&self, channel: ChannelId, may: bool) {
        self.change(channel, |channel| channel.is_writable = may);
    }

    fn change(&self, channel: ChannelId, change: impl FnOnce(&mut Channel)) {
        self.server.write(|state| {
            change(state.channels.get_mut(&channel).expect("a known channel"));
        });
    }

    /// Deletes a channel with its messages.
    pub fn delete_channel(&self, channel: ChannelId) {
        self.server.write(|state| {
            state.channels.remove(&channel).expect("a known channel");
            state.messages.retain(|_, message| message.channel != channel);
        });
    }

    /// Deletes a message, as a moderator does.
    pub fn delete_message(&self, message: &Message) {
        self.server.write(|state| {
            state.messages.remove(&message.id).expect("a message that is still there");
        });
    }

    /// A new role in the first guild. Several roles may have the same name.
    pub fn role(&self, name: &str) -> RoleId {
        self.role_in(self.guild, name)
    }

    /// A new role in any guild.
    pub fn role_in(&self, guild: GuildId, name: &str) -> RoleId {
        self.server.write(|state| state.add_role(&self.server.clock, guild, name))
    }

    /// A new person in the first guild.
    pub fn member(&self, name: &str, roles: &[RoleId]) -> Person {
        let person = self.person(name, false);
        person.join(self.guild, roles);
        person
    }

    /// A new account of another bot in the first guild. It acts like a person.
    pub fn bot_member(&self, name: &str, roles: &[RoleId]) -> Person {
        let person = self.person(name, true);
        person.join(self.guild, roles);
        person
    }

    /// A copy of the current state.
    pub fn world(&self) -> World {
        World::of(&self.server.read())
    }

    /// Waits until `look` finds something in the state, and returns it.
    pub async fn eventually<R>(&self, what: &str, mut look: impl FnMut(&World) -> Option<R>) -> R {
        self.server.wait_for(what, |state| look(&World::of(state))).await
    }

    /// Moves Discord's clock forward. It does not move by itself.
    pub fn advance(&self, by: Duration) {
        self.server.clock.advance(by);
    }

    /// The faults of the bot's requests.
    pub fn faults(&self) -> &Faults {
        &self.server.faults
    }

    /// A handle to disturb the gateway and to wait for the bot.
    pub fn gateway(&self) -> Gateway<'_> {
        Gateway { server: &self.server }
    }

    fn person(&self, name: &str, bot: bool) -> Person {
        let id = self.server.write(|state| state.add_user(&self.server.clock, name, bot));
        Person { server: self.server.clone(), id }
    }
}

impl Drop for FakeDiscord {
    fn drop(&mut self) {
        self.serving.abort();
        self.server.write(|state| state.sessions.send_all(|| Frame::Cut));
    }
}
