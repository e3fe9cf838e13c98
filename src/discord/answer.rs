//! One interaction, one answer: at once where the work is quick, put off and filled in where not.

use std::future::Future;
use std::time::Duration;

use async_trait::async_trait;
use serenity::all::{
    Builder, CreateInteractionResponse, CreateInteractionResponseMessage, Http, HttpError,
    InteractionId,
};
use tokio::sync::Mutex;
use tokio::time::{sleep, timeout};
use tracing::warn;

use super::render::{Rendered, modal};
use super::{NO_ANSWER, describe, refused, within};
use crate::command::{Audience, Command};
use crate::commands::Reply;
use crate::error::GivenUp;
use crate::message::{Form, Message};
use crate::ports::Acceptance;
use crate::words::form::too_late_for_a_form;

/// How long the work may take before the answer is put off. Discord gives up at 3 s, and the way
/// there and back is part of them.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// The same for work that may come to a form, which cannot follow when an answer is put off.
const PATIENCE_FOR_A_FORM: Duration = Duration::from_millis(2_500);

/// How long Discord may take to accept the first response, so that a second try can be in time.
const FIRST: Duration = Duration::from_secs(1);

/// The pause before that second try.
const AGAIN: Duration = Duration::from_millis(100);

/// How long Discord may take for anything later.
const LATER: Duration = Duration::from_secs(10);

/// Discord's code for a second first response, from its list of JSON error codes.
const ALREADY_ACKNOWLEDGED: isize = 40_060;

/// What is said of an interaction that is answered no more, since its first response failed.
const GIVEN_UP: &str = "the first response was not taken";

/// The right to answer one interaction.
pub(super) struct Ticket<'t> {
    http: &'t Http,
    id: InteractionId,
    token: &'t str,
    asked_by: AskedBy,
    /// Who sees the answer when all goes well.
    audience: Audience,
    patience: Duration,
    /// Held while the first response is on its way, so that there is never a second one.
    first: Mutex<First>,
}

/// What an answer is to: it decides whether a message is made or changed. A form that was filled in
/// counts as what opened it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum AskedBy {
    Command,
    /// A button, and who sees the message that it is on.
    Button {
        on: Audience,
    },
}

/// How far the first response is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum First {
    /// It is still to be given.
    Open,
    /// The answer is put off, and waited for.
    PutOff,
    /// It was tried, and nobody waits for the answer.
    Lost,
}

/// What is said: a reply, or the message about why there is none, for the asker alone.
type Said = Result<Reply, Message>;

impl<'t> Ticket<'t> {
    /// The right to answer `asked`, where it is known what that is.
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

    /// Answers with what `work` comes to, which may be that there is nothing to say.
    pub(super) async fn answer(
        &self,
        work: impl Future<Output = Option<Said>>,
    ) -> serenity::Result<()> {
        let mut work = std::pin::pin!(work);
        let quick = timeout(self.patience, &mut work).await;
        let (put_off, said) = if let Ok(said) = quick {
            (Ok(()), said)
        } else {
            // The work goes on meanwhile: it may be giving the first response at this moment.
            tokio::join!(self.put_off(), work)
        };
        let Some(said) = said else {
            return Ok(());
        };
        put_off?;
        match said {
            Ok(Reply::Message { message, audience }) => match self.asked_by {
                AskedBy::Button { on } if audience == Audience::Channel || on == audience => {
                    self.update(&message).await
                }
                _ => self.say(&message, audience).await,
            },
            Ok(Reply::Form(form)) => self.ask_back(&form).await,
            Ok(Reply::Silent) => {
                self.put_off().await?;
                self.take_back().await;
                Ok(())
            }
            Err(message) => self.say(&message, Audience::Asker).await,
        }
    }

    /// Changes the message whose button was pressed.
    async fn update(&self, message: &Message) -> serenity::Result<()> {
        let rendered = Rendered::new(message);
        match self.first().await {
            First::Open => {
                let update = rendered.response(false);
                self.respond(CreateInteractionResponse::UpdateMessage(update)).await
            }
            First::PutOff => self.edit_original(rendered).await,
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
            First::PutOff if self.has_placeholder_for(audience) => {
                self.edit_original(rendered).await
            }
            First::PutOff => {
                // A placeholder for everyone would make what takes its place so, too.
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

    /// Has Discord wait for the answer, unless it does so already.
    async fn put_off(&self) -> serenity::Result<()> {
        let mut first = self.first.lock().await;
        match *first {
            First::Open => {}
            First::PutOff => return Ok(()),
            First::Lost => return Err(serenity::Error::Other(GIVEN_UP)),
        }
        let result = self.respond(self.placeholder()).await;
        *first = if result.is_ok() { First::PutOff } else { First::Lost };
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

    /// Removes the placeholder of an answer that was put off, where there is one.
    async fn take_back(&self) {
        if self.asked_by == AskedBy::Command {
            let delete = self.http.delete_original_interaction_response(self.token);
            if let Err(error) = within(LATER, delete).await {
                warn!(error = describe(&error), "a placeholder stays");
            }
        }
    }

    /// Gives the first response, a second time if the first try may not have arrived.
    async fn respond(&self, response: CreateInteractionResponse) -> serenity::Result<()> {
        let (http, to) = (self.http, (self.id, self.token));
        match within(FIRST, response.clone().execute(http, to)).await {
            Err(error) if may_pass(&error) => {}
            result => return result,
        }
        sleep(AGAIN).await;
        match within(FIRST, response.execute(http, to)).await {
            // It was the first try that did it.
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
        self.put_off().await.map_err(|error| {
            let reference = self.id.get();
            warn!(reference, error = describe(&error), "given up before anything was changed");
            GivenUp
        })
    }
}

/// Whether Discord had trouble of its own, or cannot have been reached, or its answer was lost.
fn may_pass(error: &serenity::Error) -> bool {
    match error {
        serenity::Error::Http(HttpError::Request(_)) | serenity::Error::Other(NO_ANSWER) => true,
        error => refused(error).is_some_and(|response| response.status_code.is_server_error()),
    }
}

fn is_answered_already(error: &serenity::Error) -> bool {
    refused(error).is_some_and(|response| response.error.code == ALREADY_ACKNOWLEDGED)
}
