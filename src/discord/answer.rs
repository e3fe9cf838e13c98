//! Gives each interaction one answer: at once if the work is quick, otherwise deferred and filled
//! in later.

use std::future::Future;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use serenity::all::{
    Builder, CreateInteractionResponse, CreateInteractionResponseMessage, Http, HttpError,
    InteractionId,
};
use tokio::sync::Mutex;
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

use super::render::{Rendered, modal};
use super::{NO_ANSWER, describe, refused, within};
use crate::command::{Audience, Command};
use crate::commands::Reply;
use crate::error::GivenUp;
use crate::message::{Form, Message, Picture};
use crate::ports::Acceptance;
use crate::words::form::too_late_for_a_form;

/// How long the work may take before the answer is deferred. Discord gives up after 3 s, including
/// the network time.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// The same for work that may answer with a form, which cannot follow a deferred answer.
const PATIENCE_FOR_A_FORM: Duration = Duration::from_millis(2_500);

/// Time limit for Discord to accept the first response. It leaves time for a retry.
const FIRST: Duration = Duration::from_secs(1);

/// Pause before that retry.
const AGAIN: Duration = Duration::from_millis(100);

/// Time limit for all later requests.
const LATER: Duration = Duration::from_secs(10);

/// Discord's code for a second first response (its list of JSON error codes).
const ALREADY_ACKNOWLEDGED: isize = 40_060;

/// Log message for an interaction we stopped answering because its first response failed.
const GIVEN_UP: &str = "the first response was not taken";

/// The right to answer one interaction.
pub(super) struct Ticket<'t> {
    http: &'t Http,
    id: InteractionId,
    token: &'t str,
    asked_by: AskedBy,
    /// Who sees a successful answer.
    audience: Audience,
    patience: Duration,
    /// Locked while the first response is sent, so that there is never a second one.
    first: Mutex<First>,
}

/// What caused the interaction: it decides whether a message is created or changed. A submitted
/// form counts as the command or button that opened it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum AskedBy {
    Command,
    /// A button, and who sees its message.
    Button {
        on: Audience,
    },
}

/// State of the first response.
#[derive(Clone, Copy, PartialEq, Eq)]
enum First {
    /// Not sent yet.
    Open,
    /// The answer is deferred, and Discord waits for it.
    Deferred,
    /// It failed, and Discord does not wait for an answer.
    Lost,
}

/// The answer: a reply, or a message for the asker alone that says why there is none.
type Said = Result<Reply, Message>;

impl<'t> Ticket<'t> {
    /// Makes a ticket for `asked`, which is `None` if the command is not known.
    pub(super) fn new(
        http: &'t Http,
        (id, token): (InteractionId, &'t str),
        asked_by: AskedBy,
        asked: Option<&Command>,
    ) -> Self {
        let may_ask_back = asked.is_some_and(Command::may_ask_back);
        Self {
            http,
            id,
            token,
            asked_by,
            audience: asked.map_or(Audience::Asker, Command::audience),
            patience: if may_ask_back { PATIENCE_FOR_A_FORM } else { PATIENCE },
            first: Mutex::new(First::Open),
        }
    }

    /// Answers with the result of `work`, which may be to say nothing. Returns the picture that is to follow the
    /// words, if the answer has one.
    pub(super) async fn answer(
        &self,
        work: impl Future<Output = Option<Said>>,
    ) -> serenity::Result<Option<Picture>> {
        let mut work = std::pin::pin!(work);
        let quick = timeout(self.patience, &mut work).await;
        let (defer, said) = if let Ok(said) = quick {
            (Ok(()), said)
        } else {
            // The work continues meanwhile and may be sending the first response now.
            tokio::join!(self.defer(), work)
        };
        let Some(said) = said else {
            return Ok(None);
        };
        defer?;
        match said {
            Ok(Reply::Message { message, audience }) => match self.asked_by {
                AskedBy::Button { on } if audience == Audience::Channel || on == audience => {
                    // A page that was turned keeps the picture of the first one.
                    self.update(&message).await?;
                }
                _ => {
                    self.say(&message, audience).await?;
                    // A followup is another message than the original response.
                    return Ok(message.picture.filter(|_| self.has_placeholder_for(audience)));
                }
            },
            Ok(Reply::Form(form)) => self.ask_back(&form).await?,
            Ok(Reply::Silent) => {
                self.defer().await?;
                self.take_back().await;
            }
            Err(message) => self.say(&message, Audience::Asker).await?,
        }
        Ok(None)
    }

    /// Changes the message whose button was pressed.
    async fn update(&self, message: &Message) -> serenity::Result<()> {
        let rendered = Rendered::new(message);
        match self.first().await {
            First::Open => {
                let update = rendered.response(false);
                self.respond(CreateInteractionResponse::UpdateMessage(update)).await
            }
            First::Deferred => self.edit_original(rendered).await,
            First::Lost => Err(serenity::Error::Other(GIVEN_UP)),
        }
    }

    /// Answers with a message to an audience.
    async fn say(&self, message: &Message, audience: Audience) -> serenity::Result<()> {
        let rendered = Rendered::new(message);
        match self.first().await {
            First::Open => {
                let new = rendered.response(audience == Audience::Asker);
                self.respond(CreateInteractionResponse::Message(new)).await
            }
            // The original response is the pressed message or the placeholder.
            First::Deferred if self.has_placeholder_for(audience) => {
                self.edit_original(rendered).await
            }
            First::Deferred => {
                // An answer that replaces a placeholder for everyone would be visible to everyone
                // too.
                self.take_back().await;
                let followup = rendered.followup().execute(self.http, (None, self.token));
                within(LATER, followup).await.map(|_| ())
            }
            First::Lost => Err(serenity::Error::Other(GIVEN_UP)),
        }
    }

    /// Changes the original response: the placeholder, or the message whose button was pressed.
    async fn edit_original(&self, rendered: Rendered) -> serenity::Result<()> {
        within(LATER, rendered.edit().execute(self.http, self.token)).await.map(|_| ())
    }

    /// Opens a form, or says that it is too late for one.
    async fn ask_back(&self, form: &Form) -> serenity::Result<()> {
        if self.first().await == First::Open {
            return self.respond(CreateInteractionResponse::Modal(modal(form))).await;
        }
        self.say(&too_late_for_a_form(), Audience::Asker).await
    }

    /// Defers the answer, if that has not happened already.
    async fn defer(&self) -> serenity::Result<()> {
        let mut first = self.first.lock().await;
        match *first {
            First::Open => {}
            First::Deferred => return Ok(()),
            First::Lost => return Err(serenity::Error::Other(GIVEN_UP)),
        }
        let result = self.respond(self.placeholder()).await;
        *first = if result.is_ok() { First::Deferred } else { First::Lost };
        result
    }

    fn placeholder(&self) -> CreateInteractionResponse {
        match self.asked_by {
            AskedBy::Button { .. } => CreateInteractionResponse::Acknowledge,
            AskedBy::Command => CreateInteractionResponse::Defer(
                CreateInteractionResponseMessage::new().ephemeral(self.audience == Audience::Asker),
            ),
        }
    }

    fn has_placeholder_for(&self, audience: Audience) -> bool {
        self.asked_by == AskedBy::Command && self.audience == audience
    }

    /// Removes the placeholder of a deferred answer, if there is one.
    async fn take_back(&self) {
        if self.asked_by == AskedBy::Command {
            let delete = self.http.delete_original_interaction_response(self.token);
            if let Err(error) = within(LATER, delete).await {
                warn!(error = describe(&error), "a placeholder stays");
            }
        }
    }

    /// Sends the first response, and retries if the first attempt may not have arrived.
    async fn respond(&self, response: CreateInteractionResponse) -> serenity::Result<()> {
        let response = without_files(&response);
        let send = || self.http.create_interaction_response(self.id, self.token, &response, vec![]);
        match within(FIRST, send()).await {
            Err(error) if may_pass(&error) => {}
            result => return result,
        }
        sleep(AGAIN).await;
        match within(FIRST, send()).await {
            // The first attempt had succeeded.
            Err(error) if is_answered_already(&error) => Ok(()),
            result => result,
        }
    }

    async fn first(&self) -> First {
        *self.first.lock().await
    }
}

#[async_trait]
impl Acceptance for Ticket<'_> {
    async fn accept(&self) -> Result<(), GivenUp> {
        self.defer().await.map_err(|error| {
            let reference = self.id.get();
            if is_answered_already(&error) {
                debug!(reference, "another replica answers");
                return GivenUp;
            }
            warn!(reference, error = describe(&error), "given up before anything was changed");
            GivenUp
        })
    }
}

/// The body of a first response. serenity writes an empty list of files into each, which removes the picture of a
/// message that is changed.
fn without_files(response: &CreateInteractionResponse) -> Value {
    let mut body = serde_json::to_value(response).unwrap_or_default();
    if let Some(data) = body.get_mut("data").and_then(Value::as_object_mut) {
        data.remove("attachments");
    }
    body
}

/// Whether a retry can help: Discord had an internal error, was unreachable, or its answer was
/// lost.
fn may_pass(error: &serenity::Error) -> bool {
    match error {
        serenity::Error::Http(HttpError::Request(_)) | serenity::Error::Other(NO_ANSWER) => true,
        error => refused(error).is_some_and(|response| response.status_code.is_server_error()),
    }
}

/// Whether another replica has answered.
pub(super) fn is_answered_already(error: &serenity::Error) -> bool {
    refused(error).is_some_and(|response| response.error.code == ALREADY_ACKNOWLEDGED)
}
