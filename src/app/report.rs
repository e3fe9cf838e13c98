//! `locktender report`: what the last days show of all locks.

use std::path::Path;

use super::output::{complain, print, print_json, stdout_output};
use super::parts::memory;
use super::{AppError, Success, command_line};
use crate::aws::Session;
use crate::commands::{self, ReportJson, Reported};
use crate::console::{report_csv, report_text};
use crate::picture::report_svg;
use crate::settings::{ReportFormat, Settings};
use crate::watch::LONGEST_PERIOD;
use crate::words::report as words;

/// Prints the report, and draws it into a file if one is given. What could not be read is said in
/// it, and on standard error where the format has no place for it.
///
/// # Errors
/// If a setting or the number of days is wrong, or the tables cannot be read.
pub async fn report(
    settings: &Settings,
    days: u32,
    format: ReportFormat,
    svg: Option<&Path>,
) -> Result<Success, AppError> {
    let wanted = u16::try_from(days).ok().filter(|days| (1..=LONGEST_PERIOD).contains(days));
    let wanted = wanted.ok_or_else(|| AppError::Refused(words::wrong_days(days)))?;
    let reading = command_line(settings).await?;
    let memory = memory(&Session::from_environment().await?, &settings.tables().into());
    let reported = commands::report(&reading, &*memory.holds, &*memory.trail, wanted).await?;
    let Reported { report, unread } = &reported;
    if let Some(file) = svg {
        let written = std::fs::write(file, report_svg(report, unread));
        let refused = |why| words::not_written(&file.display().to_string(), &why);
        written.map_err(|why| AppError::Refused(refused(why)))?;
    }
    match format {
        ReportFormat::Text => print(&report_text(report, unread, stdout_output()))?,
        ReportFormat::Json => print_json(&ReportJson::from(&reported))?,
        ReportFormat::Csv => {
            print(&report_csv(report))?;
            for gap in words::found_gaps(report, unread) {
                complain(&gap);
            }
        }
    }
    Ok(if unread.is_empty() { Success::Fine } else { Success::NotRead })
}
