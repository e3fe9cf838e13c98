//! A Discord double for one bot: sends it interactions and receives its answers.
//!
//! It does as little work as possible, since its work counts in the times of both bots. It makes
//! frames before the clock starts, and checks answers after it stops.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::ws::{Message, WebSocket};
use axum::extract::{Path, State, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{any, get, patch, post};
use axum::serve::ListenerExt;
use axum::{Json, Router};
use futures::future::join_all;
use futures::stream::SplitSink;
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Mutex as AsyncMutex, broadcast, oneshot, watch};
use tokio::time::timeout;

/// The Discord server of the interactions.
pub const GUILD: u64 = 1_100_000_000_000_000_001;

/// The channel of the interactions.
pub const CHANNEL: u64 = 1_100_000_000_000_000_004;

/// The ID of every message that is posted to a channel.
pub const MESSAGE: &str = "1100000000000000010";

const APPLICATION: u64 = 1_100_000_000_000_000_002;

/// Limit for every wait on a bot. It is far longer than any bot takes, and ends a bench that hangs.
const LIMIT: Duration = Duration::from_secs(20);

/// About a quarter of Discord's 41,250 ms, so that a window of 20 s without interactions contains
/// one.
const HEARTBEAT_MS: u32 = 10_000;

/// How a deferred response begins, which only says that the answer follows.
const PUT_OFF: &[u8] = br#"{"type":5"#;

/// The text before the interaction's number in its token.
const TOKEN: &str = "aW50ZXJhY3Rpb246";

/// A Discord double on a loopback port.
pub struct Discord {
    address: std::net::SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    gateway_url: String,
    gateway: AsyncMutex<Option<SplitSink<WebSocket, Message>>>,
    connected: watch::Sender<bool>,
    /// The waiting receivers, by interaction.
    asked: Mutex<HashMap<u64, oneshot::Sender<(Instant, Bytes)>>>,
    last_id: Mutex<u64>,
    /// What the bot has posted to channels.
    posted: broadcast::Sender<(Instant, Bytes)>,
}

impl Discord {
    /// Starts one.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            gateway_url: format!("ws://{address}/gateway"),
            gateway: AsyncMutex::default(),
            connected: watch::Sender::new(false),
            asked: Mutex::default(),
            last_id: Mutex::new(1_100_000_000_000_001_000),
            posted: broadcast::Sender::new(1_000),
        });
        let router = Router::new()
            .route("/api/v10/gateway", get(gateway_address))
            .route("/api/v10/gateway/bot", get(gateway_address))
            .route("/api/v10/applications/{app}/guilds/{guild}/commands", any(commands))
            .route("/api/v10/interactions/{id}/{token}/callback", post(callback))
            .route("/api/v10/webhooks/{app}/{token}/messages/@original", patch(edit))
            .route("/api/v10/channels/{channel}/messages", post(message))
            .route("/gateway/", any(gateway))
            .route("/gateway", any(gateway))
            .with_state(shared.clone());
        let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, shared }
    }

    /// The base address of its REST API.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits until the bot has identified itself. Returns false if it takes too long.
    pub async fn connected(&self) -> bool {
        let mut connected = self.shared.connected.subscribe();
        timeout(LIMIT, connected.wait_for(|&connected| connected)).await.is_ok()
    }

    /// Sends `count` interactions at once, and returns the time until all are answered. Each answer
    /// must contain the `expected` texts.
    pub async fn ask(&self, count: usize, state: &str, expected: &[&str]) -> Duration {
        let (mut frames, mut answers) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let id = self.next_id();
            let (answered, answer) = oneshot::channel();
            self.shared.asked.lock().unwrap().insert(id, answered);
            frames.push(Message::Text(interaction(id, state).into()));
            answers.push(answer);
        }
        let mut gateway = self.shared.gateway.lock().await;
        let gateway = gateway.as_mut().expect("a bot that is connected");
        let begun = Instant::now();
        for frame in frames {
            gateway.feed(frame).await.unwrap();
        }
        gateway.flush().await.unwrap();
        let answers = timeout(LIMIT, join_all(answers)).await.expect("an answer to every question");
        let answers: Vec<(Instant, Bytes)> = answers.into_iter().map(Result::unwrap).collect();
        for (_, body) in &answers {
            let body = std::str::from_utf8(body).unwrap();
            let missing = expected.iter().find(|text| !body.contains(**text));
            assert!(missing.is_none(), "an answer without {missing:?}: {body}");
        }
        let last = answers.iter().map(|&(at, _)| at).max().unwrap();
        last - begun
    }

    /// Messages that the bot posts to channels from now on, each with its arrival time.
    pub fn posted(&self) -> broadcast::Receiver<(Instant, Bytes)> {
        self.shared.posted.subscribe()
    }

    fn next_id(&self) -> u64 {
        let mut last = self.shared.last_id.lock().unwrap();
        *last += 1;
        *last
    }
}

impl Shared {
    /// Passes an answer to its receiver. Returns false if the interaction is unknown.
    fn answered(&self, id: u64, at: Instant, body: Bytes) -> bool {
        let asked = self.asked.lock().unwrap().remove(&id);
        // The receiver is gone if a bench has given up.
        asked.map(|waiting| drop(waiting.send((at, body)))).is_some()
    }
}

async fn gateway_address(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let limit =
        json!({"total": 1000, "remaining": 1000, "reset_after": 86_400_000, "max_concurrency": 1});
    Json(json!({"url": shared.gateway_url, "shards": 1, "session_start_limit": limit}))
}

/// The server's commands: none at first, and later those that the bot registers.
async fn commands(body: Bytes) -> (StatusCode, Bytes) {
    (StatusCode::OK, if body.is_empty() { Bytes::from_static(b"[]") } else { body })
}

async fn callback(
    State(shared): State<Arc<Shared>>,
    Path((id, _token)): Path<(u64, String)>,
    body: Bytes,
) -> StatusCode {
    let at = Instant::now();
    if body.starts_with(PUT_OFF) {
        return StatusCode::NO_CONTENT;
    }
    if shared.answered(id, at, body) { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}

/// The answer after a deferred response.
async fn edit(
    State(shared): State<Arc<Shared>>,
    Path((_app, token)): Path<(String, String)>,
    body: Bytes,
) -> Result<Json<Value>, StatusCode> {
    let at = Instant::now();
    let id = token.trim_start_matches(TOKEN).parse().map_err(|_| StatusCode::NOT_FOUND)?;
    if shared.answered(id, at, body) {
        Ok(posted(&CHANNEL.to_string()))
    } else {
        Err(StatusCode::NOT_FOUND)
    }
}

/// A message in a channel. The reply describes a fixed, empty message.
async fn message(
    State(shared): State<Arc<Shared>>,
    Path(channel): Path<String>,
    body: Bytes,
) -> Json<Value> {
    // There is no receiver if the bench does not measure messages.
    let _ = shared.posted.send((Instant::now(), body));
    posted(&channel)
}

/// Discord's description of a posted message.
fn posted(channel: &str) -> Json<Value> {
    let author = json!({"id": APPLICATION.to_string(), "username": "bench",
        "discriminator": "0001", "avatar": null, "bot": true});
    Json(json!({"id": MESSAGE, "channel_id": channel, "author": author,
        "content": "", "timestamp": "2026-11-23T12:00:00.000000+00:00", "edited_timestamp": null,
        "tts": false, "mention_everyone": false, "mentions": [], "mention_roles": [],
        "attachments": [], "embeds": [], "pinned": false, "type": 0}))
}

async fn gateway(State(shared): State<Arc<Shared>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(|socket| serve(shared, socket))
}

/// One connection of the bot, from HELLO to its end.
async fn serve(shared: Arc<Shared>, socket: WebSocket) {
    let (mut to_bot, mut from_bot) = socket.split();
    let hello = json!({"op": 10, "d": {"heartbeat_interval": HEARTBEAT_MS}});
    to_bot.send(Message::Text(hello.to_string().into())).await.unwrap();
    *shared.gateway.lock().await = Some(to_bot);
    while let Some(Ok(Message::Text(text))) = from_bot.next().await {
        let sent: Value = serde_json::from_str(&text).unwrap();
        let answer = match sent["op"].as_u64() {
            Some(1) => json!({"op": 11}),
            Some(2) => ready(&shared.gateway_url),
            _ => continue,
        };
        let mut gateway = shared.gateway.lock().await;
        gateway.as_mut().unwrap().send(Message::Text(answer.to_string().into())).await.unwrap();
        shared.connected.send_replace(true);
    }
}

fn ready(gateway_url: &str) -> Value {
    json!({"op": 0, "s": 1, "t": "READY", "d": {
        "v": 10, "session_id": "bench", "resume_gateway_url": gateway_url, "shard": [0, 1],
        "user": {"id": APPLICATION.to_string(), "username": "bench", "discriminator": "0001",
            "avatar": null, "bot": true, "verified": true, "mfa_enabled": false, "email": null,
            "flags": 0},
        "guilds": [{"id": GUILD.to_string(), "unavailable": true}],
        "application": {"id": APPLICATION.to_string(), "flags": 0},
    }})
}

/// A `/lock status` interaction as Discord sends it.
fn interaction(id: u64, state: &str) -> String {
    let token = format!("{}{id}", TOKEN.repeat(12));
    let user = json!({"id": "1100000000000000003", "username": "alice", "global_name": "Alice",
        "discriminator": "0", "avatar": null, "avatar_decoration_data": null, "clan": null,
        "collectibles": null, "display_name_styles": null, "primary_guild": null,
        "public_flags": 0});
    let (guild, channel) = (GUILD.to_string(), CHANNEL.to_string());
    json!({"op": 0, "s": 2, "t": "INTERACTION_CREATE", "d": {
        "id": id.to_string(), "application_id": APPLICATION.to_string(), "type": 2, "version": 1,
        "token": token, "guild_id": guild, "channel_id": channel,
        "guild": {"id": guild, "locale": "en-US", "features": ["COMMUNITY", "NEWS"]},
        "guild_locale": "en-US", "locale": "en-US", "app_permissions": "2248473465835073",
        "attachment_size_limit": 10_485_760, "context": 0, "entitlement_sku_ids": [],
        "entitlements": [], "authorizing_integration_owners": {"0": guild},
        "channel": {"id": channel, "type": 0, "name": "infrastructure",
            "guild_id": guild, "parent_id": "1100000000000000005", "position": 3, "flags": 0,
            "nsfw": false, "topic": null, "last_message_id": "1100000000000000006",
            "permissions": "2248473465835073", "rate_limit_per_user": 0},
        "member": {"user": user, "roles": ["1100000000000000007", "1100000000000000008"],
            "joined_at": "2025-01-02T03:04:05.678000+00:00", "premium_since": null, "nick": null,
            "avatar": null, "banner": null, "communication_disabled_until": null, "flags": 0,
            "deaf": false, "mute": false, "pending": false, "unusual_dm_activity_until": null,
            "permissions": "2248473465835073"},
        "data": {"id": "1100000000000000009", "name": "lock", "type": 1, "guild_id": guild,
            "options": [{"name": "status", "type": 1,
                "options": [{"name": "state", "type": 3, "value": state}]}]},
    }})
    .to_string()
}
