//! What the bot counts and measures, for Prometheus.
//!
//! [`catalog`](self) declares each metric once. The rest of the bot calls the functions here, one for each thing
//! that happens. They cost next to nothing until an [`Exporter`] is installed. No label has the name of a state,
//! a person or a channel: the values of each label are bounded by the code or by the configuration.
//!
//! A gauge says what a worker has read anyway. If it was not read again for a while, it becomes `NaN`: not
//! known.

mod catalog;
mod exporter;
mod gauges;
mod ledger;
#[cfg(target_os = "linux")]
mod process;

use std::time::Duration;

use ::metrics::{Key, Label, Level, Metadata, SharedString, with_recorder};
use chrono::{DateTime, Utc};

pub use self::catalog::{ALL, Kind, Metric};
pub use self::exporter::{CONTENT_TYPE, Exporter, NotInstalled};
pub(crate) use self::gauges::is_on;
use self::gauges::{Lasts, set};
pub use self::ledger::CountedLedger;

const METADATA: Metadata<'static> =
    Metadata::new("locktender", Level::INFO, Some("locktender::metrics"));

/// A metric with the values of its labels.
fn key<const N: usize>(metric: &'static Metric, values: [SharedString; N]) -> Key {
    debug_assert_eq!(metric.labels.len(), N, "the labels of {}", metric.name);
    let labels = metric.labels.iter().zip(values);
    let labels: Vec<Label> = labels.map(|(name, value)| Label::new(*name, value)).collect();
    Key::from_parts(metric.name, labels)
}

fn count<const N: usize>(metric: &'static Metric, values: [SharedString; N], times: u64) {
    if !is_on() {
        return;
    }
    let counter = |recorder: &dyn ::metrics::Recorder| {
        recorder.register_counter(&key(metric, values), &METADATA).increment(times);
    };
    with_recorder(counter);
}

fn took<const N: usize>(metric: &'static Metric, values: [SharedString; N], time: Duration) {
    if !is_on() {
        return;
    }
    let histogram = |recorder: &dyn ::metrics::Recorder| {
        recorder.register_histogram(&key(metric, values), &METADATA).record(time.as_secs_f64());
    };
    with_recorder(histogram);
}

/// An interaction was answered, or could not be. `command` and `outcome` are as in the log.
pub fn interaction(command: &'static str, outcome: &'static str, time: Duration) {
    count(&catalog::INTERACTIONS, [command.into(), outcome.into()], 1);
    took(&catalog::INTERACTION_DURATION, [command.into()], time);
}

/// Names were offered while a person typed, or Discord did not take them.
pub fn autocompletion(is_taken: bool, time: Duration) {
    let outcome = if is_taken { "answered" } else { "unanswered" };
    count(&catalog::AUTOCOMPLETIONS, [outcome.into()], 1);
    took(&catalog::AUTOCOMPLETION_DURATION, [], time);
}

/// Discord's gateway has begun or resumed a session.
pub fn gateway_connected(is_resumed: bool) {
    let session = if is_resumed { "resumed" } else { "new" };
    count(&catalog::GATEWAY_CONNECTIONS, [session.into()], 1);
}

/// A try of a call to AWS has ended.
pub fn request_to_aws(service: &str, operation: &str, outcome: &'static str, time: Duration) {
    if !is_on() {
        return;
    }
    let (service, operation) = (service.to_owned(), operation.to_owned());
    count(
        &catalog::AWS_REQUESTS,
        [service.clone().into(), operation.clone().into(), outcome.into()],
        1,
    );
    took(&catalog::AWS_REQUEST_DURATION, [service.into(), operation.into()], time);
}

/// A backend is configured.
pub fn backend(name: &str) {
    set(key(&catalog::BACKEND_INFO, [name.to_owned().into()]), 1.0, Lasts::Forever);
}

/// The locks of a backend were read: how many are held, and the age of the oldest hold.
pub fn looked(backend: &str, held: usize, oldest: Option<Duration>, at: DateTime<Utc>) {
    let of = |metric| key(metric, [backend.to_owned().into()]);
    set(of(&catalog::HELD_LOCKS), whole(held), Lasts::UntilStale);
    set(of(&catalog::OLDEST_HOLD), age(held, oldest), Lasts::UntilStale);
    set(of(&catalog::LAST_LOOK), seconds(at), Lasts::Forever);
    count(&catalog::LOOKS, [backend.to_owned().into(), "read".into()], 1);
}

/// The locks of a backend could not be read.
pub fn not_looked(backend: &str) {
    count(&catalog::LOOKS, [backend.to_owned().into(), "failed".into()], 1);
}

/// The open requests were read: how many wait, how many are released, and for how long the oldest of those.
pub fn open_requests(pending: usize, executing: usize, longest: Duration) {
    let of = |status: &'static str| key(&catalog::OPEN_REQUESTS, [status.into()]);
    set(of("pending"), whole(pending), Lasts::UntilStale);
    set(of("executing"), whole(executing), Lasts::UntilStale);
    set(key(&catalog::LONGEST_RELEASE, []), longest.as_secs_f64(), Lasts::UntilStale);
}

/// The outbox was read: how many notices it has, and the age of the oldest.
pub fn outbox(notices: usize, oldest: Option<Duration>) {
    set(key(&catalog::OUTBOX_NOTICES, []), whole(notices), Lasts::UntilStale);
    set(key(&catalog::OUTBOX_OLDEST, []), age(notices, oldest), Lasts::UntilStale);
}

/// Discord has answered the delivery of notices.
pub fn delivery(outcome: &'static str) {
    count(&catalog::DELIVERIES, [outcome.into()], 1);
}

/// A notice was given up.
pub fn notice_given_up() {
    count(&catalog::NOTICES_GIVEN_UP, [], 1);
}

/// The whole audit trail was checked.
pub fn trail_checked(holds: bool, at: DateTime<Utc>) {
    set(key(&catalog::TRAIL_HOLDS, []), f64::from(u8::from(holds)), Lasts::Forever);
    set(key(&catalog::TRAIL_CHECKED, []), seconds(at), Lasts::Forever);
}

/// A request to unlock was opened.
fn request_opened() {
    count(&catalog::REQUESTS_OPENED, [], 1);
}

/// A request to unlock has ended.
fn request_ended(outcome: &'static str) {
    count(&catalog::REQUESTS_ENDED, [outcome.into()], 1);
}

/// A part of the program panicked.
pub fn panicked() {
    count(&catalog::PANICS, [], 1);
}

/// A number as a gauge has it. A gauge is exact up to 2^53, and nothing here is counted so far.
#[expect(clippy::cast_precision_loss, reason = "see above")]
fn real(number: u64) -> f64 {
    number as f64
}

fn whole(count: usize) -> f64 {
    real(u64::try_from(count).unwrap_or(u64::MAX))
}

/// The age of the oldest of some things. 0 if there is none, and `NaN` if it is not known.
fn age(count: usize, oldest: Option<Duration>) -> f64 {
    match (count, oldest) {
        (0, _) => 0.0,
        (_, Some(oldest)) => oldest.as_secs_f64(),
        (_, None) => f64::NAN,
    }
}

/// A moment in seconds since 1970.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of this century are exact")]
fn seconds(at: DateTime<Utc>) -> f64 {
    at.timestamp_millis() as f64 / 1_000.0
}
