//! What people can ask for: one file a command, from its arguments to its answer as data.

mod help;
mod json;
mod list;
pub mod refusal;
mod status;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use tracing::warn;

pub use json::StatusJson;
pub use list::list;
pub use status::{Report, inspect, status_message};

use crate::command::{Audience, Command};
use crate::error::{Error, Fault, FaultKind, Refusal};
use crate::lock::{Catalog, KnownStates, State, is_handle};
use crate::message::{Message, visible};
use crate::ports::{Clock, Directory, Locks};

/// An answer and who sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// What is said.
    pub message: Message,
    /// To whom.
    pub audience: Audience,
}

/// What the commands work with.
#[derive(Clone)]
pub struct Context {
    /// The names of states.
    pub catalog: Catalog,
    /// Their locks.
    pub locks: Arc<dyn Locks>,
    /// The states that have been seen.
    pub directory: Arc<dyn Directory>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// What came of a command, for the edge that was asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The reply, or the message about why there is none, which only the asker sees.
    pub said: Result<Reply, Message>,
    /// One word for the log: `answered`, `refused` or `failed`.
    pub outcome: &'static str,
}

/// Carries out what was asked, or words the refusal of it. A fault is logged under `reference`,
/// which the person is told.
pub async fn answer(
    asked: &Result<Command, Refusal>,
    context: &Context,
    reference: &str,
) -> Answer {
    let result = match asked {
        // A panic is a fault like others: whoever asked is told, and the bot goes on.
        Ok(command) => match AssertUnwindSafe(run(command, context)).catch_unwind().await {
            Ok(result) => result,
            Err(_) => Err(Error::Fault(bug())),
        },
        Err(refusal) => Err(Error::Refusal(refusal.clone())),
    };
    match result {
        Ok(reply) => Answer { said: Ok(reply), outcome: "answered" },
        Err(Error::Refusal(refusal)) => {
            Answer { said: Err(refusal::refusal_message(&refusal)), outcome: "refused" }
        }
        Err(Error::Fault(fault)) => {
            warn!(
                reference,
                kind = fault.kind.as_str(),
                cause = fault.cause().map(|cause| visible(&cause)),
                "{fault}"
            );
            let state = asked.as_ref().ok().and_then(Command::state);
            Answer {
                said: Err(refusal::fault_message(&fault, state, reference)),
                outcome: "failed",
            }
        }
    }
}

/// Carries a command out.
///
/// # Errors
/// A [`Refusal`] for what cannot be met, a [`Fault`] where something fails.
pub async fn run(command: &Command, context: &Context) -> Result<Reply, Error> {
    let message = match command {
        Command::Status { state } => status::run(context, state).await?,
        Command::List { filter, page } => list::run(context, filter, *page).await?,
        Command::Help => help::run(context),
    };
    Ok(Reply { message, audience: command.audience() })
}

fn bug() -> Fault {
    Fault {
        kind: FaultKind::Bug,
        subject: "The bot".to_owned(),
        remedy: "report it with what the log says of it".to_owned(),
        source: None,
    }
}

impl Context {
    /// The state that a person means by a name, a pasted path or a shortened name.
    ///
    /// # Errors
    /// A refusal with the nearest known name.
    pub async fn resolve(&self, typed: &str) -> Result<State, Refusal> {
        if is_handle(typed) {
            let known = self.directory.known().await.ok_or(Refusal::NamesNotRead)?;
            return known.by_handle(typed).cloned().ok_or(Refusal::UnknownHandle);
        }
        match self.catalog.resolve(typed) {
            Ok(state) => Ok(state),
            Err(error) => {
                let known: Option<Arc<KnownStates>> = self.directory.known().await;
                let nearest = known.and_then(|known| known.nearest(typed).cloned());
                let nearest = nearest.filter(|name| name.as_str() != typed.trim());
                Err(Refusal::BadName { typed: typed.to_owned(), error, nearest })
            }
        }
    }
}
