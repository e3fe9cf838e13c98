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
mod live;
mod migrations;
mod output;
mod pages;
mod parts;
mod progress;
mod replica;
mod report;
mod workers;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

pub use self::audit::audit;
pub use self::config::check_config;
#[cfg(feature = "embedded")]
pub use self::demo::demo;
use self::doctor::Patient;
use self::end::on_signal;
pub use self::end::{AppError, Success};
pub use self::live::watch;
pub use self::migrations::{check_migrations, migrate};
use self::output::{complain, print, print_json, stdout_output};
pub use self::pages::{completions, manual};
use self::parts::{Parts, memory, reading};
use self::replica::{Relieved, take_turns};
pub use self::report::report;
use self::workers::Workers;
use crate::aws::{
    AwsLease, AwsLocks, AwsOwnTables, AwsStoreChecks, AwsWeeks, LedgerTables, Session,
};
use crate::clock::SystemClock;
use crate::commands::{self, LockList, StatusJson};
use crate::console::{answer_text, lock_table};
use crate::discord::{Bot, Connection, Poster};
use crate::finding::{Known, Reading};
use crate::host::this_replica;
use crate::lock::{BackendStores, LockState};
use crate::people::Holders;
use crate::ports::ExamineServer;
use crate::settings::{Settings, SettingsError, Tables};
use crate::standing::Standing;
use crate::unlock::Policies;
use crate::watch::WeeklyTime;
use crate::words::list::missing_of;
use crate::words::listed::none_listed;
use crate::words::lock as words;
use crate::workers::{
    LeaseKeeper, LiveDirectory, Lookout, OutboxCourier, PatientDirectory, StoreFindings,
};

/// `locktender run`: the bot, until SIGINT or SIGTERM.
///
/// # Errors
/// If a setting is wrong, the tables are missing, or Discord refuses.
pub async fn run(settings: &Settings, migrate: bool) -> Result<Success, AppError> {
    let discord = settings.discord()?;
    let policies = settings.policies()?;
    let holders = settings.holders()?;
    let backends = settings.backends()?;
    let interval = settings.poll_interval()?;
    let report_at = settings.report_at()?;
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
    let connection = Connection::new(discord.token, discord.guild_id, discord.api_url);
    let serving =
        Serving { settings, session, connection, policies, holders, backends, interval, report_at };
    let leases = Arc::new(AwsLease::connect(&serving.session, tables));
    let keeper = LeaseKeeper::new(leases, this_replica(), standing.clone(), Arc::new(SystemClock));
    // On the heap: a standby does not need it yet.
    let serve = async |turn, relieved: Relieved<'_>| {
        Box::pin(serving.serve(&standing, turn, relieved)).await
    };
    take_turns(&Arc::new(keeper), &shutdown, serve).await?;
    Ok(Success::Fine)
}

/// What a replica serves with while it holds the lease.
struct Serving<'s> {
    settings: &'s Settings,
    session: Session,
    connection: Connection,
    policies: Policies,
    holders: Holders,
    backends: Vec<BackendStores>,
    /// How often the locks are looked at.
    interval: Duration,
    /// When the weekly report is posted, if it is.
    report_at: Option<WeeklyTime>,
}

impl Serving<'_> {
    /// Starts the workers and connects to Discord, until `turn` ends or Discord refuses the bot.
    async fn serve(
        &self,
        standing: &Standing,
        turn: CancellationToken,
        relieved: Relieved<'_>,
    ) -> Result<(), AppError> {
        let tables: LedgerTables = self.settings.tables().into();
        let memory = memory(&self.session, &tables);
        let checks = AwsStoreChecks::connect(&self.session, tables.clone());
        let locks = AwsLocks::connect(&self.session, self.backends.clone()).with_checks(checks);
        let locks = Arc::new(locks);
        let names = Arc::new(LiveDirectory::new(locks.clone()).with_memory(memory));
        let reading = reading(&self.backends, locks.clone(), names.clone());
        let connection = self.connection.clone();
        let patient = Patient {
            flaws: doctor::flaws(self.settings, None),
            session: Ok(self.session.clone()),
            tables: tables.clone(),
            backends: &self.backends,
            locks: Some(locks.clone()),
            server: Some(Arc::new(connection.clone())),
            policies: Some(self.policies.clone()),
        };
        let parts = Parts {
            tables,
            backends: &self.backends,
            policies: self.policies.clone(),
            holders: self.holders.clone(),
            doctor: patient.doctor(),
            channels: Arc::new(Poster::new(connection.clone())),
            members: Arc::new(connection.clone()),
        };
        let (context, courier) = parts.join(&self.session, reading);

        let mut workers = Workers::new(turn.clone());
        workers.start(&names, |names, end| async move { names.run(end).await });
        workers.start_last(&courier, OutboxCourier::run);
        workers.watch_requests(&context);
        if let Some(at) = self.report_at {
            let weeks = AwsWeeks::connect(&self.session, self.settings.tables().into());
            workers.report_weekly(&context, at, Arc::new(weeks));
        }
        let findings = Arc::new(StoreFindings(locks.clone()));
        workers.start(&findings, |findings, end| async move { findings.run(end).await });
        for group in locks.groups() {
            let names = group.backends();
            let lookout = Lookout::new(context.clone(), Arc::new(group), self.interval);
            let lookout = Arc::new(lookout.measured(names));
            workers.start(&lookout, |lookout, end| async move { lookout.run(end).await });
        }
        let bot = Bot { connection, context, standing: standing.clone() };
        let result = bot.run(turn.clone().cancelled_owned(), relieved).await;
        turn.cancel();
        let ended = workers.end().await;
        result?;
        ended
    }
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
        print(&answer_text(&words::status(&report), stdout_output()))?;
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
        let none = none_listed(filter, unread.is_empty());
        print(&lock_table(&reports, &none, stdout_output()))?;
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
