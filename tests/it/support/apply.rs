//! A running apply. It holds the lock until the test opens its gate or kills it.

use tempfile::TempDir;

use super::deadline::Deadline;
use super::leash::Leash;
use super::lock::StaleLock;
use super::terraform::{Run, WorkingDir, finished};

/// A running apply. Dropping it kills the apply.
///
/// A gate holds it back, not a sleep: it runs for as long as the test needs, on a machine of any speed.
pub struct RunningApply<'a> {
    dir: &'a WorkingDir,
    leash: Leash,
    /// The folder of the gate. The apply makes the file `reached`, the test makes `open`.
    gate: TempDir,
}

impl<'a> RunningApply<'a> {
    pub(super) async fn start(dir: &'a WorkingDir) -> Self {
        match Self::try_to_start(dir).await {
            Ok(apply) => apply,
            // A busy moto may close a connection before it answers. Terraform then retries its put, and
            // the lock that it has just taken itself refuses the retry.
            Err(output) if output.contains("ConditionalCheckFailedException") => {
                let row = dir.lock_row().await.expect("the lock that refused it");
                row.delete().await;
                Self::try_to_start(dir).await.unwrap_or_else(|output| stuck(&output))
            }
            Err(output) => stuck(&output),
        }
    }

    /// The error is what it printed, if it does not start its work.
    async fn try_to_start(dir: &'a WorkingDir) -> Result<Self, String> {
        let gate = tempfile::tempdir().expect("a temporary directory");
        let variable = format!("-var=gate={}", gate.path().display());
        let mut leash =
            dir.spawn(&["apply", "-auto-approve", "-input=false", "-no-color", &variable]);

        let reached = gate.path().join("reached");
        let deadline = Deadline::generous();
        while !reached.exists() {
            if leash.ended().is_some() || !deadline.look_again().await {
                return Err(leash.output());
            }
        }
        Ok(Self { dir, leash, gate })
    }

    /// The process group of Terraform and its children.
    pub fn group(&self) -> u32 {
        self.leash.group()
    }

    /// Opens the gate, and waits for the apply to end.
    pub async fn finish(self) -> Run {
        std::fs::write(self.gate.path().join("open"), "").expect("the gate is ours to open");
        finished(self.leash).await
    }

    /// Kills Terraform and its children with one SIGKILL to the group.
    ///
    /// # Panics
    /// If no lock was left behind.
    pub async fn kill(self) -> StaleLock {
        self.leash.kill();
        StaleLock::new(self.dir.lock_row().await, self.dir.lockfile().await)
            .expect("a killed apply leaves its lock")
    }
}

fn stuck(output: &str) -> ! {
    panic!("terraform apply does not get to work:\n{output}")
}
