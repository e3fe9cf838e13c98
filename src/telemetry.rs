//! The log: one event a line on standard error, as text or JSON.

use std::time::Duration;

use tracing::{Level, Subscriber};
use tracing_subscriber::filter::{EnvFilter, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, fmt};

/// How a line of the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines, one JSON object a line.
    Json,
}

/// The log at `filter`, written to `writer`.
///
/// Libraries speak at `warn` at the most, whatever the filter says: serenity's and tungstenite's
/// finer events carry the bot token and the tokens of interactions.
///
/// # Errors
/// When the filter cannot be read, with the reason.
pub fn subscriber<W>(
    filter: &str,
    format: LogFormat,
    writer: W,
) -> Result<impl Subscriber + Send + Sync + use<W>, String>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let wanted = EnvFilter::try_new(filter).map_err(|error| error.to_string())?;
    let quiet_libraries = filter_fn(|metadata| {
        metadata.target().starts_with("locktender") || *metadata.level() <= Level::WARN
    });
    let layer = match format {
        LogFormat::Text => fmt::layer().with_ansi(false).with_writer(writer).boxed(),
        LogFormat::Json => fmt::layer().json().flatten_event(true).with_writer(writer).boxed(),
    };
    Ok(tracing_subscriber::registry().with(layer.with_filter(quiet_libraries).with_filter(wanted)))
}

/// Starts the log of this process on standard error.
///
/// # Errors
/// When the filter cannot be read, with the reason.
pub fn start(filter: &str, format: LogFormat) -> Result<(), String> {
    let subscriber = subscriber(filter, format, std::io::stderr)?;
    tracing::subscriber::set_global_default(subscriber).map_err(|error| error.to_string())
}

/// A duration as the log writes it, in whole milliseconds.
#[must_use]
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
