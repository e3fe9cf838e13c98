//! Gateway sessions: numbered dispatches, and the events kept for a disconnected bot.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;

/// An instruction for a connection.
#[derive(Debug)]
pub(super) enum Frame {
    Text(String),
    Close(u16),
    /// A close frame without a code.
    Farewell,
    /// End the TCP connection without a close frame, as a broken network does.
    Cut,
    /// Stop sending and reading, and leave the connection open.
    Silence,
}

pub(super) type ConnectionId = u64;

/// A bot's identify payload.
#[derive(Clone, Debug)]
pub struct Identify {
    /// The bits of the intents.
    pub intents: u64,
    /// The session that it opened.
    pub session_id: String,
}

#[derive(Default)]
pub(super) struct Sessions {
    open: Vec<Session>,
    connections: BTreeMap<ConnectionId, UnboundedSender<Frame>>,
    last_connection: ConnectionId,
    /// The resume address sent to bots, if it is not the fake's own address.
    pub resume_url: Option<String>,
    pub identifies: Vec<Identify>,
    pub resumes: usize,
    pub heartbeats: usize,
    /// The codes with which Discord closed connections.
    pub closes: Vec<u16>,
    /// The codes with which the bot closed connections.
    pub goodbyes: Vec<u16>,
}

struct Session {
    id: String,
    sequence: u64,
    /// Every dispatch with its sequence number. A bot may resume from any of them.
    sent: Vec<(u64, String)>,
    connection: Option<ConnectionId>,
}

/// Why a session cannot be resumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotResumed {
    UnknownSession,
    InvalidSequence,
}

impl Sessions {
    pub fn connect(&mut self, frames: UnboundedSender<Frame>) -> ConnectionId {
        self.last_connection += 1;
        self.connections.insert(self.last_connection, frames);
        self.last_connection
    }

    /// Ends the session too, if the bot closed with 1000 or 1001.
    pub fn disconnect(&mut self, connection: ConnectionId, close_code: Option<u16>) {
        self.connections.remove(&connection);
        self.goodbyes.extend(close_code);
        if matches!(close_code, Some(1000 | 1001)) {
            self.open.retain(|session| session.connection != Some(connection));
        }
        for session in &mut self.open {
            session.connection.take_if(|of| *of == connection);
        }
    }

    pub fn begin(&mut self, connection: ConnectionId, identify: Identify) {
        let id = identify.session_id.clone();
        self.identifies.push(identify);
        let connection = Some(connection);
        self.open.push(Session { id, sequence: 0, sent: Vec::new(), connection });
    }

    pub fn resume(
        &mut self,
        connection: ConnectionId,
        id: &str,
        sequence: u64,
    ) -> Result<(), NotResumed> {
        let session = self.open.iter_mut().find(|session| session.id == id);
        let session = session.ok_or(NotResumed::UnknownSession)?;
        if sequence > session.sequence {
            return Err(NotResumed::InvalidSequence);
        }
        session.connection = Some(connection);
        let missed = session.sent.iter().filter(|(number, _)| *number > sequence);
        let missed: Vec<_> = missed.map(|(_, text)| text.clone()).collect();
        for text in missed {
            self.send(connection, Frame::Text(text));
        }
        self.resumes += 1;
        self.dispatch_to(connection, "RESUMED", &json!({ "_trace": ["fake"] }));
        Ok(())
    }

    pub fn has_session(&self, connection: ConnectionId) -> bool {
        self.open.iter().any(|session| session.connection == Some(connection))
    }

    /// The number of sessions with a connected bot.
    pub fn connected(&self) -> usize {
        self.open.iter().filter(|session| session.connection.is_some()).count()
    }

    /// Sends an event to every session, now or when the session is resumed.
    pub fn dispatch(&mut self, event: &str, data: &Value) {
        for at in 0..self.open.len() {
            self.dispatch_at(at, event, data);
        }
    }

    pub fn dispatch_to(&mut self, connection: ConnectionId, event: &str, data: &Value) {
        let at = self.open.iter().position(|session| session.connection == Some(connection));
        self.dispatch_at(at.expect("the connection has a session"), event, data);
    }

    fn dispatch_at(&mut self, at: usize, event: &str, data: &Value) {
        let session = &mut self.open[at];
        session.sequence += 1;
        let payload = json!({ "op": 0, "s": session.sequence, "t": event, "d": data });
        session.sent.push((session.sequence, payload.to_string()));
        if let Some(connection) = session.connection {
            self.send(connection, Frame::Text(payload.to_string()));
        }
    }

    pub fn send(&mut self, connection: ConnectionId, frame: Frame) {
        if let Some(frames) = self.connections.get(&connection) {
            // If the connection has just ended, a resume sends the frame again.
            let _ = frames.send(frame);
        }
    }

    pub fn send_all(&mut self, frame: impl Fn() -> Frame) {
        for frames in self.connections.values() {
            let _ = frames.send(frame());
        }
    }

    /// Ends all sessions, so that none can be resumed.
    pub fn forget(&mut self) {
        self.open.clear();
    }
}
