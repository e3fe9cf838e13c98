//! How the program ends: errors with their exit codes, and signals.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use crate::console::{Style, text};
use crate::discord::BotError;
use crate::error::{Error, Fault, FaultKind, Refusal};
use crate::settings::SettingsError;
use crate::text::{LONG, clip, visible};
use crate::words::refused;

/// How long a shutdown may take after the signal: 10 s for the interactions under way, 2 s for
/// closing the Discord connection, 3 s for the last deliveries, and 1 s more.
const END: Duration = Duration::from_secs(16);

/// The exit code of a shutdown that was cut short: some work may be half done, and some notices
/// undelivered.
const CUT_SHORT: i32 = 3;

/// Why the program did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// A setting is missing or wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// Settings are wrong, each in a sentence on a line of its own.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Mistakes(Vec<SettingsError>),
    /// The command was refused. Contains the sentence for the user.
    #[error("{0}")]
    Refused(String),
    /// A backend is unreachable or refuses.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The bot's own tables are missing or out of date.
    #[error(
        "the table `{table}` is missing or out of date: run `locktender migrate`, or start with \
         `locktender run --migrate`"
    )]
    NotMigrated {
        /// The bot's table.
        table: String,
    },
    /// Discord is unreachable or refuses.
    #[error(transparent)]
    Bot(#[from] BotError),
    /// A background worker has panicked and could not be restarted.
    #[error("a part of the bot failed because of a bug: report it with what the log says")]
    Worker,
    /// The demo's data cannot be used.
    #[cfg(feature = "embedded")]
    #[error(transparent)]
    Demo(#[from] crate::demo::DemoError),
    /// A pipe or a terminal has gone away.
    #[error("input or output failed: {0}")]
    Io(#[from] std::io::Error),
}

/// The result that the exit code reports when there was no error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Success {
    /// Fine.
    Fine,
    /// The asked-for condition does not hold.
    ConditionFails,
    /// The state was never seen.
    Unknown,
    /// Whether the state exists could not be read.
    NotRead,
}

impl AppError {
    /// What a service said that this version does not understand, for a bug report.
    #[must_use]
    pub fn cause(&self) -> Option<String> {
        match self {
            Self::Fault(fault)
                if matches!(fault.kind, FaultKind::Unexpected | FaultKind::NotUnderstood) =>
            {
                Some(clip(&visible(&fault.cause()?), LONG))
            }
            _ => None,
        }
    }

    /// The exit code, as `--help` lists it.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Settings(_) | Self::Mistakes(_) | Self::Refused(_) | Self::NotMigrated { .. } => {
                2
            }
            Self::Fault(Fault { kind: FaultKind::NoRegion, .. }) => 2,
            Self::Fault(_) | Self::Bot(_) | Self::Worker => 3,
            #[cfg(feature = "embedded")]
            Self::Demo(_) => 2,
            Self::Io(_) => 2,
        }
    }
}

impl From<Error> for AppError {
    fn from(error: Error) -> Self {
        match error {
            Error::Unchanged(fault) | Error::Unsettled(fault) => Self::Fault(fault),
            Error::GivenUp(given_up) => Self::Refused(given_up.to_string()),
            Error::Refusal(refusal) => Self::from(refusal),
        }
    }
}

impl From<Refusal> for AppError {
    fn from(refusal: Refusal) -> Self {
        let message = refused::refusal(&refusal);
        Self::Refused(text(&message, Style::Plain))
    }
}

/// Calls `stop` at the first SIGINT or SIGTERM. Ends the process with [`CUT_SHORT`] at the second
/// one, or if the shutdown takes longer than [`END`].
///
/// Runs in its own thread and runtime, so that it hears a signal even if the other threads are
/// busy.
pub(super) fn on_signal(stop: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
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
            let second = tokio::time::timeout(END, either()).await;
            let why =
                second.map_or("an orderly end took too long", |()| "ended by a second signal");
            tracing::warn!("{why}");
        });
        std::process::exit(CUT_SHORT);
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(wait)?;
    Ok(())
}
