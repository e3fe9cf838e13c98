//! A connection to the gateway, kept alive by heartbeats.

use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};
use tracing::{debug, warn};

use super::BotError;
use super::pauses::chance;
use super::payload::{self, Received, What};
use super::pulse::Pulse;
use super::socket::{End, Socket};
use crate::text::{LONG, clip, visible};

/// Time limit for Discord's first payload.
const HELLO: Duration = Duration::from_secs(5);

/// Time limit for starting or resuming a session.
const SESSION: Duration = Duration::from_secs(20);

/// Time limit for Discord's answer to the bot's close frame.
const FAREWELL: Duration = Duration::from_secs(2);

/// Close code of a client that will resume its session.
const COMES_BACK: u16 = 4000;

/// Close code of a client that leaves. It ends the session.
const LEAVES: u16 = 1000;

/// An open connection.
pub(super) struct GatewayConnection {
    socket: Socket,
    pulse: Pulse,
    /// Deadline for the session to start. `None` once it has.
    session_by: Option<Instant>,
}

/// Why a connection ended.
pub(super) enum Over {
    /// The session still exists, or there was none.
    Connection(String),
    /// The session is lost too.
    Session(String),
    /// Discord refuses further connections of this bot.
    ForGood(BotError),
}

impl GatewayConnection {
    /// Connects to the gateway at this address and waits for its first payload.
    pub(super) async fn open(url: &str) -> Result<Self, Over> {
        let mut socket = Socket::open(url).await.map_err(|why| Over::Connection(printed(&why)))?;
        let interval = timeout(HELLO, hello(&mut socket)).await;
        let interval = interval.map_err(|_| Over::Connection("no hello in time".to_owned()))??;
        let now = Instant::now();
        Ok(Self {
            socket,
            pulse: Pulse::new(interval, now, chance()),
            session_by: Some(now + SESSION),
        })
    }

    /// Sends a payload.
    pub(super) async fn send(&mut self, payload: String) -> Result<(), Over> {
        Ok(self.socket.send(payload).await?)
    }

    /// The next payload that is not about heartbeats. `sequence` is the number of the last event.
    pub(super) async fn next(&mut self, sequence: Option<u64>) -> Result<Received, Over> {
        loop {
            let due = self.session_by.map_or(self.pulse.due(), |by| by.min(self.pulse.due()));
            let Ok(received) = timeout_at(due, self.socket.receive()).await else {
                self.tick(sequence).await?;
                continue;
            };
            let Some(received) = payload::read(&received?) else {
                warn!("a payload of the gateway cannot be read");
                continue;
            };
            if received.is_event() {
                // Only a session sends events.
                self.session_by = None;
            }
            match received.what {
                What::Acknowledged => self.pulse.acknowledged(),
                What::Heartbeat => self.socket.send(payload::heartbeat(sequence)).await?,
                _ => return Ok(received),
            }
        }
    }

    /// Checks the deadlines and sends a due heartbeat.
    async fn tick(&mut self, sequence: Option<u64>) -> Result<(), Over> {
        let now = Instant::now();
        if self.pulse.is_dead(now) {
            return Err(Over::Connection("a heartbeat was not acknowledged".to_owned()));
        }
        if self.session_by.is_some_and(|by| now >= by) {
            return Err(Over::Connection("no session in time".to_owned()));
        }
        if self.pulse.beats(now) {
            self.socket.send(payload::heartbeat(sequence)).await?;
        }
        Ok(())
    }

    /// Closes the connection but keeps the session. The connection may have ended already.
    pub(super) async fn leave(mut self) {
        let said = self.socket.close(COMES_BACK).await;
        debug!(?said, "left a connection");
    }

    /// Ends the session, and waits briefly for Discord's close frame.
    pub(super) async fn leave_session(mut self) {
        let farewell = async {
            self.socket.close(LEAVES).await?;
            loop {
                self.socket.receive().await?;
            }
        };
        let said: Result<Result<(), End>, _> = timeout(FAREWELL, farewell).await;
        debug!(?said, "left the session");
    }
}

async fn hello(socket: &mut Socket) -> Result<Duration, End> {
    loop {
        let received = payload::read(&socket.receive().await?);
        if let Some(Received { what: What::Hello { interval }, .. }) = received {
            return Ok(interval);
        }
    }
}

/// The websocket library's error text for the log. It may quote the other side.
fn printed(why: &str) -> String {
    clip(&visible(why), LONG)
}

impl From<End> for Over {
    fn from(end: End) -> Self {
        let code = match end {
            End::Broken(why) => return Self::Connection(printed(&why)),
            End::Closed(None) => {
                return Self::Connection("Discord closed it without a code".to_owned());
            }
            End::Closed(Some(code)) => code,
        };
        // https://discord.com/developers/docs/topics/opcodes-and-status-codes
        let why = match code {
            4004 => return Self::ForGood(BotError::Token),
            4007 | 4009 => {
                return Self::Session(format!("Discord closed it with code {code}"));
            }
            4010 => "Discord does not know this shard",
            4011 => "the bot is in too many servers for one connection",
            4012 => "Discord no longer speaks this version of the gateway",
            4013 => "Discord does not know these intents",
            4014 => "Discord does not grant these intents",
            _ => return Self::Connection(format!("Discord closed it with code {code}")),
        };
        Self::ForGood(BotError::Ended(format!("{why} (code {code})")))
    }
}
