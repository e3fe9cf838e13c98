//! The log: one event a line on standard error, as text or JSON.

use std::io::stderr;
use std::time::Duration;

use tracing::Level;
use tracing_subscriber::filter::{EnvFilter, FilterExt, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, fmt, registry};

/// How a line of the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines, one JSON object a line.
    Json,
}

/// Starts the log of this process on standard error. Panics are logged with their place, and
/// without their words, which may quote what must not be logged.
///
/// Libraries speak at `warn` at the most, whatever the filter says: serenity's and tungstenite's
/// finer events carry the bot token and the tokens of interactions. The AWS SDK and the embedded
/// `DynamoDB` speak at `error`: what they warn of comes back as a fault, which says it better and
/// without whole responses.
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
    // There is one already only where somebody calls this twice, and then it may stay.
    let _ = tracing::subscriber::set_global_default(subscriber);
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a mistake in the program (panic)");
    }));
}

/// A duration as the log writes it, in whole milliseconds.
#[must_use]
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
