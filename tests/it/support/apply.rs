//! An apply at work: it holds the lock until the test lets it go on or kills it.

use tempfile::TempDir;

use super::deadline::Deadline;
use super::leash::Leash;
use super::lock::StaleLock;
use super::terraform::{Run, WorkingDir, finished};

/// Dropping it kills the apply.
///
/// It is held back by a gate and not by a sleep of some length: it is at work for as long as the
/// test needs, on a machine of any speed.
pub struct RunningApply<'a> {
    dir: &'a WorkingDir,
    leash: Leash,
    /// Where apply and test meet: one makes `reached`, the other `open`.
    gate: TempDir,
}

impl<'a> RunningApply<'a> {
    pub(super) async fn start(dir: &'a WorkingDir) -> Self {
        match Self::try_to_start(dir).await {
            Ok(apply) => apply,
            // A busy moto may close a connection before it has answered. Terraform then tries its
            // put again, and is refused by the lock that it has taken itself.
            Err(output) if output.contains("ConditionalCheckFailedException") => {
                let row = dir.lock_row().await.expect("the lock that refused it");
                row.delete().await;
                Self::try_to_start(dir).await.unwrap_or_else(|output| stuck(&output))
            }
            Err(output) => stuck(&output),
        }
    }

    /// What it printed, if it does not get to work.
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

    /// The process group of Terraform and of what it runs.
    pub fn group(&self) -> u32 {
        self.leash.group()
    }

    /// Lets the apply go on, and waits for its end.
    pub async fn finish(self) -> Run {
        std::fs::write(self.gate.path().join("open"), "").expect("the gate is ours to open");
        finished(self.leash).await
    }

    /// Kills Terraform and what it runs with SIGKILL, in one instant.
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
