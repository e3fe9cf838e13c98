//! The connection: made, kept, and ended without cutting anyone off.

use std::future::{Future, pending};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tokio::time::timeout;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};
use tracing::{info, warn};

use super::Connection;
use super::events::Handler;
use super::gateway::{BotError, Event, Gateway};
use crate::context::Context;

/// How long a shutdown waits for the interactions under way.
const DRAIN: Duration = Duration::from_secs(10);

/// The bot, ready to connect.
pub struct Bot {
    /// The way to Discord.
    pub connection: Connection,
    /// What the commands work with.
    pub context: Context,
}

impl Bot {
    /// Connects and answers until `shutdown` is done, then lets what is under way finish, 10 s at
    /// most. A connection that ends is made again; if Discord cannot be reached, the bot waits.
    ///
    /// # Errors
    /// When Discord refuses the token, or wants no connection of this bot for another reason.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), BotError> {
        let http = Arc::new(self.connection.http());
        let guild = self.connection.guild();
        let handler = Arc::new(Handler { context: self.context, guild, http: http.clone() });
        let under_way = TaskTracker::new();
        let mut registering = None;
        let deliver = |event| match event {
            Event::Ready => {
                let register = handler.clone().register();
                registering = Some(AbortOnDropHandle::new(tokio::spawn(register)));
            }
            Event::Interaction(interaction) => {
                under_way.spawn(handler.clone().interaction(*interaction));
            }
        };
        let mut gateway = Gateway::new(http);
        let refused = {
            let mut connected = pin!(gateway.run(deliver).fuse());
            let refused = tokio::select! {
                error = &mut connected => Some(error),
                () = shutdown => None,
            };
            info!("shutting down");
            under_way.close();
            // The connection stays up meanwhile: clicks that still come are answered.
            let stay = async {
                connected.await;
                pending::<()>().await;
            };
            tokio::select! {
                drained = timeout(DRAIN, under_way.wait()) => if drained.is_err() {
                    warn!("gave up waiting for {} interactions", under_way.len());
                },
                () = stay => {}
            }
            refused
        };
        gateway.close().await;
        refused.map_or(Ok(()), Err)
    }
}
