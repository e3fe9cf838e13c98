//! One interaction, one answer: at once where the work is quick, put off and filled in where not.

use std::future::Future;
use std::time::Duration;

use serenity::all::{
    Builder, CreateInteractionResponse, CreateInteractionResponseMessage, Http, HttpError,
    InteractionId,
};
use tokio::time::{sleep, timeout};
use tracing::warn;

use super::describe;
use super::render::Rendered;
use crate::command::Audience;
use crate::commands::Reply;
use crate::message::Message;

/// How long the work may take before the answer is put off. Discord gives up at 3 s, and the way
/// there and back is part of them.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// How long Discord may take to accept the first response, so that a second try can be in time.
const FIRST: Duration = Duration::from_secs(1);

/// The pause before that second try.
const AGAIN: Duration = Duration::from_millis(100);

/// How long Discord may take for anything later. serenity sets no limit of its own.
const LATER: Duration = Duration::from_secs(10);

/// Discord's code for a second first response, from its list of JSON error codes.
const ALREADY_ACKNOWLEDGED: isize = 40_060;

/// The right to answer one interaction.
pub(super) struct Ticket {
    pub(super) id: InteractionId,
    pub(super) token: String,
    pub(super) asked_by: AskedBy,
}

/// What an answer is to: it decides whether a message is made or changed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum AskedBy {
    Command,
    Button,
}

/// What is said: a reply, or the message about why there is none, for the asker alone.
type Said = Result<Reply, Message>;

impl Ticket {
    /// Answers with what `work` comes to. `audience` is who will see a reply.
    pub(super) async fn answer(
        &self,
        http: &Http,
        audience: Audience,
        work: impl Future<Output = Said>,
    ) -> serenity::Result<()> {
        let mut work = std::pin::pin!(work);
        if let Ok(said) = timeout(PATIENCE, &mut work).await {
            return self.respond(http, self.first(said)).await;
        }
        self.respond(http, self.put_off(audience)).await?;
        self.fill_in(http, audience, work.await).await
    }

    /// Gives the first response, a second time if the first try may not have arrived.
    async fn respond(
        &self,
        http: &Http,
        response: CreateInteractionResponse,
    ) -> serenity::Result<()> {
        match within(FIRST, response.clone().execute(http, (self.id, &*self.token))).await {
            Err(error) if may_pass(&error) => {}
            result => return result,
        }
        sleep(AGAIN).await;
        match within(FIRST, response.execute(http, (self.id, &*self.token))).await {
            Err(error) if is_answered_already(&error) => Ok(()),
            result => result,
        }
    }

    fn first(&self, said: Said) -> CreateInteractionResponse {
        match (said, self.asked_by) {
            (Ok(reply), AskedBy::Command) => {
                let ephemeral = reply.audience == Audience::Asker;
                CreateInteractionResponse::Message(
                    Rendered::new(&reply.message).response(ephemeral),
                )
            }
            (Ok(reply), AskedBy::Button) => CreateInteractionResponse::UpdateMessage(
                Rendered::new(&reply.message).response(false),
            ),
            (Err(message), _) => {
                CreateInteractionResponse::Message(Rendered::new(&message).response(true))
            }
        }
    }

    fn put_off(&self, audience: Audience) -> CreateInteractionResponse {
        match self.asked_by {
            AskedBy::Button => CreateInteractionResponse::Acknowledge,
            AskedBy::Command => CreateInteractionResponse::Defer(
                CreateInteractionResponseMessage::new().ephemeral(audience == Audience::Asker),
            ),
        }
    }

    async fn fill_in(&self, http: &Http, audience: Audience, said: Said) -> serenity::Result<()> {
        match said {
            Ok(reply) => {
                let edit = Rendered::new(&reply.message).edit();
                within(LATER, edit.execute(http, &self.token)).await?;
            }
            Err(message) if self.asked_by == AskedBy::Command && audience == Audience::Asker => {
                let edit = Rendered::new(&message).edit();
                within(LATER, edit.execute(http, &self.token)).await?;
            }
            Err(message) => {
                // The placeholder is for everyone, and so would be what takes its place.
                if self.asked_by == AskedBy::Command {
                    let delete = http.delete_original_interaction_response(&self.token);
                    if let Err(error) = within(LATER, delete).await {
                        warn!(error = describe(&error), "a placeholder stays");
                    }
                }
                let followup = Rendered::new(&message).followup();
                within(LATER, followup.execute(http, (None, &*self.token))).await?;
            }
        }
        Ok(())
    }
}

/// What is said of a request that Discord did not answer in time.
const NO_ANSWER: &str = "no answer in time";

/// Waits for Discord no longer than `limit`.
pub(super) async fn within<T>(
    limit: Duration,
    request: impl Future<Output = serenity::Result<T>>,
) -> serenity::Result<T> {
    timeout(limit, request).await.unwrap_or(Err(serenity::Error::Other(NO_ANSWER)))
}

/// Whether Discord had trouble of its own, or cannot have been reached, or its answer was lost.
fn may_pass(error: &serenity::Error) -> bool {
    match error {
        serenity::Error::Http(HttpError::UnsuccessfulRequest(response)) => {
            response.status_code.is_server_error()
        }
        serenity::Error::Http(HttpError::Request(_)) | serenity::Error::Other(NO_ANSWER) => true,
        _ => false,
    }
}

fn is_answered_already(error: &serenity::Error) -> bool {
    match error {
        serenity::Error::Http(HttpError::UnsuccessfulRequest(response)) => {
            response.error.code == ALREADY_ACKNOWLEDGED
        }
        _ => false,
    }
}
