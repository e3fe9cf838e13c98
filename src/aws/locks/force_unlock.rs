//! Releases a lock with the backend's own tool: `terraform force-unlock`, or `tofu`.
//!
//! The tool runs in a scratch directory with a backend block of this state alone. The block has the state's own
//! key, also for a state of a workspace: the tool then finds the same row and the same lockfile, without a
//! workspace that has to exist.
//!
//! Its delete has no condition. So the lock is read once more after `init`, right before `force-unlock`.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::aws::locks::places::Place;
use crate::aws::locks::{AwsLocks, not_configured};
use crate::error::{Fault, FaultKind};
use crate::lock::Tool;
use crate::ports::{Forced, Locks};
use crate::text::{clip, visible};
use crate::unlock::ApprovedUnlock;

/// Longest run of each command.
const LONGEST: Duration = Duration::from_mins(1);

/// How much of the output is kept, in characters.
const OUTPUT: usize = 300;

/// Variables that are not the tool's business, or that would change what it does.
const REMOVED: [&str; 8] = [
    "DISCORD_TOKEN",
    "TF_WORKSPACE",
    "TF_DATA_DIR",
    "TF_LOG",
    "TF_CLI_ARGS",
    "TF_CLI_ARGS_init",
    "TF_CLI_ARGS_force_unlock",
    "TF_CLI_ARGS_force-unlock",
];

/// How a command ended.
struct Run {
    succeeded: bool,
    output: String,
}

impl AwsLocks {
    /// See [`Locks::force_unlock`].
    pub(super) async fn force(&self, unlock: &ApprovedUnlock) -> Result<Forced, Fault> {
        let state = unlock.state();
        let place = self.place_of(state)?;
        let tool = place.stores.tool().ok_or_else(|| not_configured(state))?;
        let Some(info) = unlock.pinned().lock().info() else {
            return Ok(Forced::Failed(format!(
                "{} needs a record that it can read",
                tool.as_str()
            )));
        };
        let folder = scratch(&block(place, unlock)).map_err(|error| no_scratch(tool, error))?;
        let init = run(tool, folder.path(), &["init", "-input=false", "-no-color"]).await?;
        if !init.succeeded {
            return Ok(Forced::Failed(format!("{} init failed: {}", tool.as_str(), init.output)));
        }
        // Its delete has no condition, so only this look protects another lock.
        if unlock.pinned().remains(&self.inspect(state).await?).is_err() {
            return Ok(Forced::Changed);
        }
        let id = info.id.as_str();
        let arguments = ["force-unlock", "-force", "-no-color", "--", id];
        let Run { succeeded, output } = run(tool, folder.path(), &arguments).await?;
        let said = format!("{} force-unlock said: {output}", tool.as_str());
        Ok(if succeeded { Forced::Done(said) } else { Forced::Failed(said) })
    }
}

/// The configuration with a backend of this state alone, in the JSON syntax, so that nothing has to be
/// quoted by hand.
fn block(place: &Place, unlock: &ApprovedUnlock) -> String {
    let access = place.stores.access();
    let mut s3 = Map::new();
    let mut set = |key: &str, value: Option<Value>| {
        s3.extend(value.map(|value| (key.to_owned(), value)));
    };
    let path = &unlock.state().path;
    set("bucket", Some(json!(path.bucket())));
    set("key", Some(json!(path.key())));
    set("region", Some(json!(place.region)));
    set("dynamodb_table", place.stores.lock_table().map(|table| json!(table)));
    set("use_lockfile", place.lockfiles().map(|_| json!(true)));
    set("profile", access.profile.as_ref().map(|profile| json!(profile)));
    set(
        "assume_role",
        access.role_arn.as_ref().map(|role| match &access.external_id {
            Some(id) => json!({"role_arn": role, "external_id": id}),
            None => json!({"role_arn": role}),
        }),
    );
    if let Some(endpoint) = &access.endpoint {
        set("endpoints", Some(json!({"s3": endpoint, "dynamodb": endpoint})));
    }
    if place.has_address {
        // A store that is only compatible with AWS has no account, and no host name for each bucket.
        for key in [
            "use_path_style",
            "skip_credentials_validation",
            "skip_requesting_account_id",
            "skip_region_validation",
            "skip_s3_checksum",
        ] {
            set(key, Some(json!(true)));
        }
    }
    json!({"terraform": {"backend": {"s3": s3}}}).to_string()
}

fn scratch(block: &str) -> std::io::Result<TempDir> {
    let folder = tempfile::Builder::new().prefix("locktender-").tempdir()?;
    std::fs::write(folder.path().join("backend.tf.json"), block)?;
    Ok(folder)
}

/// Runs a command of the tool to its end, or kills it and all that it has started.
async fn run(tool: Tool, folder: &Path, arguments: &[&str]) -> Result<Run, Fault> {
    let mut command = Command::new(tool.as_str());
    command
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .env("TF_IN_AUTOMATION", "1")
        .env("CHECKPOINT_DISABLE", "1")
        .kill_on_drop(true);
    for variable in REMOVED {
        command.env_remove(variable);
    }
    #[cfg(unix)]
    command.process_group(0);
    let child = command.spawn().map_err(|error| not_started(tool, error))?;
    let _group = Group::of(&child);
    match timeout(LONGEST, child.wait_with_output()).await {
        Ok(Ok(ended)) => {
            let output = [ended.stdout, ended.stderr].concat();
            let output = String::from_utf8_lossy(&output);
            let output = visible(&output.split_whitespace().collect::<Vec<_>>().join(" "));
            Ok(Run { succeeded: ended.status.success(), output: clip(&output, OUTPUT) })
        }
        Ok(Err(error)) => Err(not_started(tool, error)),
        Err(_) => {
            let output = format!("it was ended after {} s", LONGEST.as_secs());
            Ok(Run { succeeded: false, output })
        }
    }
}

/// The process group of a command. Dropping it kills the whole group, also when the release is cut off.
struct Group(#[cfg(unix)] Option<rustix::process::Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        #[cfg(unix)]
        return Self(child.id().and_then(|id| rustix::process::Pid::from_raw(id.try_into().ok()?)));
        #[cfg(not(unix))]
        return Self();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(group) = self.0 {
            // The group is gone if all of it has ended.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

fn not_started(tool: Tool, error: std::io::Error) -> Fault {
    let is_missing = error.kind() == std::io::ErrorKind::NotFound;
    Fault {
        kind: if is_missing { FaultKind::Missing } else { FaultKind::Unexpected },
        subject: format!("The program `{}`", tool.as_str()),
        remedy: "install it where the bot runs, or remove release_with from its backend".to_owned(),
        source: Some(Box::new(error)),
    }
}

fn no_scratch(tool: Tool, error: std::io::Error) -> Fault {
    Fault {
        kind: FaultKind::Unexpected,
        subject: format!("The scratch directory of `{}`", tool.as_str()),
        remedy: "let the bot write to the directory for temporary files".to_owned(),
        source: Some(Box::new(error)),
    }
}
