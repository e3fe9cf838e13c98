//! The server side of the gateway's websocket: hello, identify, heartbeat, resume.
//!
//! All payloads are JSON text. Discord may send text even to a bot that identifies with `compress`.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Query, State as Shared};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::error::ApiError;
use super::sessions::{ConnectionId, Frame, Identify, NotResumed};
use super::state::{Server, State};

/// Discord's close codes.
#[derive(Clone, Copy, Debug)]
enum Close {
    UnknownOpcode = 4001,
    DecodeError = 4002,
    NotAuthenticated = 4003,
    AuthenticationFailed = 4004,
    AlreadyAuthenticated = 4005,
    InvalidSequence = 4007,
    InvalidIntents = 4013,
    DisallowedIntents = 4014,
}

/// Members, presences and message content. A bot needs a manual grant for these.
const PRIVILEGED_INTENTS: u64 = 1 << 1 | 1 << 8 | 1 << 15;
/// The first bit that is not an intent.
const INTENTS_END: u64 = 1 << 26;

#[derive(Deserialize)]
struct Payload {
    op: u8,
    #[serde(default)]
    d: Value,
}

#[derive(Deserialize)]
struct IdentifyData {
    token: String,
    intents: u64,
    /// Discord requires this field, but does not check its content.
    #[serde(rename = "properties")]
    _properties: HashMap<String, Value>,
    shard: Option<[u32; 2]>,
}

#[derive(Deserialize)]
struct ResumeData {
    token: String,
    session_id: String,
    seq: u64,
}

pub(super) async fn upgrade(
    Shared(server): Shared<Arc<Server>>,
    Query(query): Query<HashMap<String, String>>,
    socket: WebSocketUpgrade,
) -> Result<Response, ApiError> {
    let asks = |field| query.get(field).map(String::as_str);
    if asks("v") != Some("10") || !matches!(asks("encoding"), None | Some("json")) {
        return Err(ApiError::invalid("the gateway speaks version 10 and JSON"));
    }
    if asks("compress").is_some() {
        return Err(ApiError::invalid("transport compression is not modelled"));
    }
    let mut door = server.door.subscribe();
    door.wait_for(|open| *open).await.expect("the server holds the door");
    Ok(socket.on_upgrade(move |socket| converse(socket, server)))
}

async fn converse(mut socket: WebSocket, server: Arc<Server>) {
    let (sender, mut frames) = mpsc::unbounded_channel();
    let interval = server.heartbeat_interval;
    let interval = u64::try_from(interval.as_millis()).expect("an interval of a test");
    let hello = json!({ "op": 10, "d": { "heartbeat_interval": interval } });
    let connection = server.write(|state| {
        let connection = state.sessions.connect(sender);
        state.sessions.send(connection, Frame::Text(hello.to_string()));
        connection
    });
    let goodbye = loop {
        tokio::select! {
            frame = frames.recv() => match frame {
                Some(Frame::Text(text)) => {
                    if socket.send(Message::Text(text.into())).await.is_err() {
                        break None;
                    }
                }
                Some(Frame::Close(code)) => {
                    close(&server, &mut socket, code).await;
                    break None;
                }
                Some(Frame::Farewell) => {
                    let _ = socket.send(Message::Close(None)).await;
                    break None;
                }
                Some(Frame::Silence) => {
                    while !matches!(frames.recv().await, Some(Frame::Cut) | None) {}
                    break None;
                }
                Some(Frame::Cut) | None => break None,
            },
            received = socket.recv() => match received {
                Some(Ok(Message::Text(text))) => {
                    let done = server.write(|state| state.hear(&server, connection, &text));
                    if let Err(reason) = done {
                        close(&server, &mut socket, reason as u16).await;
                        break None;
                    }
                }
                Some(Ok(Message::Close(frame))) => break frame.map(|frame| frame.code),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => break None,
            },
        }
    };
    server.write(|state| state.sessions.disconnect(connection, goodbye));
}

async fn close(server: &Server, socket: &mut WebSocket, code: u16) {
    server.write(|state| state.sessions.closes.push(code));
    let frame = CloseFrame { code, reason: "".into() };
    // The connection ends even if the frame does not arrive.
    let _ = socket.send(Message::Close(Some(frame))).await;
}

impl State {
    /// Handles one payload of the bot.
    fn hear(&mut self, server: &Server, from: ConnectionId, text: &str) -> Result<(), Close> {
        let Payload { op, d } = serde_json::from_str(text).map_err(|_| Close::DecodeError)?;
        let known = self.sessions.has_session(from);
        match op {
            1 => {
                self.sessions.heartbeats += 1;
                self.sessions.send(from, Frame::Text(json!({ "op": 11 }).to_string()));
                Ok(())
            }
            2 | 6 if known => Err(Close::AlreadyAuthenticated),
            2 => self.identify(server, from, d),
            6 => self.resume(server, from, d),
            _ if !known => Err(Close::NotAuthenticated),
            // A presence. It has no effect on anything that is modelled.
            3 => Ok(()),
            _ => Err(Close::UnknownOpcode),
        }
    }

    fn identify(&mut self, server: &Server, from: ConnectionId, data: Value) -> Result<(), Close> {
        let data: IdentifyData = serde_json::from_value(data).map_err(|_| Close::DecodeError)?;
        authenticate(server, &data.token)?;
        if data.intents >= INTENTS_END {
            return Err(Close::InvalidIntents);
        }
        if data.intents & PRIVILEGED_INTENTS != 0 {
            return Err(Close::DisallowedIntents);
        }
        let id = format!("{:032x}", server.clock.id::<()>().get());
        let guilds = self.guilds.keys().map(|id| json!({ "id": id, "unavailable": true }));
        let here = format!("ws://{}", server.address);
        let resume_url = self.sessions.resume_url.clone().unwrap_or(here);
        let mut ready = json!({
            "v": 10,
            "user": self.bot.json(),
            "guilds": guilds.collect::<Vec<_>>(),
            "session_id": id,
            "session_type": "normal",
            "resume_gateway_url": resume_url,
            "application": { "id": self.application, "flags": 0 },
            "private_channels": [],
            "relationships": [],
            "presences": [],
            "user_settings": {},
        });
        ready["user"]["verified"] = json!(true);
        ready["user"]["mfa_enabled"] = json!(true);
        ready["user"]["email"] = Value::Null;
        if let Some(shard) = data.shard {
            ready["shard"] = json!(shard);
        }
        self.sessions.begin(from, Identify { intents: data.intents, session_id: id });
        self.sessions.dispatch_to(from, "READY", &ready);
        Ok(())
    }

    fn resume(&mut self, server: &Server, from: ConnectionId, data: Value) -> Result<(), Close> {
        let data: ResumeData = serde_json::from_value(data).map_err(|_| Close::DecodeError)?;
        authenticate(server, &data.token)?;
        match self.sessions.resume(from, &data.session_id, data.seq) {
            Ok(()) => Ok(()),
            Err(NotResumed::InvalidSequence) => Err(Close::InvalidSequence),
            Err(NotResumed::UnknownSession) => {
                self.sessions.send(from, invalid_session(false));
                Ok(())
            }
        }
    }
}

/// The "invalid session" payload. `resumable` says whether the bot may try to resume.
pub(super) fn invalid_session(resumable: bool) -> Frame {
    Frame::Text(json!({ "op": 9, "d": resumable }).to_string())
}

fn authenticate(server: &Server, token: &str) -> Result<(), Close> {
    let token = token.strip_prefix("Bot ").unwrap_or(token);
    if token == server.token { Ok(()) } else { Err(Close::AuthenticationFailed) }
}
