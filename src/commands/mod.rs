//! What people can ask for: one file a command, from its arguments to its answer as data.

mod approve;
mod card;
mod clearing;
mod deny;
mod finding;
mod form;
mod half;
mod help;
mod history;
mod json;
mod list;
mod notice;
mod over;
pub mod refusal;
mod release;
mod settle;
mod status;
mod unlock;
mod unwatch;
mod verdict;
mod vouch;
mod watch;
mod watches;
mod withdraw;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use tracing::warn;

pub use card::card;
pub use clearing::{Clearing, clearing_notices};
pub use finding::Known;
pub use history::MOST as HISTORY_MOST;
pub use json::StatusJson;
pub use list::list;
pub use notice::{counted, notice, notices_together};
pub use over::over;
pub use release::{LONGEST_RELEASE, abandon, resume};
pub use settle::settle;
pub use status::{Report, status_message};
pub use verdict::{Assessment, assess_hold};

use crate::command::{Audience, Command};
use crate::error::{Error, Fault, FaultKind, Refusal};
use crate::lock::Catalog;
use crate::message::{Form, Message, visible};
use crate::people::{Actor, EventId};
use crate::ports::{
    Acceptance, Change, Clock, Committed, Courier, Directory, Filed, Holds, Ledger, Locks, Members,
    Trail, Watches,
};
use crate::unlock::{Policy, RequestId, Tried, refused};

/// An answer and who sees it.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// Something is said.
    Message {
        /// What.
        message: Message,
        /// To whom.
        audience: Audience,
    },
    /// Something is asked back.
    Form(Form),
    /// Nothing more is to be said: what was changed says it.
    Done,
}

/// What it takes to say who holds which lock.
#[derive(Clone)]
pub struct Reading {
    /// The names of states.
    pub catalog: Catalog,
    /// Their locks.
    pub locks: Arc<dyn Locks>,
    /// The states that have been seen.
    pub directory: Arc<dyn Directory>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// What the commands work with.
#[derive(Clone)]
pub struct Context {
    /// The locks.
    pub reading: Reading,
    /// The team's rules.
    pub policy: Policy,
    /// The requests.
    pub ledger: Arc<dyn Ledger>,
    /// What was recorded.
    pub trail: Arc<dyn Trail>,
    /// What is remembered of holds.
    pub holds: Arc<dyn Holds>,
    /// Who waits for which lock.
    pub watches: Arc<dyn Watches>,
    /// What brings the cards up to date.
    pub courier: Arc<dyn Courier>,
    /// Who has which role.
    pub members: Arc<dyn Members>,
}

/// Who asks, and in which event.
#[derive(Clone, Copy)]
pub struct Asker<'a> {
    /// Who it is.
    pub actor: &'a Actor,
    /// The interaction.
    pub event: EventId,
    /// The way to say that it is being dealt with.
    pub acceptance: &'a dyn Acceptance,
}

/// What came of a command, for the edge that was asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The reply, or the message about why there is none, which only the asker sees; nothing where
    /// nobody waits for it any more.
    pub said: Option<Result<Reply, Message>>,
    /// One word for the log: `answered`, `refused`, `failed` or `given up`.
    pub outcome: &'static str,
}

/// Carries out what was asked, or words the refusal of it. A fault is logged under the event, whose
/// number the person is told.
pub async fn answer(asked: &Result<Command, Refusal>, by: &Asker<'_>, context: &Context) -> Answer {
    let result = match asked {
        // A panic is a fault like others: whoever asked is told, and the bot goes on.
        Ok(command) => match AssertUnwindSafe(run(command, by, context)).catch_unwind().await {
            Ok(result) => result,
            Err(_) => Err(Error::Fault(bug())),
        },
        Err(refusal) => Err(Error::Refusal(refusal.clone())),
    };
    let reference = by.event.to_string();
    let about = asked.as_ref().ok();
    let failed = |message| Answer { said: Some(Err(message)), outcome: "failed" };
    match result {
        Ok(reply) => Answer { said: Some(Ok(reply)), outcome: "answered" },
        Err(Error::Refusal(refusal)) => {
            Answer { said: Some(Err(refusal::refusal_message(&refusal))), outcome: "refused" }
        }
        Err(Error::GivenUp(_)) => Answer { said: None, outcome: "given up" },
        Err(Error::Fault(fault)) => {
            log(&reference, &fault);
            failed(refusal::fault_message(&fault, about, &reference))
        }
        Err(Error::Unsettled(fault)) => {
            log(&reference, &fault);
            failed(refusal::unsettled_message(&fault, about, &reference))
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
/// A [`Refusal`] for what cannot be met, a [`Fault`] where something fails.
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
            // On the heap, since most commands are questions and each would carry a release.
            Box::pin(approve::run(context, by, *request, typed.as_deref())).await
        }
        Command::Deny { request, reason } => {
            deny::run(context, by, *request, reason.as_deref()).await
        }
        Command::Withdraw { request } => withdraw::run(context, by, *request).await,
        Command::DenyOpen { state, reason } => {
            deny::run_open(context, by, state, reason.as_deref()).await
        }
        Command::WithdrawOpen { state, reason } => {
            withdraw::run_open(context, by, state, reason.as_deref()).await
        }
        Command::Watch { state, keep } => watch::run(context, by, state, *keep).await,
        Command::Unwatch { state } => unwatch::run(context, by, state).await,
        Command::Watches => watches::run(context, by).await.map(Reply::asker),
        Command::History { state, before, count } => {
            history::run(context, state, *before, *count).await.map(Reply::asker)
        }
        Command::Help => Ok(Reply::asker(help::run(context))),
    }
}

/// The request that a button is about. What a button says is looked up, never believed.
async fn request(context: &Context, id: RequestId) -> Result<Filed, Error> {
    let filed = context.ledger.request(id).await?;
    filed.ok_or_else(|| Refusal::Unlock(crate::unlock::Refusal::Unknown).into())
}

/// The open request of the state that a person means.
async fn open_request(context: &Context, typed: &str) -> Result<Filed, Error> {
    let state = context.reading.resolve(typed).await?;
    let open = context.ledger.open_request(&state.path).await?;
    open.ok_or_else(|| Refusal::NoOpenRequest { state: state.name }.into())
}

/// Writes a change. Where nobody knows whether it was written, that is what is said.
async fn commit(context: &Context, change: &Change<'_>) -> Result<Committed, Error> {
    Ok(context.ledger.commit(change).await?)
}

/// Refuses what somebody tried on a request, and puts it on record if it belongs there.
async fn refuse(
    context: &Context,
    by: &Asker<'_>,
    filed: &Filed,
    tried: Tried,
    refusal: crate::unlock::Refusal,
) -> Error {
    match record(context, by, filed, tried, &refusal).await {
        Ok(()) => Refusal::Unlock(refusal).into(),
        // Only the record of the attempt is uncertain. The request is as it was.
        Err(Error::Unsettled(fault)) => Error::Fault(fault),
        // The refusal stands all the same; that it could not be recorded is what has to be told.
        Err(error) => error,
    }
}

async fn record(
    context: &Context,
    by: &Asker<'_>,
    filed: &Filed,
    tried: Tried,
    refusal: &crate::unlock::Refusal,
) -> Result<(), Error> {
    let mut filed = filed.clone();
    for _ in 0..settle::TRIES {
        let now = context.reading.clock.now();
        let Some(transition) = refused(&filed.request, by.actor, tried, refusal, now) else {
            return Ok(());
        };
        by.acceptance.accept().await?;
        let change = Change {
            from: Some(&filed),
            transition: &transition,
            event: Some(by.event),
            release_row: None,
        };
        match commit(context, &change).await? {
            Committed::Stale(fresh) => filed = fresh,
            _ => return Ok(()),
        }
    }
    Err(too_busy().into())
}

/// Has the card of a request brought up to date, and posted anew if it is gone.
async fn refresh_card(context: &Context, filed: Filed) -> Filed {
    context.courier.refresh(filed.request.id).await;
    context.ledger.request(filed.request.id).await.ok().flatten().unwrap_or(filed)
}

/// What somebody is told who comes too late.
fn closed(filed: &Filed) -> Refusal {
    Refusal::Unlock(match filed.request.closing() {
        Some(closing) => crate::unlock::Refusal::Closed(closing.clone()),
        None => crate::unlock::Refusal::UnderWay,
    })
}

/// Others keep changing what was to be changed.
fn too_busy() -> Fault {
    Fault {
        kind: FaultKind::Throttled,
        subject: "This request".to_owned(),
        remedy: "others are changing it; try again".to_owned(),
        source: None,
    }
}

fn bug() -> Fault {
    Fault {
        kind: FaultKind::Bug,
        subject: "The bot".to_owned(),
        remedy: "report it with what the log says of it".to_owned(),
        source: None,
    }
}

impl Reply {
    /// A message for everybody in the channel.
    #[must_use]
    pub fn channel(message: Message) -> Self {
        Self::Message { message, audience: Audience::Channel }
    }

    /// A message for who asked.
    #[must_use]
    pub fn asker(message: Message) -> Self {
        Self::Message { message, audience: Audience::Asker }
    }
}
