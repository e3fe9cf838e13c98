//! Every setting, once: as a variable, as a flag, and as documentation.
//!
//! clap only collects texts here. They are checked where they are used together, so that a mistake
//! is told in one sentence with the variable's name, and an empty variable counts as not set.

use clap::{Args, Parser, Subcommand};
use secrecy::{ExposeSecret, SecretString};
use tracing_subscriber::EnvFilter;

use crate::lock::{Backend, BackendName, BackendStores, KeyTemplate, NoStore};
use crate::telemetry::LogFormat;

/// The backend that the variables configure; a name that no state's name needs to have in front.
const ONLY_BACKEND: &str = "main";

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
    Run,
    /// Try everything in this terminal, with nothing to set up
    #[cfg(feature = "embedded")]
    Demo {
        /// Keep the demo's data in this file
        #[arg(long, value_name = "FILE")]
        db: Option<std::path::PathBuf>,
    },
    /// Who holds a state's lock, and for how long
    Status {
        /// The state's name, such as env/prod, or its path, bucket/key
        state: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// Exit with 1 while the state is locked
        #[arg(long)]
        exit_code: bool,
    },
    /// Every held lock, oldest first
    List {
        /// Only states and holders with this in their name
        #[arg(default_value = "", hide_default_value = true)]
        filter: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
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

    /// Bucket of the states
    #[arg(long, env = "LOCKTENDER_STATE_BUCKET", global = true, hide_env_values = true, help_heading = BACKEND,
        value_name = "BUCKET")]
    state_bucket: Option<String>,

    /// How a state's name becomes its key
    #[arg(long, env = "LOCKTENDER_STATE_KEY", global = true, hide_env_values = true, help_heading = BACKEND,
        value_name = "TEMPLATE", default_value = STATE_KEY)]
    state_key: String,

    /// Workspace key prefix, as in the backend block; may be empty
    #[arg(long, env = "LOCKTENDER_WORKSPACE_KEY_PREFIX", global = true, hide_env_values = true, help_heading = BACKEND,
        value_name = "PREFIX", default_value = "env:")]
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

    /// What is logged: error, warn, info, debug, or a filter such as `locktender::aws=debug`
    #[arg(long, env = "LOCKTENDER_LOG", global = true, hide_env_values = true, help_heading = LOG, value_name = "FILTER",
        default_value = LEVEL)]
    log: String,

    /// How it is logged: text or json
    #[arg(long, env = "LOCKTENDER_LOG_FORMAT", global = true, hide_env_values = true, help_heading = LOG,
        value_name = "FORMAT", default_value = "text")]
    log_format: String,
}

/// The defaults that an empty variable stands for too.
const STATE_KEY: &str = "{state}/terraform.tfstate";
const LEVEL: &str = "info";

/// The levels that a filter may consist of.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

const DISCORD: &str = "Discord";
const BACKEND: &str = "State locks";
const LOG: &str = "Log";

/// A setting that is missing or wrong. The text is a whole sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// It has no value.
    #[error("{variable} is not set: set it to {wanted}")]
    Missing {
        /// The variable.
        variable: &'static str,
        /// What it has to be.
        wanted: &'static str,
    },
    /// It has a value that cannot be used.
    #[error("{variable} {problem}")]
    Wrong {
        /// The variable.
        variable: &'static str,
        /// What is wrong, going on from the variable's name.
        problem: String,
    },
    /// A line of the `.env` file cannot be read.
    #[error("{0}")]
    DotEnv(String),
}

/// What the connection to Discord needs.
#[derive(Debug)]
pub struct DiscordSettings {
    /// The bot token.
    pub token: SecretString,
    /// The server's id.
    pub guild_id: u64,
    /// Base address in place of Discord's own.
    pub api_url: Option<String>,
}

impl Settings {
    /// What the connection to Discord needs.
    ///
    /// # Errors
    /// Names the variable that is missing or wrong.
    pub fn discord(&self) -> Result<DiscordSettings, SettingsError> {
        let token = self.discord_token.as_ref().map(|token| token.expose_secret().trim());
        let token = set(token).ok_or(SettingsError::Missing {
            variable: "DISCORD_TOKEN",
            wanted: "the bot token from the Discord developer portal",
        })?;
        let guild_id = required(
            self.discord_guild_id.as_deref(),
            "DISCORD_GUILD_ID",
            "the id of your server (in Discord, right-click the server, Copy Server ID)",
        )?;
        let guild_id = guild_id.parse().ok().filter(|&id: &u64| id != 0).ok_or_else(|| {
            wrong("DISCORD_GUILD_ID", format!("is {guild_id:?}: it must be the server's number"))
        })?;
        let api_url = set(self.discord_api_url.as_deref());
        match api_url {
            Some(url) if !url.starts_with("http://") && !url.starts_with("https://") => Err(wrong(
                "DISCORD_API_URL",
                format!("is {url:?}: it must begin with http:// or https://"),
            )),
            _ => {
                let token = SecretString::from(token);
                let base = |url: &str| {
                    // serenity adds the version itself; whoever pasted it meant the same.
                    let url = url.trim_end_matches('/').trim_end_matches("/api/v10");
                    url.trim_end_matches("/api").to_owned()
                };
                Ok(DiscordSettings { token, guild_id, api_url: api_url.map(base) })
            }
        }
    }

    /// Every configured backend.
    ///
    /// # Errors
    /// Names the variable that is missing or wrong.
    pub fn backends(&self) -> Result<Vec<BackendStores>, SettingsError> {
        let bucket = required(
            self.state_bucket.as_deref(),
            "LOCKTENDER_STATE_BUCKET",
            "the bucket of your Terraform states, or try `locktender demo`",
        )?;
        let key: KeyTemplate = set(Some(&self.state_key))
            .unwrap_or(STATE_KEY)
            .parse()
            .map_err(|error| wrong("LOCKTENDER_STATE_KEY", format!("{error}")))?;
        let name = BackendName::new(ONLY_BACKEND)
            .map_err(|error| wrong("the backend's name", error.to_string()))?;
        let backend = Backend::new(name, bucket, key, &self.workspace_key_prefix)
            .map_err(|error| wrong("LOCKTENDER_STATE_BUCKET", error.to_string()))?;
        let lock_table = set(self.lock_table.as_deref()).map(str::to_owned);
        let stores = BackendStores::new(backend, lock_table, self.use_lockfile()?);
        Ok(vec![stores.map_err(|NoStore| SettingsError::Missing {
            variable: "LOCKTENDER_LOCK_TABLE",
            wanted: "your lock table, or LOCKTENDER_USE_LOCKFILE to true, or both",
        })?])
    }

    /// The filter and the format of the log.
    ///
    /// # Errors
    /// When the filter cannot be read, or the format is neither of the two.
    pub fn log(&self) -> Result<(EnvFilter, LogFormat), SettingsError> {
        let format = match &*self.log_format.to_ascii_lowercase() {
            "text" | "" => LogFormat::Text,
            "json" => LogFormat::Json,
            other => {
                return Err(wrong(
                    "LOCKTENDER_LOG_FORMAT",
                    format!("is {other:?}: set it to text or json"),
                ));
            }
        };
        let filter = set(Some(&self.log)).unwrap_or(LEVEL);
        // A lone word that is no level would be taken for a module's name, and silence the rest.
        let is_level = LEVELS.contains(&filter.to_ascii_lowercase().as_str());
        if !is_level && !filter.contains('=') {
            let problem = format!("is {filter:?}: set it to a level such as info");
            return Err(wrong("LOCKTENDER_LOG", problem));
        }
        filter
            .parse()
            .map(|filter| (filter, format))
            .map_err(|_| wrong("LOCKTENDER_LOG", "cannot be read: set it to info".to_owned()))
    }

    fn use_lockfile(&self) -> Result<bool, SettingsError> {
        match &*self.use_lockfile.trim().to_ascii_lowercase() {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" | "" => Ok(false),
            other => Err(wrong(
                "LOCKTENDER_USE_LOCKFILE",
                format!("is {other:?}: set it to true or false"),
            )),
        }
    }
}

fn set(value: Option<&str>) -> Option<&str> {
    value.map(str::trim).filter(|value| !value.is_empty())
}

fn required<'v>(
    value: Option<&'v str>,
    variable: &'static str,
    wanted: &'static str,
) -> Result<&'v str, SettingsError> {
    set(value).ok_or(SettingsError::Missing { variable, wanted })
}

fn wrong(variable: &'static str, problem: String) -> SettingsError {
    SettingsError::Wrong { variable, problem }
}
