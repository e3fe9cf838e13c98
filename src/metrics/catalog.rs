//! Every metric, declared once. docs/METRICS.md lists them, and a test compares both.

/// What kind of metric it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A number that only grows until the process ends.
    Counter,
    /// A number that goes up and down.
    Gauge,
    /// How many durations were at most as long as each of these, in seconds.
    Histogram(&'static [f64]),
}

/// One metric.
#[derive(Debug)]
pub struct Metric {
    /// Its name, which ends in its unit.
    pub name: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// What it says.
    pub help: &'static str,
    /// The names of its labels.
    pub labels: &'static [&'static str],
}

/// Discord waits 3 s for the first response, and the bot defers its answer after 1.5 s.
const INTERACTION: &[f64] = &[0.05, 0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 5.0, 10.0, 30.0];

/// DynamoDB and S3 answer within 50 ms as a rule. A try ends after 4 s.
const AWS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0];

const fn counter(
    name: &'static str,
    help: &'static str,
    labels: &'static [&'static str],
) -> Metric {
    Metric { name, kind: Kind::Counter, help, labels }
}

const fn gauge(name: &'static str, help: &'static str, labels: &'static [&'static str]) -> Metric {
    Metric { name, kind: Kind::Gauge, help, labels }
}

const fn histogram(
    name: &'static str,
    help: &'static str,
    labels: &'static [&'static str],
    buckets: &'static [f64],
) -> Metric {
    Metric { name, kind: Kind::Histogram(buckets), help, labels }
}

macro_rules! metrics {
    ($($constant:ident = $make:ident($($argument:expr),* $(,)?);)*) => {
        $(pub(super) static $constant: Metric = $make($($argument),*);)*
        /// Every metric of the bot, apart from those of the process.
        pub static ALL: &[&Metric] = &[$(&$constant),*];
    };
}

metrics! {
    BUILD_INFO = gauge("locktender_build_info", "1, with the version of the program.", &["version"]);
    READY = gauge("locktender_ready", "1 if /readyz says 200 now, 0 if it says 503.", &[]);
    LEASE_STATE = gauge(
        "locktender_lease_state",
        "1 for what this replica is now, 0 for the others: starting, standby, holder, or lapsed, which is a \
         holder whose lease ran out.",
        &["state"],
    );
    GATEWAY_STATE = gauge(
        "locktender_gateway_state",
        "1 for the state of the connection to Discord, 0 for the others: off, down, connected.",
        &["state"],
    );
    GATEWAY_CONNECTIONS = counter(
        "locktender_gateway_connections_total",
        "Connections to Discord that delivered interactions, by session: new or resumed.",
        &["session"],
    );
    PANICS = counter("locktender_panics_total", "Mistakes in the program that ended a part of it.", &[]);
    INTERACTIONS = counter(
        "locktender_interactions_total",
        "Commands, buttons and forms, by the command they lead to and by outcome: answered, refused, failed, \
         given up, unanswered.",
        &["command", "outcome"],
    );
    INTERACTION_DURATION = histogram(
        "locktender_interaction_duration_seconds",
        "Time until Discord had the whole answer to an interaction, also where it was deferred.",
        &["command"],
        INTERACTION,
    );
    AUTOCOMPLETIONS = counter(
        "locktender_autocompletions_total",
        "Lists of names that were offered while a person typed, by outcome: answered, unanswered.",
        &["outcome"],
    );
    AUTOCOMPLETION_DURATION = histogram(
        "locktender_autocompletion_duration_seconds",
        "Time until Discord had the names.",
        &[],
        INTERACTION,
    );
    REQUESTS_OPENED = counter(
        "locktender_requests_opened_total",
        "Requests to unlock that this replica opened.",
        &[],
    );
    REQUESTS_ENDED = counter(
        "locktender_requests_ended_total",
        "Requests to unlock that this replica ended, by outcome.",
        &["outcome"],
    );
    OPEN_REQUESTS = gauge(
        "locktender_open_requests",
        "Open requests to unlock, by status: pending or executing.",
        &["status"],
    );
    LONGEST_RELEASE = gauge(
        "locktender_longest_release_seconds",
        "How long the oldest approved release is under way. 0 if none is.",
        &[],
    );
    BACKEND_INFO = gauge("locktender_backend_info", "1 for each configured backend.", &["backend"]);
    HELD_LOCKS = gauge("locktender_held_locks", "Held locks at the last look.", &["backend"]);
    OLDEST_HOLD = gauge(
        "locktender_oldest_hold_seconds",
        "Age of the oldest held lock at the last look. 0 if none is held.",
        &["backend"],
    );
    LOOKS = counter(
        "locktender_looks_total",
        "Looks at the locks of a backend, by outcome: read, failed.",
        &["backend", "outcome"],
    );
    LAST_LOOK = gauge(
        "locktender_last_look_timestamp_seconds",
        "When all locks of a backend were last read.",
        &["backend"],
    );
    OUTBOX_NOTICES = gauge(
        "locktender_outbox_notices",
        "Notices that are not delivered yet.",
        &[],
    );
    OUTBOX_OLDEST = gauge(
        "locktender_outbox_oldest_seconds",
        "Age of the oldest notice that is not delivered yet. 0 if there is none.",
        &[],
    );
    DELIVERIES = counter(
        "locktender_deliveries_total",
        "Tries to deliver notices to Discord, by outcome: posted, nothing to say, message gone, later, \
         everywhere, refused, not taken, channel gone, malformed.",
        &["outcome"],
    );
    NOTICES_GIVEN_UP = counter(
        "locktender_notices_given_up_total",
        "Notices that were set aside without being delivered.",
        &[],
    );
    AWS_REQUESTS = counter(
        "locktender_aws_requests_total",
        "Tries of calls to AWS, by service, operation and outcome: ok, condition, not found, throttled, denied, \
         credentials, missing, unreachable, timeout, failed.",
        &["service", "operation", "outcome"],
    );
    AWS_REQUEST_DURATION = histogram(
        "locktender_aws_request_duration_seconds",
        "Time of each try of a call to AWS.",
        &["service", "operation"],
        AWS,
    );
    TRAIL_HOLDS = gauge(
        "locktender_trail_holds",
        "1 if the whole audit trail held when this replica last checked it, 0 if not.",
        &[],
    );
    TRAIL_CHECKED = gauge(
        "locktender_trail_checked_timestamp_seconds",
        "When this replica last checked the whole audit trail.",
        &[],
    );
    PROCESS_CPU = gauge(
        "process_cpu_seconds_total",
        "Processor time that the process has used. Only on Linux, like the others of the process.",
        &[],
    );
    PROCESS_MEMORY = gauge(
        "process_resident_memory_bytes",
        "Memory of the process that is in use.",
        &[],
    );
    PROCESS_FDS = gauge("process_open_fds", "Open file descriptors.", &[]);
    PROCESS_MAX_FDS = gauge("process_max_fds", "Limit on open file descriptors.", &[]);
}
