//! Defines each setting once: as a variable, as a flag, and in the help text.
//!
//! Here clap only collects texts. They are checked in `checked.rs`, so that a mistake gives one
//! sentence with the variable's name, and an empty variable counts as not set.

mod checked;
mod duration;
mod file;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzz;
mod joined;
mod pages;
mod problems;

use std::sync::OnceLock;

use clap::{Args, Parser, Subcommand};
use secrecy::SecretString;

pub use self::checked::{DiscordSettings, SettingsError, Tables};
pub use self::file::{BACKEND_KEYS, Config, HOLDER_KEYS, POLICY_KEYS, PolicyTable};
pub use self::pages::{completions, manual};

/// Tends a team's Terraform and OpenTofu state locks from Discord.
#[derive(Debug, Parser)]
#[command(name = "locktender", version, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub call: Call,
    /// Settings; each is also read from the environment and from a `.env` file.
    #[command(flatten)]
    pub settings: Settings,
}

const EXIT_CODES: &str = "Exit codes: 0 fine, 1 the asked-for condition does not hold, 2 usage or \
    configuration, 3 a backend is unreachable or refuses.\n\
    AWS region, credentials and endpoints come from the usual places of the AWS SDK: AWS_REGION, \
    AWS_PROFILE, AWS_ENDPOINT_URL and so on.";

/// What the program can be asked to do.
#[derive(Debug, Subcommand)]
pub enum Call {
    /// Connect to Discord and answer there
    Run {
        /// Apply pending migrations first
        #[arg(long)]
        migrate: bool,
    },
    /// Try everything in this terminal, with nothing to set up
    ///
    /// A chat with the bot, over a DynamoDB in this process that has some locks. A line is a
    /// command, such as `status env/prod`, or a button, such as `press Approve`. A name before it
    /// says who speaks: `bob: press Approve`. Lines are also read from a pipe.
    #[cfg(feature = "embedded")]
    Demo {
        /// Keep the demo's data in this file
        #[arg(long, value_name = "FILE")]
        db: Option<std::path::PathBuf>,
    },
    /// Who holds a state's lock, and for how long
    Status {
        /// The state's name, such as env/prod, its path, bucket/key, or the ID of its lock
        state: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// Exit with 1 while the state is locked, with 2 if nothing was ever seen of it
        #[arg(long)]
        exit_code: bool,
    },
    /// Every held lock, oldest first
    List {
        /// Only locks with this in their state's name or path, their holder, or their ID
        #[arg(default_value = "", hide_default_value = true)]
        filter: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// Keep it up to date in this terminal until Ctrl-C, with a look after each poll interval
        #[arg(long, conflicts_with = "json")]
        watch: bool,
    },
    /// What was recorded: who asked for which lock to be released, who approved, what came of it
    Audit {
        /// What to do with it
        #[command(subcommand)]
        call: Audit,
    },
    /// What the last days show of all locks: holds, waits and forced unlocks
    ///
    /// Reads what is recorded already: the past holds, the current ones and the audit trail. Says what is not
    /// known. Names machines by a pattern, and people not at all.
    Report {
        /// How many days, today included; at most 90, because past holds are not kept longer
        #[arg(long, value_name = "DAYS", default_value_t = 30)]
        days: u32,
        /// As text for people, as CSV with a row for each state, or as one JSON object
        #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
        format: ReportFormat,
        /// Also draw it into this file, as an SVG picture
        #[arg(long, value_name = "FILE")]
        svg: Option<std::path::PathBuf>,
    },
    /// Look at the settings, tables, permissions, locks and the Discord server, and say what is wrong
    ///
    /// Changes nothing that people or Terraform rely on. In an S3-compatible store that is not AWS's own, it writes
    /// and removes one object, .locktender-probe-…
    ///
    /// Exits with 1 if something is wrong, with 3 if nothing is wrong but something could not be looked at, and
    /// with 0 if all is well.
    Doctor {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Create the bot's own tables, or bring them up to date
    Migrate {
        /// Change nothing; exit with 1 if there is something to do
        #[arg(long)]
        check: bool,
    },
    /// What the settings and the configuration file mean
    Config {
        /// What to do with them
        #[command(subcommand)]
        call: ConfigCall,
    },
    /// Print what a shell needs to complete this program's commands and flags
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

/// What can be done with the settings.
#[derive(Debug, Subcommand)]
pub enum ConfigCall {
    /// Report every mistake, or print what they mean; asks neither AWS nor Discord
    Check {
        /// Also explain a state: its backend, where its lock is, and its rules
        #[arg(long, value_name = "STATE")]
        explain: Option<String>,
    },
}

/// What can be done with the audit trail.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Print it for people, chain by chain
    List {
        /// Only this state: its name, such as env/prod, or its path, bucket/key
        #[arg(long)]
        state: Option<String>,
    },
    /// Check that nothing was changed; exit with 1 and name the first bad entry if something was
    Verify {
        /// Only this state
        #[arg(long)]
        state: Option<String>,
    },
    /// Print it for machines
    Export {
        /// Only this state
        #[arg(long)]
        state: Option<String>,
        /// As one JSON object a line, or as CSV
        #[arg(long, value_enum, default_value_t = ExportFormat::Jsonl)]
        format: ExportFormat,
    },
}

/// How the audit trail is written for machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ExportFormat {
    /// One JSON object a line, with every field as it is stored.
    Jsonl,
    /// Comma-separated values with a heading (RFC 4180), the nested fields in columns of their own.
    Csv,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ReportFormat {
    /// For people.
    Text,
    /// Comma-separated values with a heading (RFC 4180), a row for each state.
    Csv,
    /// One JSON object with everything.
    Json,
}

/// The settings as they are written, not checked yet.
#[derive(Args, Debug)]
pub struct Settings {
    /// Bot token, from the Discord developer portal; as a flag it shows in the list of processes
    #[arg(long, env = "DISCORD_TOKEN", global = true, hide_env_values = true, help_heading = DISCORD, value_name = "TOKEN")]
    discord_token: Option<SecretString>,

    /// Id of the server to serve; interactions from elsewhere are refused
    #[arg(long, env = "DISCORD_GUILD_ID", global = true, hide_env_values = true, help_heading = DISCORD, value_name = "ID")]
    discord_guild_id: Option<String>,

    /// Base address of Discord's REST API in place of its own, for a proxy; the gateway's address
    /// is asked there
    #[arg(long, env = "DISCORD_API_URL", global = true, hide_env_values = true, help_heading = DISCORD, value_name = "URL")]
    discord_api_url: Option<String>,

    /// Ids of the roles whose members may approve and deny, comma-separated
    #[arg(long, env = "LOCKTENDER_APPROVER_ROLE_IDS", global = true, hide_env_values = true, help_heading = UNLOCK,
        value_name = "IDS")]
    approver_role_ids: Option<String>,

    /// How many people have to approve, the requester not counted
    #[arg(long, env = "LOCKTENDER_APPROVALS", global = true, hide_env_values = true, help_heading = UNLOCK,
        value_name = "NUMBER", default_value = APPROVALS)]
    approvals: String,

    /// How long a request can be approved
    #[arg(long, env = "LOCKTENDER_REQUEST_TTL", global = true, hide_env_values = true, help_heading = UNLOCK,
        value_name = "DURATION", default_value = REQUEST_TTL)]
    request_ttl: String,

    /// Age past which a lock counts as stale where there are too few past holds to tell
    #[arg(long, env = "LOCKTENDER_STALE_AFTER", global = true, hide_env_values = true, help_heading = UNLOCK,
        value_name = "DURATION", default_value = STALE_AFTER)]
    stale_after: String,

    /// Ids of the roles whose members may ask for an unlock, comma-separated; without them, anybody
    #[arg(long, env = "LOCKTENDER_REQUESTER_ROLE_IDS", global = true, hide_env_values = true, help_heading = UNLOCK,
        value_name = "IDS")]
    requester_role_ids: Option<String>,

    /// Ids of the channels in which it may be asked, with their public threads, comma-separated; without
    /// them, any channel
    #[arg(long, env = "LOCKTENDER_REQUEST_CHANNEL_IDS", global = true, hide_env_values = true, help_heading = UNLOCK,
        value_name = "IDS")]
    request_channel_ids: Option<String>,

    /// Id of the channel where locks that clear or look stale, and checkpoints of the audit trail, are
    /// announced
    #[arg(long, env = "LOCKTENDER_ANNOUNCE_CHANNEL_ID", global = true, hide_env_values = true, help_heading = UNLOCK,
        value_name = "ID")]
    announce_channel_id: Option<String>,

    /// Shorter holds are not announced when they end, unless a person waited, the lock looked stale, or a
    /// request released it
    #[arg(long, env = "LOCKTENDER_ANNOUNCE_MIN_HOLD", global = true, hide_env_values = true, help_heading = UNLOCK,
        value_name = "DURATION", default_value = ANNOUNCE_MIN_HOLD)]
    announce_min_hold: String,

    /// When a report of the last seven days is posted in that channel each week, in UTC, such as `monday 09:00`;
    /// without it, never
    #[arg(long, env = "LOCKTENDER_REPORT_AT", global = true, hide_env_values = true, help_heading = UNLOCK,
        value_name = "TIME")]
    report_at: Option<String>,

    /// The bot's own DynamoDB table
    #[arg(long, env = "LOCKTENDER_TABLE", global = true, hide_env_values = true, help_heading = UNLOCK,
        value_name = "TABLE", default_value = TABLE)]
    table: String,

    /// DynamoDB table of the audit trail
    #[arg(long, env = "LOCKTENDER_AUDIT_TABLE", global = true, hide_env_values = true, help_heading = UNLOCK,
        value_name = "TABLE", default_value = AUDIT_TABLE)]
    audit_table: String,

    /// TOML file with several backends, rules by state, and the people behind holders; with a backend
    /// in it, the settings of one backend below are not used
    #[arg(long, env = "LOCKTENDER_CONFIG", global = true, hide_env_values = true, help_heading = BACKEND,
        value_name = "FILE")]
    config: Option<String>,

    /// What the file says. It is read once.
    #[arg(skip)]
    file: OnceLock<Result<Config, SettingsError>>,

    /// Bucket of the states
    #[arg(long, env = "LOCKTENDER_STATE_BUCKET", global = true, hide_env_values = true, help_heading = BACKEND,
        value_name = "BUCKET")]
    state_bucket: Option<String>,

    /// Pause between two looks at all locks
    #[arg(long, env = "LOCKTENDER_POLL_INTERVAL", global = true, hide_env_values = true, help_heading = BACKEND,
        value_name = "DURATION", default_value = POLL_INTERVAL)]
    poll_interval: String,

    /// How a state's name becomes its key
    #[arg(long, env = "LOCKTENDER_STATE_KEY", global = true, hide_env_values = true, help_heading = BACKEND,
        value_name = "TEMPLATE", default_value = STATE_KEY)]
    state_key: String,

    /// Workspace key prefix, as in the backend block; may be empty
    #[arg(long, env = "LOCKTENDER_WORKSPACE_KEY_PREFIX", global = true, hide_env_values = true, help_heading = BACKEND,
        value_name = "PREFIX", default_value = WORKSPACE_KEY_PREFIX)]
    workspace_key_prefix: String,

    /// DynamoDB table of the locks; needed unless there are lockfiles
    #[arg(long, env = "LOCKTENDER_LOCK_TABLE", global = true, hide_env_values = true, help_heading = BACKEND,
        value_name = "TABLE")]
    lock_table: Option<String>,

    /// Whether there are S3 lockfiles; needed unless there is a lock table
    #[arg(long, env = "LOCKTENDER_USE_LOCKFILE", global = true, hide_env_values = true, help_heading = BACKEND,
        value_name = "BOOL", default_value = "false", default_missing_value = "true",
        num_args = 0..=1, require_equals = true)]
    use_lockfile: String,

    /// Address and port on which `run` serves /healthz, /readyz and /metrics over HTTP, such as
    /// 127.0.0.1:8080; without it, none
    #[arg(long, env = "LOCKTENDER_HTTP_ADDR", global = true, hide_env_values = true, help_heading = LOG,
        value_name = "ADDRESS")]
    http_addr: Option<String>,

    /// What is logged: error, warn, info, debug, or a filter such as `locktender::aws=debug`
    #[arg(long, env = "LOCKTENDER_LOG", global = true, hide_env_values = true, help_heading = LOG, value_name = "FILTER",
        default_value = LEVEL)]
    log: String,

    /// How it is logged: text or json
    #[arg(long, env = "LOCKTENDER_LOG_FORMAT", global = true, hide_env_values = true, help_heading = LOG,
        value_name = "FORMAT", default_value = "text")]
    log_format: String,
}

/// The defaults, also used for an empty variable.
const STATE_KEY: &str = "{state}/terraform.tfstate";
const WORKSPACE_KEY_PREFIX: &str = "env:";
const LEVEL: &str = "info";
const APPROVALS: &str = "1";
const REQUEST_TTL: &str = "30m";
const STALE_AFTER: &str = "2h";
const ANNOUNCE_MIN_HOLD: &str = "0s";
const POLL_INTERVAL: &str = "5s";
const TABLE: &str = "locktender";
const AUDIT_TABLE: &str = "locktender-audit";

const DISCORD: &str = "Discord";
const UNLOCK: &str = "Unlocking";
const BACKEND: &str = "State locks";
const LOG: &str = "Health and log";
