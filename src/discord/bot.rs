//! The connection: made, kept, and ended without cutting anyone off.

use std::future::Future;
use std::time::Duration;

use serenity::all::{ClientBuilder, GatewayError, GatewayIntents, Http};
use tokio::time::{sleep, timeout};
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use super::events::Handler;
use super::{Connection, describe, refused, within};
use crate::commands::Context;

/// How long a shutdown waits for the interactions under way.
const DRAIN: Duration = Duration::from_secs(10);

/// How long the end of the connection may take.
const GOODBYE: Duration = Duration::from_secs(2);

/// How long Discord may take to answer at the start.
const ANSWER: Duration = Duration::from_secs(10);

/// Longest pause between two attempts to reach Discord at the start.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The bot, ready to connect.
pub struct Bot {
    /// The way to Discord.
    pub connection: Connection,
    /// What the commands work with.
    pub context: Context,
}

/// Why the bot cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum BotError {
    /// The token is wrong or has been reset.
    #[error(
        "Discord does not accept the bot token: copy it anew from the developer portal into \
         DISCORD_TOKEN"
    )]
    Token,
    /// Anything else that serenity gives up at.
    #[error("the connection to Discord has ended for good: {0}; start the bot again")]
    Ended(String),
}

impl Bot {
    /// Connects and answers until `shutdown` is done, then lets what is under way finish, 10 s at
    /// most. Dropped connections are taken up again; Discord out of reach at the start is waited
    /// for.
    ///
    /// # Errors
    /// When Discord refuses the token, or the connection ends and cannot be taken up again.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), BotError> {
        let mut shutdown = std::pin::pin!(shutdown);
        let http = self.connection.http();
        let gateway = tokio::select! {
            gateway = reachable(&http) => gateway,
            () = &mut shutdown => return Ok(()),
        };
        let under_way = TaskTracker::new();
        let handler = Handler {
            context: self.context,
            guild: self.connection.guild(),
            under_way: under_way.clone(),
        };
        // No intent is needed: interactions come without one, and carry the member's roles.
        let mut client = ClientBuilder::new_with_http(http, GatewayIntents::empty())
            .event_handler(handler)
            .await
            .map_err(ended)?;
        // serenity asks once more, and takes Discord's own gateway where it gets no answer.
        *client.ws_url.lock().await = gateway;
        let shards = client.shard_manager.clone();
        tokio::select! {
            result = client.start() => result.map_err(ended),
            () = shutdown => {
                info!("shutting down");
                under_way.close();
                if timeout(DRAIN, under_way.wait()).await.is_err() {
                    warn!("gave up waiting for {} interactions", under_way.len());
                }
                // Nobody waits for Discord to say goodbye.
                if timeout(GOODBYE, shards.shutdown_all()).await.is_err() {
                    warn!("the connection was left open");
                }
                Ok(())
            }
        }
    }
}

/// Waits until Discord answers, and gives the gateway's address.
async fn reachable(http: &Http) -> String {
    let mut pause = Duration::from_secs(1);
    loop {
        let why = match within(ANSWER, http.get_gateway()).await {
            Ok(gateway) => return gateway.url,
            Err(error) => describe(&error),
        };
        warn!(error = why, "Discord cannot be reached, trying again in {pause:?}");
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn ended(error: serenity::Error) -> BotError {
    match error {
        serenity::Error::Gateway(
            GatewayError::InvalidAuthentication | GatewayError::NoAuthentication,
        ) => BotError::Token,
        error if refused(&error).is_some_and(|no| no.status_code.as_u16() == 401) => {
            BotError::Token
        }
        error => BotError::Ended(describe(&error)),
    }
}
