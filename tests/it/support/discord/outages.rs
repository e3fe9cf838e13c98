//! Gateway outages that tests cause.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::gateway::invalid_session;
use super::sessions::Frame;
use super::state::{Server, State};

/// A handle to disturb the gateway and to wait for the bot's recovery.
pub struct Gateway<'a> {
    pub(super) server: &'a Server,
}

impl Gateway<'_> {
    /// Cuts every connection without a close frame. Sessions can be resumed.
    pub fn cut(&self) {
        self.server.write(|state| state.sessions.send_all(|| Frame::Cut));
    }

    /// Makes new connections end with a reset (RST) instead of a FIN.
    pub fn reset_new_connections(&self) {
        self.server.resets.store(true, Ordering::Relaxed);
    }

    /// Sends this resume address to bots that begin a session from now on.
    pub fn resume_at(&self, url: &str) {
        self.server.write(|state| state.sessions.resume_url = Some(url.to_owned()));
    }

    /// Stops sending and reading on all current connections, and leaves them open.
    pub fn go_silent(&self) {
        self.server.write(|state| state.sessions.send_all(|| Frame::Silence));
    }

    /// Sends an event to every session.
    pub fn send(&self, event: &str, data: &Value) {
        self.server.write(|state| state.sessions.dispatch(event, data));
    }

    /// Closes every connection with this code. 4007 and 4009 also end the sessions.
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

    /// Tells every bot that its session is invalid (opcode 9). Unless `resumable`, the sessions end.
    pub fn invalidate(&self, resumable: bool) {
        self.server.write(|state| {
            state.sessions.send_all(|| invalid_session(resumable));
            if !resumable {
                state.sessions.forget();
            }
        });
    }

    /// Closes every connection without a code, and without waiting for an answer, as a server may.
    pub fn close_without_code(&self) {
        self.server.write(|state| state.sessions.send_all(|| Frame::Farewell));
    }

    /// Makes new connections wait until [`Self::open`].
    pub fn shut(&self) {
        self.server.door.send_replace(false);
    }

    /// Accepts new connections again.
    pub fn open(&self) {
        self.server.door.send_replace(true);
    }

    /// Waits until this number of sessions has a connected bot.
    pub async fn connected(&self, sessions: usize) {
        let what = format!("{sessions} connected sessions");
        let look = |state: &State| state.sessions.connected() == sessions;
        self.server.wait_for(&what, |state| look(state).then_some(())).await;
    }

    /// Waits until the bot has identified this many times in total.
    pub async fn identified(&self, times: usize) {
        let what = format!("{times} identifies");
        let look = |state: &State| state.sessions.identifies.len() >= times;
        self.server.wait_for(&what, |state| look(state).then_some(())).await;
    }

    /// Waits until the bot has resumed this many times in total.
    pub async fn resumed(&self, times: usize) {
        let what = format!("{times} resumes");
        let look = |state: &State| state.sessions.resumes >= times;
        self.server.wait_for(&what, |state| look(state).then_some(())).await;
    }
}
