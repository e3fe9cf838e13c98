//! Process groups that never outlive the process that started them.
//!
//! `Drop` runs neither for statics nor in a process ended by SIGKILL, so it cannot be all there is
//! between a test run and a server left behind. A pipe can: the kernel closes its writing end with
//! the process that holds it, however that process ends. Each command is therefore started beside
//! a subshell that reads such a pipe, and that kills the whole group when the pipe closes.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::deadline::{Deadline, PAUSE};

/// The command takes the shell's place, so that its exit status and process id are its own; only
/// the watcher keeps the pipe. `kill 0` names the watcher's own group: it can hit nobody else,
/// since a group's number is not given out again while it has a member.
const TETHER: &str = r#"
    exec 3<&0 </dev/null
    (read -r _ <&3; kill -KILL 0) &
    exec "$@" 3<&-
"#;

/// SIGKILL takes effect within milliseconds; a loaded machine may be slow to tell us.
const DEATH: Duration = Duration::from_secs(10);

/// A running command, its children, and what they have printed.
///
/// Dropping it kills the group, and so does the end of this process.
pub struct Leash {
    child: Child,
    /// Never written to: it is held for being closed.
    tether: Option<ChildStdin>,
    /// Has no name in any directory, so there is nothing to clean up.
    log: File,
}

impl Leash {
    /// Starts `program` in a process group of its own; `configure` adds arguments and environment.
    pub fn spawn(
        program: impl AsRef<OsStr>,
        configure: impl FnOnce(&mut Command) -> &mut Command,
    ) -> Self {
        let log = tempfile::tempfile().expect("a temporary file for the output");
        let same_log = || Stdio::from(log.try_clone().expect("a second handle of the output"));

        let mut command = Command::new("/bin/sh");
        command.args(["-c", TETHER, "tether"]).arg(program.as_ref());
        configure(&mut command);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(same_log())
            .stderr(same_log())
            .process_group(0)
            .spawn()
            .expect("/bin/sh starts");
        let tether = child.stdin.take();
        Self { child, tether, log }
    }

    /// The group's number, which is also the command's process id.
    pub fn group(&self) -> u32 {
        self.child.id()
    }

    /// Everything printed so far, standard output and standard error in one.
    pub fn output(&self) -> String {
        let length = self.log.metadata().expect("the output's length").len();
        let mut bytes = vec![0; usize::try_from(length).expect("output fits into memory")];
        // Reads by position: the command writes at the offset that all handles share.
        self.log.read_exact_at(&mut bytes, 0).expect("the output is readable");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// How the command ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("the child is ours to wait for")
    }

    /// Waits for the command to end by itself; `None` if it has not within `bound`.
    pub async fn wait(&mut self, bound: Duration) -> Option<ExitStatus> {
        let deadline = Deadline::after(bound);
        loop {
            if let Some(status) = self.ended() {
                return Some(status);
            }
            if !deadline.look_again().await {
                return None;
            }
        }
    }

    /// Kills the whole group in one instant, as a machine does that loses power, and waits until
    /// the command is gone.
    pub async fn kill(mut self) {
        self.tether = None;
        assert!(self.wait(DEATH).await.is_some(), "SIGKILL ends a command");
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        self.tether = None;
        let deadline = Instant::now() + DEATH;
        while Instant::now() < deadline {
            // Waiting also reaps the child, which would stay a zombie otherwise.
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(PAUSE / 10);
        }
        // The watcher is gone, against all expectation. No panic here: one may be under way.
        let _ = self.child.kill();
    }
}
