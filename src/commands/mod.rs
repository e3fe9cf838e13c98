//! The commands, one file each: from the arguments to the answer as data.

mod act;
mod approve;
mod deny;
mod doctor;
mod help;
mod history;
mod json;
mod list;
mod live;
mod report;
mod report_json;
mod status;
mod unlock;
mod unwatch;
mod watch;
mod watches;
mod withdraw;

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use tracing::warn;

pub use json::StatusJson;
pub use list::{LockList, list};
pub use live::{Gap, LiveList, LiveLock, Look};
pub use report::{Reported, report};
pub use report_json::ReportJson;

use crate::command::{Audience, Command};
use crate::context::Context;
use crate::error::{Error, Fault, Refusal};
use crate::message::{Form, Message};
use crate::people::{Actor, EventId};
use crate::ports::Acceptance;
use crate::text::visible;
use crate::words::refused as words;

/// An answer and who sees it.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// A message.
    Message {
        /// The message.
        message: Message,
        /// Who sees it.
        audience: Audience,
    },
    /// A form to fill in.
    Form(Form),
    /// No message: what was changed, such as a card, shows it.
    Silent,
}

/// The person who asks, and their interaction.
#[derive(Clone, Copy)]
pub struct Asker<'a> {
    /// The person.
    pub actor: &'a Actor,
    /// The interaction.
    pub event: EventId,
    /// Acknowledges the interaction.
    pub acceptance: &'a dyn Acceptance,
}

/// The result of a command, for the edge.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The reply, or a message to the asker alone that says why there is none. `None` where the interaction
    /// was given up.
    pub said: Option<Result<Reply, Message>>,
    /// One word for the log: `answered`, `refused`, `failed` or `given up`.
    pub outcome: &'static str,
}

/// Carries out a command, or words its refusal. A fault is logged under the number of the interaction, which
/// the person is told.
pub async fn answer(asked: &Result<Command, Refusal>, by: &Asker<'_>, context: &Context) -> Answer {
    let result = match asked {
        // A panic is a fault like others: the asker is told, and the bot goes on.
        Ok(command) => match AssertUnwindSafe(run(command, by, context)).catch_unwind().await {
            Ok(result) => result,
            // The panic may have come after a write.
            Err(_) if command.changes() => Err(Error::Unsettled(Fault::bug())),
            Err(_) => Err(Error::Unchanged(Fault::bug())),
        },
        Err(refusal) => Err(Error::Refusal(refusal.clone())),
    };
    let reference = by.event.to_string();
    let about = asked.as_ref().ok();
    let failed = |message| Answer { said: Some(Err(message)), outcome: "failed" };
    match result {
        Ok(reply) => Answer { said: Some(Ok(reply)), outcome: "answered" },
        Err(Error::Refusal(refusal)) => {
            Answer { said: Some(Err(words::refusal(&refusal))), outcome: "refused" }
        }
        Err(Error::GivenUp(_)) => Answer { said: None, outcome: "given up" },
        Err(Error::Unchanged(fault)) => {
            log(&reference, &fault);
            failed(words::fault(&fault, about, &reference))
        }
        Err(Error::Unsettled(fault)) => {
            log(&reference, &fault);
            failed(words::unsettled(&fault, about, &reference))
        }
    }
}

/// Writes a fault to the log.
fn log(reference: &str, fault: &Fault) {
    warn!(
        reference,
        kind = fault.kind.as_str(),
        cause = fault.cause().map(|cause| visible(&cause)),
        "{fault}"
    );
}

/// Carries a command out.
///
/// # Errors
/// A [`Refusal`] of the question, or a [`Fault`].
pub async fn run(command: &Command, by: &Asker<'_>, context: &Context) -> Result<Reply, Error> {
    match command {
        Command::Status { state } => status::run(context, state).await.map(Reply::channel),
        Command::List { filter, page } => {
            Ok(Reply::channel(list::run(&context.reading, filter, *page).await?))
        }
        Command::Unlock { state, reason } => {
            unlock::run(context, by, state, reason.as_deref()).await
        }
        Command::Approve { request, typed } => {
            approve::run(context, by, *request, typed.as_deref()).await
        }
        Command::Deny { request, reason } => {
            deny::run(context, by, *request, reason.as_deref()).await
        }
        Command::Withdraw { request } => withdraw::run(context, by, *request).await,
        Command::DenyByState { state, reason } => {
            deny::run_for_state(context, by, state, reason.as_deref()).await
        }
        Command::WithdrawByState { state, reason } => {
            withdraw::run_for_state(context, by, state, reason.as_deref()).await
        }
        Command::Watch { state, keep } => watch::run(context, by, state, *keep).await,
        Command::Unwatch { state } => unwatch::run(context, by, state).await,
        Command::Watches => watches::run(context, by).await.map(Reply::asker),
        Command::History { state, before, count } => {
            history::run(context, state, *before, *count).await.map(Reply::asker)
        }
        Command::Doctor => doctor::run(context, by.actor).await.map(Reply::asker),
        Command::Help => Ok(Reply::asker(help::run(context))),
    }
}

impl Reply {
    /// A message to the channel.
    #[must_use]
    pub fn channel(message: Message) -> Self {
        Self::Message { message, audience: Audience::Channel }
    }

    /// A message to the asker alone.
    #[must_use]
    pub fn asker(message: Message) -> Self {
        Self::Message { message, audience: Audience::Asker }
    }
}
