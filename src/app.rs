//! The composition root: connects the adapters to the ports, and the interfaces to the commands.
//!
//! Only this file uses both Discord and AWS.

mod audit;
mod config;
#[cfg(feature = "embedded")]
mod demo;
mod doctor;
mod end;
mod health;
mod migrations;
mod output;
mod parts;
mod workers;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

pub use self::audit::audit;
pub use self::config::check_config;
#[cfg(feature = "embedded")]
pub use self::demo::demo;
use self::doctor::Patient;
use self::end::on_signal;
pub use self::end::{AppError, Success};
pub use self::migrations::{check_migrations, migrate};
use self::output::{complain, print, print_json, stdout_style};
use self::parts::{Parts, memory, reading};
use self::workers::Workers;
use crate::aws::{AwsLocks, AwsOwnTables, AwsStoreChecks, LedgerTables, Session};
use crate::commands::{self, LockList, StatusJson};
use crate::console::{table, text};
use crate::discord::{Bot, Connection, Poster};
use crate::finding::{Known, Reading};
use crate::lock::LockState;
use crate::ports::ExamineServer;
use crate::settings::{Settings, SettingsError, Tables};
use crate::standing::Standing;
use crate::text::{LONG, clip};
use crate::words::list::missing_of;
use crate::words::lock as words;
use crate::workers::{LiveDirectory, Lookout, OutboxCourier, PatientDirectory, StoreFindings};

/// `locktender run`: the bot, until SIGINT or SIGTERM.
///
/// # Errors
/// If a setting is wrong, the tables are missing, or Discord refuses.
pub async fn run(settings: &Settings, migrate: bool) -> Result<Success, AppError> {
    let discord = settings.discord()?;
    let policies = settings.policies()?;
    let backends = settings.backends()?;
    let interval = settings.poll_interval()?;
    let unused = settings.unused()?;
    if !unused.is_empty() {
        tracing::warn!(
            variables = unused.join(","),
            "settings are not used: the file has backends"
        );
    }
    let shutdown = CancellationToken::new();
    let stopped = shutdown.clone();
    on_signal(move || stopped.cancel())?;
    let standing = Standing::default();
    let served = health::serve(settings, &standing, &shutdown, interval).await?;
    let session = Session::from_environment().await?.for_backends(&backends).await;
    let tables: LedgerTables = settings.tables().into();
    if let Some(served) = &served {
        served.health.needs(Arc::new(AwsOwnTables::connect(&session, tables.clone())));
    }
    // On the heap: it is needed once, and the bot's future lives as long as the bot.
    let prepare = Box::pin(async {
        if migrate {
            migrations::apply(&session, &tables).await
        } else {
            migrations::require(&session, &tables).await
        }
    });
    let Some(prepared) = shutdown.run_until_cancelled(prepare).await else {
        return Ok(Success::Fine);
    };
    prepared?;
    let memory = memory(&session, &tables);
    let checks = AwsStoreChecks::connect(&session, tables.clone());
    let locks = Arc::new(AwsLocks::connect(&session, backends.clone()).with_checks(checks));
    let names = Arc::new(LiveDirectory::new(locks.clone()).with_memory(memory));
    let reading = reading(&backends, locks.clone(), names.clone());
    let connection = Connection::new(discord.token, discord.guild_id, discord.api_url);
    let patient = Patient {
        flaws: doctor::flaws(settings, None),
        session: Ok(session.clone()),
        tables: settings.tables().into(),
        backends: &backends,
        locks: Some(locks.clone()),
        server: Some(Arc::new(connection.clone())),
        policies: Some(policies.clone()),
    };
    let parts = Parts {
        tables,
        backends: &backends,
        policies,
        holders: settings.holders()?,
        doctor: patient.doctor(),
        channels: Arc::new(Poster::new(connection.clone())),
        members: Arc::new(connection.clone()),
    };
    let (context, courier) = parts.join(&session, reading);

    let mut workers = Workers::new(shutdown.clone());
    workers.start(&names, |names, shutdown| async move { names.run(shutdown).await });
    workers.start_last(&courier, OutboxCourier::run);
    workers.watch_requests(&context);
    let findings = Arc::new(StoreFindings(locks.clone()));
    workers.start(&findings, |findings, shutdown| async move { findings.run(shutdown).await });
    for group in locks.groups() {
        let names = group.backends();
        let lookout = Lookout::new(context.clone(), Arc::new(group), interval).measured(names);
        let lookout = Arc::new(lookout);
        workers.start(&lookout, |lookout, shutdown| async move { lookout.run(shutdown).await });
    }
    let bot = Bot { connection, context, standing };
    let result = bot.run(shutdown.clone().cancelled_owned()).await;
    shutdown.cancel();
    let ended = workers.end().await;
    result?;
    ended?;
    Ok(Success::Fine)
}

/// `locktender status`: one state, as text or JSON.
///
/// # Errors
/// If a setting is wrong, the text is not a state's name, or the lock cannot be read.
pub async fn status(
    settings: &Settings,
    state: &str,
    json: bool,
    exit_code: bool,
) -> Result<Success, AppError> {
    let reading = command_line(settings).await?;
    if let Err(fault) = reading.locks.learn().await {
        // The status then says that it is not known.
        tracing::debug!(kind = fault.kind.as_str(), "findings about stores not read: {fault}");
    }
    let report = reading.look(state).await?;
    if json {
        print_json(&StatusJson::from(&report))?;
    } else {
        print(&text(&words::status(&report), stdout_style()))?;
    }
    Ok(match (&report.lock, &report.known) {
        _ if !exit_code => Success::Fine,
        (LockState::Free, Known::Unseen { .. }) => Success::Unknown,
        (LockState::Free, Known::NotRead { .. }) => Success::NotRead,
        (LockState::Free, Known::Seen | Known::InFull { .. }) => Success::Fine,
        (LockState::Held(_) | LockState::Unreadable(_), _) => Success::ConditionFails,
    })
}

/// `locktender list`: every held lock, as a table or JSON. What could not be read goes to standard error.
///
/// # Errors
/// If a setting is wrong, or the locks cannot be read.
pub async fn list(settings: &Settings, filter: &str, json: bool) -> Result<Success, AppError> {
    let reading = command_line(settings).await?;
    let LockList { reports, unread } = commands::list(&reading, filter).await?;
    if json {
        print_json(&reports.iter().map(StatusJson::from).collect::<Vec<_>>())?;
    } else {
        let none = match filter.trim() {
            _ if !unread.is_empty() => "No lock was found.".to_owned(),
            "" => "No lock is held.".to_owned(),
            filter => format!("No held lock matches {:?}.", clip(filter, LONG)),
        };
        print(&table(&reports, &none))?;
    }
    for unread in &unread {
        complain(&missing_of(unread).plain());
    }
    Ok(if unread.is_empty() { Success::Fine } else { Success::NotRead })
}

/// `locktender doctor`: what is wrong with the settings, the tables, the permissions, the locks and the server.
///
/// # Errors
/// If the diagnosis cannot be printed. What is wrong is in the diagnosis.
pub async fn doctor(
    settings: &Settings,
    dotenv: Option<SettingsError>,
    json: bool,
) -> Result<Success, AppError> {
    let backends = settings.backends().unwrap_or_default();
    let session = match Session::from_environment().await {
        Ok(session) => Ok(session.for_backends(&backends).await),
        Err(fault) => Err(fault),
    };
    let discord = settings.discord().ok();
    let server = discord.map(|of| Connection::new(of.token, of.guild_id, of.api_url));
    let patient = Patient {
        flaws: doctor::flaws(settings, dotenv),
        session,
        tables: settings.tables().into(),
        backends: &backends,
        locks: None,
        server: server.map(|server| Arc::new(server) as Arc<dyn ExamineServer>),
        policies: settings.policies().ok(),
    };
    doctor::report(&patient.doctor().examine().await, json)
}

async fn command_line(settings: &Settings) -> Result<Reading, AppError> {
    let backends = settings.backends()?;
    let session = Session::from_environment().await?.for_backends(&backends).await;
    let tables = settings.tables().into();
    let memory = memory(&session, &tables);
    let checks = AwsStoreChecks::connect(&session, tables);
    let locks = Arc::new(AwsLocks::connect(&session, backends.clone()).with_checks(checks));
    // The names are only read when they are needed.
    let directory = PatientDirectory::new(locks.clone()).with_memory(memory);
    Ok(reading(&backends, locks, Arc::new(directory)))
}

impl From<Tables> for LedgerTables {
    fn from(Tables { table, audit_table }: Tables) -> Self {
        Self { table, audit_table }
    }
}
