//! The composition root: puts the adapters behind the ports, and the edges in front of the commands.
//!
//! The only file that names both Discord and AWS.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::aws::{AwsLocks, Session};
use crate::clock::SystemClock;
use crate::commands::{self, Context, StatusJson};
use crate::console::{Style, table, text};
use crate::discord::{Bot, BotError};
use crate::error::{Error, Fault, FaultKind, Refusal};
use crate::lock::{BackendStores, Catalog, LockState};
use crate::message::{LONG, clip, visible};
use crate::ports::{Directory, Locks};
use crate::settings::{Settings, SettingsError};
use crate::workers::{LiveDirectory, PatientDirectory};

/// How long an orderly end may take, from the signal on.
const END: Duration = Duration::from_secs(12);

/// Why the program ends without having done what was asked.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// A setting is missing or wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// What was asked cannot be met; with the sentence that a person is told.
    #[error("{0}")]
    Refused(String),
    /// A backend is unreachable or refuses.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// Discord is unreachable or refuses.
    #[error(transparent)]
    Bot(#[from] BotError),
    /// The demo's data cannot be used.
    #[cfg(feature = "embedded")]
    #[error(transparent)]
    Demo(#[from] crate::demo::DemoError),
    /// A pipe or a terminal has gone away.
    #[error("input or output failed: {0}")]
    Io(#[from] std::io::Error),
}

/// What the program says with its exit code when all went well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// Fine.
    Fine,
    /// The asked-for condition does not hold.
    ConditionFails,
}

impl AppError {
    /// What a service said that this version does not understand, for whoever reports it.
    #[must_use]
    pub fn cause(&self) -> Option<String> {
        match self {
            Self::Fault(fault) if fault.kind == FaultKind::Unexpected => {
                Some(clip(&visible(&fault.cause()?), LONG))
            }
            _ => None,
        }
    }

    /// The exit code, as `--help` lists them.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Settings(_) | Self::Refused(_) => 2,
            Self::Fault(Fault { kind: FaultKind::NoRegion, .. }) => 2,
            Self::Fault(_) | Self::Bot(_) => 3,
            #[cfg(feature = "embedded")]
            Self::Demo(_) => 2,
            Self::Io(_) => 2,
        }
    }
}

impl From<Error> for AppError {
    fn from(error: Error) -> Self {
        match error {
            Error::Fault(fault) => Self::Fault(fault),
            Error::Refusal(refusal) => Self::from(refusal),
        }
    }
}

impl From<Refusal> for AppError {
    fn from(refusal: Refusal) -> Self {
        let message = commands::refusal::refusal_message(&refusal);
        Self::Refused(text(&message, Style::Plain))
    }
}

/// `locktender run`: the bot, until SIGINT or SIGTERM.
///
/// # Errors
/// When a setting is wrong, or Discord refuses.
pub async fn run(settings: &Settings) -> Result<Done, AppError> {
    let discord = settings.discord()?;
    let locks = locks(settings.backends()?).await?;
    let directory = Arc::new(LiveDirectory::new(locks.1.clone()));
    let shutdown = CancellationToken::new();
    let names = tokio::spawn({
        let (directory, shutdown) = (directory.clone(), shutdown.clone());
        async move { directory.run(shutdown).await }
    });
    let bot = Bot {
        token: discord.token,
        guild: discord.guild_id,
        api_url: discord.api_url,
        context: context(locks, directory),
    };
    let stopped = shutdown.clone();
    on_signal(move || stopped.cancel())?;
    let result = bot.run(shutdown.clone().cancelled_owned()).await;
    shutdown.cancel();
    if let Err(error) = names.await {
        // The names are a comfort; that the task has died is worth knowing all the same.
        tracing::warn!(%error, "the names of states were not kept up to the end");
    }
    result?;
    Ok(Done::Fine)
}

/// `locktender status`: one state, as text or JSON.
///
/// # Errors
/// When a setting is wrong, the text is no state's name, or its lock cannot be read.
pub async fn status(
    settings: &Settings,
    state: &str,
    json: bool,
    exit_code: bool,
) -> Result<Done, AppError> {
    let context = command_line(settings).await?;
    let report = commands::inspect(&context, state).await?;
    if json {
        print_json(&StatusJson::from(&report))?;
    } else {
        let message = commands::status_message(&context, &report).await;
        print(&text(&message.without_buttons(), stdout_style()))?;
    }
    let held = report.lock != LockState::Free;
    Ok(if exit_code && held { Done::ConditionFails } else { Done::Fine })
}

/// `locktender list`: every held lock, as a table or JSON.
///
/// # Errors
/// When a setting is wrong, or the locks cannot be read.
pub async fn list(settings: &Settings, filter: &str, json: bool) -> Result<Done, AppError> {
    let context = command_line(settings).await?;
    let reports = commands::list(&context, filter).await?;
    if json {
        print_json(&reports.iter().map(StatusJson::from).collect::<Vec<_>>())?;
    } else {
        let none = match filter.trim() {
            "" => "No lock is held.".to_owned(),
            filter => format!("No held lock matches {:?}.", clip(filter, LONG)),
        };
        print(&table(&reports, &none))?;
    }
    Ok(Done::Fine)
}

/// `locktender demo`: a chat in the terminal over an embedded `DynamoDB`.
///
/// # Errors
/// When the data cannot be used, or the terminal goes away.
#[cfg(feature = "embedded")]
pub async fn demo(file: Option<&std::path::Path>) -> Result<Done, AppError> {
    let demo = crate::demo::Demo::start(file, &SystemClock).await?;
    let locks = connect(&demo.session, vec![demo.backend.clone()]);
    let directory = Arc::new(LiveDirectory::new(locks.1.clone()));
    directory.refresh().await?;
    let context = context(locks, directory);
    crate::demo::chat(context, stdout_style(), &mut std::io::stdout()).await?;
    Ok(Done::Fine)
}

type Connected = (Catalog, Arc<dyn Locks>);

async fn locks(backends: Vec<BackendStores>) -> Result<Connected, Fault> {
    Ok(connect(&Session::from_environment().await?, backends))
}

fn connect(session: &Session, backends: Vec<BackendStores>) -> Connected {
    let catalog = Catalog::new(backends.iter().map(|stores| stores.backend().clone()).collect());
    (catalog, Arc::new(AwsLocks::connect(session, backends)))
}

fn context((catalog, locks): Connected, directory: Arc<dyn Directory>) -> Context {
    Context { catalog, locks, directory, clock: Arc::new(SystemClock) }
}

async fn command_line(settings: &Settings) -> Result<Context, AppError> {
    let locks = locks(settings.backends()?).await?;
    let directory = Arc::new(PatientDirectory::new(locks.1.clone()));
    Ok(context(locks, directory))
}

/// Calls `stop` at the first SIGINT or SIGTERM, and ends the process at the second, or when an
/// orderly end takes longer than [`END`].
///
/// This has a thread and a runtime of its own: serenity's task can spin when the gateway closes a
/// connection without a code, and must not keep a signal from being heard.
fn on_signal(stop: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let guard = runtime.enter();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    drop(guard);
    let wait = move || {
        runtime.block_on(async {
            let mut either = async || {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
            };
            either().await;
            stop();
            if tokio::time::timeout(END, either()).await.is_err() {
                tracing::warn!("an orderly end took too long");
            }
        });
        std::process::exit(0);
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(wait)?;
    Ok(())
}

fn stdout_style() -> Style {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if std::io::stdout().is_terminal() && !plain { Style::Coloured } else { Style::Plain }
}

fn print_json(value: &impl serde::Serialize) -> std::io::Result<()> {
    let text = serde_json::to_string(value).map_err(std::io::Error::other)?;
    print(&text)
}

fn print(text: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{text}")
}
