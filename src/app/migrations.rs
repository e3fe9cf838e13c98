//! The migrations of the bot's own tables: applied, listed, or required by a start.

use super::output::print;
use super::progress::Progress;
use super::{AppError, Success};
use crate::aws::{LedgerTables, Migrations, Session};
use crate::settings::Settings;

/// `locktender migrate`: makes or changes the bot's own tables.
///
/// # Errors
/// When they cannot be read or made.
pub async fn migrate(settings: &Settings) -> Result<Success, AppError> {
    let migrations = connect(settings).await?;
    let progress = Progress::start();
    let applied = migrations.apply_telling(&|table| progress.waits_for(table)).await;
    drop(progress);
    let applied = applied?;
    for name in &applied {
        print(&format!("{name} applied"))?;
    }
    if applied.is_empty() {
        print("Nothing was pending.")?;
    }
    Ok(Success::Fine)
}

/// `locktender migrate --check`: lists the pending migrations.
///
/// # Errors
/// When the tables cannot be read.
pub async fn check_migrations(settings: &Settings) -> Result<Success, AppError> {
    let pending = connect(settings).await?.pending().await?;
    if pending.is_empty() {
        print("Nothing is pending.")?;
        return Ok(Success::Fine);
    }
    for name in &pending {
        print(&format!("{name} is pending"))?;
    }
    Ok(Success::ConditionFails)
}

/// Applies the migrations before a start.
pub(super) async fn apply(session: &Session, tables: &LedgerTables) -> Result<(), AppError> {
    for name in Migrations::connect(session, tables.clone()).apply().await? {
        tracing::info!(name, "migration applied");
    }
    Ok(())
}

/// Requires before a start that the migrations were applied. If that cannot be read, the bot starts, and
/// its answers say what is wrong.
pub(super) async fn require(session: &Session, tables: &LedgerTables) -> Result<(), AppError> {
    match Migrations::connect(session, tables.clone()).pending().await {
        Ok(pending) if pending.is_empty() => Ok(()),
        Ok(_) => Err(AppError::NotMigrated { table: tables.table.clone() }),
        Err(fault) => {
            tracing::warn!(kind = fault.kind.as_str(), "migrations not checked: {fault}");
            Ok(())
        }
    }
}

async fn connect(settings: &Settings) -> Result<Migrations, AppError> {
    let session = Session::from_environment().await?;
    Ok(Migrations::connect(&session, settings.tables().into()))
}
