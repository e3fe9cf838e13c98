//! Real Terraform in a temporary directory, with its state and locks in moto.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use tempfile::TempDir;

use super::apply::RunningApply;
use super::endpoint::{Endpoint, REGION};
use super::leash::Leash;
use super::lock::{LockRow, Lockfile, StaleLock};
use super::store::{Bucket, LockTable};

const DEFAULT_WORKSPACE: &str = "default";

/// The arguments of a `backend "s3"` block that decide where state and locks are stored.
#[derive(Clone, Debug)]
pub struct Backend {
    pub endpoint: Endpoint,
    pub bucket: Bucket,
    pub key: String,
    pub workspace_key_prefix: Option<String>,
    pub dynamodb_table: Option<LockTable>,
    pub use_lockfile: bool,
    /// The role that Terraform and the bot assume, in the account of the bucket and the table.
    pub role_arn: Option<String>,
}

impl Backend {
    /// The block in Terraform's JSON syntax, so that `serde_json` does the quoting.
    fn configuration(&self) -> String {
        let mut arguments = json!({
            "bucket": self.bucket.name,
            "key": self.key,
            "use_lockfile": self.use_lockfile,
            "region": REGION,
            "endpoints": {
                "s3": self.endpoint.to_string(),
                "dynamodb": self.endpoint.to_string(),
                "sts": self.endpoint.to_string(),
            },
            "use_path_style": true,
            "skip_credentials_validation": true,
            "skip_metadata_api_check": true,
            "skip_requesting_account_id": true,
            "skip_s3_checksum": true,
        });
        if let Some(prefix) = &self.workspace_key_prefix {
            arguments["workspace_key_prefix"] = json!(prefix);
        }
        if let Some(role) = &self.role_arn {
            arguments["assume_role"] = json!({ "role_arn": role });
        }
        if let Some(table) = &self.dynamodb_table {
            arguments["dynamodb_table"] = json!(table.name);
        }
        json!({ "terraform": { "backend": { "s3": arguments } } }).to_string()
    }
}

/// One resource that is built into Terraform, so that nothing is downloaded. Every apply replaces it.
/// Its creation waits until the gate opens or is removed. Without a gate it takes no time.
/// `plantimestamp` has whole seconds, so `var.gate` tells two applies in one second apart.
const RESOURCE: &str = r#"
variable "gate" {
  default = ""
}

resource "terraform_data" "work" {
  triggers_replace = [plantimestamp(), var.gate]

  provisioner "local-exec" {
    environment = { GATE = var.gate }
    command     = <<-EOT
      [ -n "$GATE" ] || exit 0
      : > "$GATE/reached"
      while [ -d "$GATE" ] && [ ! -e "$GATE/open" ]; do sleep 0.1; done
    EOT
  }
}
"#;

/// How a command ended, and its output.
#[derive(Debug)]
#[must_use = "a command may have failed"]
pub struct Run {
    pub success: bool,
    pub output: String,
}

impl Run {
    /// # Panics
    /// If the command failed. The message shows its output.
    pub fn expect_success(self) {
        assert!(self.success, "terraform failed:\n{}", self.output);
    }
}

/// An initialised working directory. Several may share one [`Backend`].
pub struct WorkingDir {
    terraform: PathBuf,
    backend: Backend,
    workspace: String,
    root: TempDir,
}

impl WorkingDir {
    /// Writes the configuration and runs `terraform init`.
    pub async fn init(terraform: &Path, backend: &Backend) -> Self {
        let root = tempfile::tempdir().expect("a temporary directory");
        for (name, text) in
            [("backend.tf.json", backend.configuration().as_str()), ("main.tf", RESOURCE)]
        {
            std::fs::write(root.path().join(name), text).expect("the configuration is written");
        }
        let dir = Self {
            terraform: terraform.to_owned(),
            backend: backend.clone(),
            workspace: DEFAULT_WORKSPACE.to_owned(),
            root,
        };
        dir.run(&["init", "-input=false", "-no-color"]).await.expect_success();
        dir
    }

    /// Runs a plan. A held lock refuses it at once.
    pub async fn plan(&self) -> Run {
        self.run(&["plan", "-input=false", "-no-color", "-lock-timeout=0s"]).await
    }

    /// Runs an apply to its end.
    pub async fn apply(&self) -> Run {
        self.run(&["apply", "-auto-approve", "-input=false", "-no-color"]).await
    }

    pub async fn force_unlock(&self, id: &str) -> Run {
        self.run(&["force-unlock", "-force", "-no-color", id]).await
    }

    /// Creates a workspace with an empty state, and selects it.
    pub async fn new_workspace(&mut self, name: &str) {
        self.run(&["workspace", "new", "-no-color", name]).await.expect_success();
        name.clone_into(&mut self.workspace);
    }

    pub async fn select_workspace(&mut self, name: &str) {
        self.run(&["workspace", "select", "-no-color", name]).await.expect_success();
        name.clone_into(&mut self.workspace);
    }

    /// Starts an apply, and waits until it holds the lock. It holds the lock until its gate opens or it is
    /// killed.
    pub async fn start_apply(&self) -> RunningApply<'_> {
        RunningApply::start(self).await
    }

    /// Starts an apply, and kills it and its children while it holds the lock.
    pub async fn apply_and_kill(&self) -> StaleLock {
        self.start_apply().await.kill().await
    }

    /// The state's key in the bucket, for the selected workspace.
    pub fn state_key(&self) -> String {
        let Self { backend: Backend { key, workspace_key_prefix, .. }, workspace, .. } = self;
        match workspace_key_prefix.as_deref().unwrap_or("env:") {
            _ if workspace == DEFAULT_WORKSPACE => key.clone(),
            "" => format!("{workspace}/{key}"),
            prefix => format!("{prefix}/{workspace}/{key}"),
        }
    }

    /// The lock row of the selected workspace, if there is one.
    pub async fn lock_row(&self) -> Option<LockRow> {
        let lock_id = format!("{}/{}", self.backend.bucket.name, self.state_key());
        LockRow::read(self.backend.dynamodb_table.as_ref()?, lock_id).await
    }

    /// The lockfile of the selected workspace, if there is one.
    pub async fn lockfile(&self) -> Option<Lockfile> {
        Lockfile::read(&self.backend.bucket, format!("{}.tflock", self.state_key())).await
    }

    /// The folder of the configuration.
    pub fn folder(&self) -> &Path {
        self.root.path()
    }

    pub fn backend(&self) -> &Backend {
        &self.backend
    }

    /// Starts Terraform with only `PATH` from this process' environment. So no profile, plugin cache or
    /// `TF_` variable of the developer changes the test.
    pub fn spawn(&self, args: &[&str]) -> Leash {
        let root = self.root.path();
        Leash::spawn(&self.terraform, |command: &mut Command| {
            command
                .args(args)
                .current_dir(root)
                .env_clear()
                .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
                .envs(self.backend.endpoint.env())
                .env("HOME", root)
                .env("TMPDIR", root)
                .env("TF_IN_AUTOMATION", "1")
                .env("CHECKPOINT_DISABLE", "1")
        })
    }

    async fn run(&self, args: &[&str]) -> Run {
        finished(self.spawn(args)).await
    }
}

/// Waits for a command to end by itself.
///
/// # Panics
/// If it does not end in time. It is then killed.
pub async fn finished(mut leash: Leash) -> Run {
    let status = leash.wait().await;
    Run { success: status.success(), output: leash.output() }
}
