//! A stateful fake of Discord: the REST API and the gateway on one port of the loopback.
//!
//! The bot under test talks to it with its real client, over real sockets. People act through
//! [`Person`], and what they see comes back as [`Answer`]; [`FakeDiscord::world`] is the picture of
//! everything. The fake enforces Discord's rules — deadlines, limits, who sees what — and notes
//! every request that a correct bot never sends as a violation.
//!
//! Not modelled: the making of threads, attachments, replies, reactions, polls, select menus, components V2,
//! webhooks of one's own, per-route rate limits, and events other than `READY`, `RESUMED` and
//! `INTERACTION_CREATE`. What the bot sends of these is answered as invalid.

mod answer;
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

/// How often Discord wants to hear a heartbeat.
const HEARTBEAT_INTERVAL: Duration = Duration::from_millis(41_250);

/// A running fake Discord; it stops when dropped.
pub struct FakeDiscord {
    server: Arc<Server>,
    serving: JoinHandle<()>,
    guild: GuildId,
}

impl FakeDiscord {
    /// Starts with one bot and one guild, which the bot is a member of.
    pub async fn start() -> Self {
        Self::start_with_heartbeat(HEARTBEAT_INTERVAL).await
    }

    /// Starts with an interval for heartbeats that a test can wait for.
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

    /// What to give a client as the place where Discord is: `http://127.0.0.1:<port>`.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// The bot's application; its user has the same id.
    pub fn application_id(&self) -> ApplicationId {
        self.server.read().application
    }

    /// The guild that is there from the start.
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

    /// Has the bot have these permissions alone in a channel.
    pub fn bot_may(&self, channel: ChannelId, permissions: Permissions) {
        self.server.write(|state| state.bot_may.insert(channel, permissions));
    }

    /// A new thread in the first guild.
    pub fn thread(&self, name: &str) -> ChannelId {
        let id = self.channel(name);
        self.change(id, |thread| thread.thread = Some(Thread::default()));
        id
    }

    /// Archives a thread, as Discord does after some days without a message; `locked` as a
    /// moderator does it.
    pub fn archive(&self, thread: ChannelId, locked: bool) {
        self.change(thread, |channel| channel.thread = Some(Thread { archived: true, locked }));
    }

    /// Whether a thread is archived.
    pub fn is_archived(&self, thread: ChannelId) -> bool {
        let state = self.server.read();
        state.channels[&thread].thread.is_some_and(|thread| thread.archived)
    }

    /// Takes the bot's permission to write in a channel, or gives it back.
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

    /// A new role in the first guild; several may have one name.
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

    /// A new account of another bot in the first guild, acting as if it were a person.
    pub fn bot_member(&self, name: &str, roles: &[RoleId]) -> Person {
        let person = self.person(name, true);
        person.join(self.guild, roles);
        person
    }

    /// Everything there is to see now.
    pub fn world(&self) -> World {
        World::of(&self.server.read())
    }

    /// Waits until the picture shows what is asked for, and returns that.
    pub async fn eventually<R>(&self, what: &str, mut look: impl FnMut(&World) -> Option<R>) -> R {
        self.server.wait_for(what, |state| look(&World::of(state))).await
    }

    /// Lets this much time pass on Discord's clock, which stands still otherwise.
    pub fn advance(&self, by: Duration) {
        self.server.clock.advance(by);
    }

    /// What goes wrong with the bot's requests.
    pub fn faults(&self) -> &Faults {
        &self.server.faults
    }

    /// The gateway, to disturb it and to wait for it.
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
