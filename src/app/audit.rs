//! `locktender audit`: lists, verifies or exports the trail.

use std::io::{BufWriter, Write};
use std::ops::ControlFlow;

use super::output::{print, stdout_output};
use super::progress::Progress;
use super::{AppError, Success, command_line};
use crate::audit::Entry;
use crate::aws::{AwsTrail, Session};
use crate::console::{Chains, audit_csv, audit_csv_heading, audit_jsonl, verdict};
use crate::lock::StatePath;
use crate::ports::{Extent, Trail};
use crate::settings::{Audit, ExportFormat, Settings};
use crate::words::audit as words;
use crate::workers::verify_counted;

/// Lists, verifies or exports the trail, or one state's part of it.
///
/// # Errors
/// If a setting is wrong, the text is not a state's name, or the trail cannot be read.
pub async fn audit(settings: &Settings, call: &Audit) -> Result<Success, AppError> {
    let (Audit::List { state } | Audit::Verify { state } | Audit::Export { state, .. }) = call;
    let session = Session::from_environment().await?;
    let trail = AwsTrail::connect(&session, settings.tables().into());
    let path = match state {
        Some(state) => Some(path(settings, &trail, state).await?),
        None => None,
    };
    match call {
        Audit::List { .. } => {
            let mut chains = Chains::new(stdout_output());
            let heading = chains.heading();
            write(&trail, path.as_ref(), Some(heading), |entry| chains.entry(entry)).await
        }
        Audit::Export { format: ExportFormat::Jsonl, .. } => {
            write(&trail, path.as_ref(), None, audit_jsonl).await
        }
        Audit::Export { format: ExportFormat::Csv, .. } => {
            write(&trail, path.as_ref(), Some(audit_csv_heading()), audit_csv).await
        }
        Audit::Verify { .. } => verify(&trail, path.as_ref()).await,
    }
}

async fn verify(trail: &AwsTrail, path: Option<&StatePath>) -> Result<Success, AppError> {
    let progress = Progress::start();
    let verified = verify_counted(trail, path, &|| progress.entry()).await;
    drop(progress);
    let output = stdout_output();
    match verified? {
        Ok(verified) if verified.entries == 0 => {
            print(&words::nothing_recorded(path))?;
            Ok(Success::Fine)
        }
        Ok(verified) => {
            print(&verdict(true, &words::holds(&verified), output))?;
            Ok(Success::Fine)
        }
        Err(unsound) => {
            print(&verdict(false, &words::does_not_hold(&unsound.to_string()), output))?;
            Ok(Success::ConditionFails)
        }
    }
}

/// Finds the path of a state. A recorded path works without a backend, and any other name needs
/// one.
async fn path(settings: &Settings, trail: &AwsTrail, state: &str) -> Result<StatePath, AppError> {
    // The path may be in a bucket that is no longer configured.
    if let Ok(path) = StatePath::parse(state)
        && !trail.newest(&path, None, 1).await?.is_empty()
    {
        return Ok(path);
    }
    match command_line(settings).await {
        Ok(reading) => Ok(reading.resolve(state).await?.path),
        // Without a configured backend, only a path can name a state.
        Err(error) => StatePath::parse(state).map_err(|_| error),
    }
}

/// Writes one entry at a time, so that the whole trail is never in memory.
async fn write(
    trail: &AwsTrail,
    path: Option<&StatePath>,
    heading: Option<String>,
    mut line: impl FnMut(&Entry) -> String + Send,
) -> Result<Success, AppError> {
    let progress = Progress::beside_output();
    let mut out = BufWriter::new(std::io::stdout());
    if let Some(heading) = heading {
        writeln!(out, "{heading}")?;
    }
    let mut written = Ok(());
    let mut each = |entry: Entry| {
        written = writeln!(out, "{}", line(&entry));
        progress.entry();
        if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    trail.each(path.map_or(Extent::All, Extent::Chain), &mut each).await?;
    written?;
    out.flush()?;
    Ok(Success::Fine)
}
