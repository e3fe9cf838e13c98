//! The bot's connection to Discord: started, kept, and shut down without losing interactions under
//! way.

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
use crate::metrics;
use crate::standing::{Link, Standing};

/// How long a shutdown waits for interactions under way.
const DRAIN: Duration = Duration::from_secs(10);

/// The bot, ready to connect.
pub struct Bot {
    /// The connection to Discord's REST API.
    pub connection: Connection,
    /// The context of the commands.
    pub context: Context,
    /// Is told whether the bot is connected.
    pub standing: Standing,
}

impl Bot {
    /// Connects and answers until `shutdown` completes. Then stays connected until `relieved` completes, when
    /// another replica answers, and waits for interactions under way: for both at most 10 s. It reconnects when a
    /// connection ends, and waits while Discord cannot be reached.
    ///
    /// # Errors
    /// When Discord refuses the token, or refuses connections of this bot for another reason.
    pub async fn run(
        self,
        shutdown: impl Future<Output = ()>,
        relieved: impl Future<Output = ()>,
    ) -> Result<(), BotError> {
        let http = Arc::new(self.connection.http());
        let guild = self.connection.guild();
        let standing = self.standing;
        let (context, to) = (self.context, http.clone());
        let handler = Handler { context, guild, http: to, standing: standing.clone() };
        let handler = Arc::new(handler);
        let under_way = TaskTracker::new();
        standing.set_link(Link::Down { why: None });
        let mut registering = None;
        let deliver = |event| match event {
            Event::Ready => {
                standing.set_link(Link::Connected);
                metrics::gateway_connected(false);
                let register = handler.clone().register();
                registering = Some(AbortOnDropHandle::new(tokio::spawn(register)));
            }
            Event::Resumed => {
                standing.set_link(Link::Connected);
                metrics::gateway_connected(true);
            }
            Event::Lost(why) => standing.set_link(Link::Down { why: Some(why) }),
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
            let drain = async {
                if refused.is_none() {
                    relieved.await;
                }
                under_way.wait().await;
            };
            // The connection stays open meanwhile, so that later clicks are answered too.
            let stay = async {
                connected.await;
                pending::<()>().await;
            };
            tokio::select! {
                drained = timeout(DRAIN, drain) => if drained.is_err() {
                    warn!("gave up waiting for {} interactions", under_way.len());
                },
                () = stay => {}
            }
            refused
        };
        gateway.close().await;
        standing.set_link(Link::Off);
        refused.map_or(Ok(()), Err)
    }
}
