//! What tests do to the gateway.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::gateway::invalid_session;
use super::sessions::Frame;
use super::state::{Server, State};

/// The gateway, to disturb it and to wait for the bot's recovery.
pub struct Gateway<'a> {
    pub(super) server: &'a Server,
}

impl Gateway<'_> {
    /// Ends every connection without a word. Sessions can be resumed.
    pub fn cut(&self) {
        self.server.write(|state| state.sessions.send_all(|| Frame::Cut));
    }

    /// Has connections that are made from now on end with a reset (RST), and not with a FIN.
    pub fn reset_new_connections(&self) {
        self.server.resets.store(true, Ordering::Relaxed);
    }

    /// Has bots that begin a session from now on resume it at this address.
    pub fn resume_at(&self, url: &str) {
        self.server.write(|state| state.sessions.resume_url = Some(url.to_owned()));
    }

    /// Says and hears nothing more on the connections of this moment, and leaves them open.
    pub fn go_silent(&self) {
        self.server.write(|state| state.sessions.send_all(|| Frame::Silence));
    }

    /// Sends every session an event that no action of a person makes.
    pub fn send(&self, event: &str, data: &Value) {
        self.server.write(|state| state.sessions.dispatch(event, data));
    }

    /// Closes every connection with this code. 4007 and 4009 end the sessions with them.
    pub fn close(&self, code: u16) {
        self.server.write(|state| {
            if matches!(code, 4007 | 4009) {
                state.sessions.forget();
            }
            state.sessions.send_all(|| Frame::Close(code));
        });
    }

    /// Asks every bot to reconnect and to resume (opcode 7).
    pub fn ask_to_reconnect(&self) {
        let reconnect = json!({ "op": 7, "d": null }).to_string();
        self.server.write(|state| {
            state.sessions.send_all(|| Frame::Text(reconnect.clone()));
        });
    }

    /// Tells every bot that its session is invalid (opcode 9), and means it unless `resumable`.
    pub fn invalidate(&self, resumable: bool) {
        self.server.write(|state| {
            state.sessions.send_all(|| invalid_session(resumable));
            if !resumable {
                state.sessions.forget();
            }
        });
    }

    /// Closes every connection as a server may: without a code, and without waiting for an answer.
    pub fn close_without_code(&self) {
        self.server.write(|state| state.sessions.send_all(|| Frame::Farewell));
    }

    /// Lets no new connection in until [`Self::open`]: they wait at the door.
    pub fn shut(&self) {
        self.server.door.send_replace(false);
    }

    /// Lets everyone in again.
    pub fn open(&self) {
        self.server.door.send_replace(true);
    }

    /// Waits until so many sessions have a bot listening.
    pub async fn connected(&self, sessions: usize) {
        let what = format!("{sessions} connected sessions");
        let look = |state: &State| state.sessions.connected() == sessions;
        self.server.wait_for(&what, |state| look(state).then_some(())).await;
    }

    /// Waits until the bot has identified so often in all.
    pub async fn identified(&self, times: usize) {
        let what = format!("{times} identifies");
        let look = |state: &State| state.sessions.identifies.len() >= times;
        self.server.wait_for(&what, |state| look(state).then_some(())).await;
    }

    /// Waits until the bot has resumed so often in all.
    pub async fn resumed(&self, times: usize) {
        let what = format!("{times} resumes");
        let look = |state: &State| state.sessions.resumes >= times;
        self.server.wait_for(&what, |state| look(state).then_some(())).await;
    }
}
