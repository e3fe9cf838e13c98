//! The log: one event a line on standard error, as text or JSON.

use std::io::stderr;
use std::time::Duration;

use tracing::Level;
use tracing_subscriber::filter::{EnvFilter, FilterExt, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, fmt, registry};

use crate::metrics;

/// How a line of the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines, one JSON object a line.
    Json,
}

/// Starts the log of this process on standard error. A panic is logged with its place but without
/// its message, which may quote secrets.
///
/// Libraries log at `warn` and above, even if the filter asks for more: finer events of serenity
/// and tungstenite contain the bot token and the tokens of interactions. The AWS SDK and the
/// embedded `DynamoDB` log only at `error`. Their warnings come back as faults, which are clearer
/// and do not contain whole responses.
pub fn start(filter: EnvFilter, format: LogFormat) {
    let quiet_libraries = filter_fn(|metadata| match metadata.target() {
        own if own.starts_with("locktender") => true,
        aws if aws.starts_with("aws") || aws.starts_with("dynoxide") => {
            *metadata.level() <= Level::ERROR
        }
        _ => *metadata.level() <= Level::WARN,
    });
    let layer = match format {
        LogFormat::Text => fmt::layer().with_ansi(false).with_writer(stderr).boxed(),
        LogFormat::Json => fmt::layer().json().flatten_event(true).with_writer(stderr).boxed(),
    };
    let subscriber = registry().with(layer.with_filter(filter.and(quiet_libraries)));
    // This fails only if it is called twice, and then the first subscriber stays.
    let _ = tracing::subscriber::set_global_default(subscriber);
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        metrics::panicked();
        tracing::error!(place, "a mistake in the program (panic)");
    }));
}

/// A duration in whole milliseconds, as the log writes it.
#[must_use]
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
