//! The gateway: one session with Discord, kept over any number of connections.
//!
//! After a connection with a session ends, the bot reconnects at once, and Discord sends the missed
//! events. Every wait has a limit, and no end of a connection can make the bot spin. docs/adr/0029
//! explains why the bot does not use serenity's gateway.

mod connection;
mod pauses;
mod payload;
mod pulse;
mod socket;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use serenity::all::{Http, Interaction};
use tokio::time::{Instant, sleep};
use tracing::{info, warn};

use self::connection::{GatewayConnection, Over};
use self::pauses::{Pauses, chance};
use self::payload::{Ready, Received, What};
use super::{describe, refused, within};

/// Time limit for the API to return the gateway's address.
const ADDRESS: Duration = Duration::from_secs(10);

/// Failed attempts to resume a session before a new one is started.
const RESUMES: u32 = 5;

/// Why the bot cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum BotError {
    /// The token is wrong or has been reset.
    #[error(
        "Discord does not accept the bot token: copy it again from the developer portal into \
             DISCORD_TOKEN"
    )]
    Token,
    /// Discord wants no other connection of this bot.
    #[error("the connection to Discord has ended for good: {0}; start the bot again")]
    Ended(String),
}

/// What the gateway has for the rest of the bot.
pub(super) enum Event {
    /// A session has started.
    Ready,
    /// The session goes on over another connection.
    Resumed,
    /// The connection has ended, with the reason for the log.
    Lost(String),
    /// A person used a command, a button or a form.
    Interaction(Box<Interaction>),
}

/// The gateway of one bot.
pub(super) struct Gateway {
    http: Arc<Http>,
    /// The gateway's address from the API. `None` after a failed connection.
    address: Option<String>,
    session: Option<Session>,
    line: Option<GatewayConnection>,
    pauses: Pauses,
    outage: Option<Outage>,
    /// Attempts to resume since the session last worked.
    resumes: u32,
}

/// What is needed to resume.
struct Session {
    id: String,
    /// The address for resuming. `None` after a failed connection.
    resume_url: Option<String>,
    /// The number of the last event.
    sequence: u64,
}

/// A period without a working session.
struct Outage {
    began_with: String,
    is_logged: bool,
}

impl Gateway {
    /// The gateway for the bot with this client's token. When a session starts, the client learns
    /// the application's id.
    pub(super) fn new(http: Arc<Http>) -> Self {
        let (address, session, line, outage) = (None, None, None, None);
        Self { http, address, session, line, pauses: Pauses::default(), outage, resumes: 0 }
    }

    /// Keeps a session and delivers its events until Discord refuses the bot permanently.
    ///
    /// The future can be dropped at any time. [`Self::close`] then ends the session.
    pub(super) async fn run(&mut self, mut deliver: impl FnMut(Event)) -> BotError {
        loop {
            sleep(self.pauses.next(Instant::now(), chance())).await;
            let Err(over) = self.connect_and_listen(&mut deliver).await;
            if let Some(line) = self.line.take() {
                line.leave().await;
            }
            let why = match over {
                Over::ForGood(error) => return error,
                Over::Connection(why) if self.resumes < RESUMES => why,
                // After this many failed attempts the session counts as lost, even if Discord does
                // not say so.
                Over::Connection(why) | Over::Session(why) => {
                    self.lose_session();
                    why
                }
            };
            self.lost(why.clone());
            deliver(Event::Lost(why));
        }
    }

    /// Ends the session, if a connection is open.
    pub(super) async fn close(self) {
        if let Some(line) = self.line {
            line.leave_session().await;
        }
    }

    async fn connect_and_listen(
        &mut self,
        deliver: &mut impl FnMut(Event),
    ) -> Result<Infallible, Over> {
        let line = self.connect().await?;
        let token = self.http.token().trim_start_matches("Bot ");
        let greeting = match &self.session {
            Some(session) => {
                self.resumes += 1;
                payload::resume(token, &session.id, session.sequence)
            }
            None if self.pauses.may_begin_session(Instant::now()) => payload::identify(token),
            None => {
                let why = "too many sessions were begun in the last half hour";
                return Err(Over::Connection(why.to_owned()));
            }
        };
        self.line.insert(line).send(greeting).await?;
        while let Some(line) = &mut self.line {
            let last = self.session.as_ref().map(|session| session.sequence);
            let received = line.next(last).await?;
            self.take(received, deliver)?;
        }
        Err(Over::Connection("it was left".to_owned()))
    }

    /// Connects to the address for resuming, or else to the gateway's address from the API. An
    /// address that fails is not used again.
    async fn connect(&mut self) -> Result<GatewayConnection, Over> {
        if let Some(session) = &mut self.session
            && let Some(url) = session.resume_url.take()
        {
            let line = GatewayConnection::open(&url).await?;
            session.resume_url = Some(url);
            return Ok(line);
        }
        let url = match self.address.take() {
            Some(url) => url,
            // On the heap, because it is rarely needed.
            None => Box::pin(self.ask_address()).await?,
        };
        let line = GatewayConnection::open(&url).await?;
        self.address = Some(url);
        Ok(line)
    }

    async fn ask_address(&self) -> Result<String, Over> {
        match within(ADDRESS, self.http.get_gateway()).await {
            Ok(gateway) => Ok(gateway.url),
            Err(error) if refused(&error).is_some_and(|no| no.status_code.as_u16() == 401) => {
                Err(Over::ForGood(BotError::Token))
            }
            Err(error) => Err(Over::Connection(describe(&error))),
        }
    }

    /// Handles a payload. Some payloads end the connection.
    fn take(&mut self, received: Received, deliver: &mut impl FnMut(Event)) -> Result<(), Over> {
        if let (Some(session), Some(sequence)) = (&mut self.session, received.sequence) {
            session.sequence = sequence;
        }
        match received.what {
            What::Ready(ready) => {
                let bot = ready.user.as_ref().and_then(|user| user.username.clone());
                self.begin(ready, received.sequence);
                let after = self.up();
                info!(bot, after, "connected");
                deliver(Event::Ready);
            }
            What::Resumed => {
                let after = self.up();
                info!(after, "connected again");
                deliver(Event::Resumed);
            }
            What::Interaction(interaction) => deliver(Event::Interaction(interaction)),
            What::Unreadable { reference } => {
                warn!(reference, "an interaction cannot be read: report it");
            }
            What::Reconnect => {
                return Err(Over::Connection("Discord asked for another connection".to_owned()));
            }
            What::InvalidSession { resumable } => {
                let why = "Discord called the session invalid".to_owned();
                return Err(if resumable { Over::Connection(why) } else { Over::Session(why) });
            }
            _ => {}
        }
        Ok(())
    }

    fn begin(&mut self, ready: Ready, sequence: Option<u64>) {
        let Ready { session_id, resume_gateway_url: resume_url, application, .. } = ready;
        if let Some(application) = application {
            self.http.set_application_id(application.id);
        }
        let sequence = sequence.unwrap_or_default();
        self.session = session_id.map(|id| Session { id, resume_url, sequence });
    }

    /// Marks the session as working. Returns the cause of the outage before, if any.
    fn up(&mut self) -> Option<String> {
        self.resumes = 0;
        self.pauses.succeeded();
        self.outage.take().map(|outage| outage.began_with)
    }

    fn lose_session(&mut self) {
        self.session = None;
        self.resumes = 0;
        self.pauses.session_lost();
    }

    /// Marks the session as not working. An outage is logged once, and not at all if the next
    /// connection succeeds.
    fn lost(&mut self, why: String) {
        match &mut self.outage {
            None => self.outage = Some(Outage { began_with: why, is_logged: false }),
            Some(Outage { is_logged: true, .. }) => {}
            Some(outage) => {
                warn!(error = why, "Discord cannot be reached, and is tried until it can");
                outage.is_logged = true;
            }
        }
    }
}
