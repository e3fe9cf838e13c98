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
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::deadline::Deadline;

/// The shell opens the command's input, starts the watcher, and becomes the command. So the exit
/// status and the process id are the command's own, and only the watcher keeps the pipe. `kill` is
/// a builtin, and 0 names the watcher's own group: it cannot hit another one, since the number of
/// a group is not given out again while it has a member.
const TETHER: &str = r#"
    exec 3<&0 <"$1"
    shift
    (read -r _ <&3; kill -KILL 0) &
    exec "$@" 3<&-
"#;

/// A running command, its children, and what they have printed.
///
/// Dropping it kills the group, and so does the end of this process.
pub struct Leash {
    child: Child,
    /// Never written to: it is held for being closed.
    tether: Option<ChildStdin>,
    stdout: Log,
    stderr: Log,
}

/// What a command prints. The file has no name in any directory, so nothing has to be cleaned up.
struct Log(File);

impl Leash {
    /// Starts `program` in a process group of its own, with nothing to read. `configure` adds
    /// arguments and environment.
    pub fn spawn(
        program: impl AsRef<OsStr>,
        configure: impl FnOnce(&mut Command) -> &mut Command,
    ) -> Self {
        Self::spawn_reading(Path::new("/dev/null"), program, configure)
    }

    /// The same for a command that reads this file on its standard input.
    pub fn spawn_reading(
        input: &Path,
        program: impl AsRef<OsStr>,
        configure: impl FnOnce(&mut Command) -> &mut Command,
    ) -> Self {
        let (stdout, stderr) = (Log::new(), Log::new());
        let mut command = Command::new("/bin/sh");
        command.args(["-c", TETHER, "tether"]).arg(input).arg(program.as_ref());
        command.stdout(stdout.writer()).stderr(stderr.writer());
        configure(&mut command);
        let child = command.stdin(Stdio::piped()).process_group(0).spawn();
        let mut child = child.expect("/bin/sh starts");
        let tether = child.stdin.take();
        Self { child, tether, stdout, stderr }
    }

    /// The group's number, which is also the command's process id.
    pub fn group(&self) -> u32 {
        self.child.id()
    }

    /// Everything printed so far to standard output.
    pub fn stdout(&self) -> String {
        self.stdout.read()
    }

    /// Everything printed so far to standard error.
    pub fn stderr(&self) -> String {
        self.stderr.read()
    }

    /// Everything printed so far: standard output, then standard error.
    pub fn output(&self) -> String {
        self.stdout() + &self.stderr()
    }

    /// How the command ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("the child is ours to wait for")
    }

    /// Waits for the command to end by itself.
    ///
    /// # Panics
    /// If it does not; shows what it printed.
    pub async fn wait(&mut self) -> ExitStatus {
        let deadline = Deadline::generous();
        loop {
            if let Some(status) = self.ended() {
                return status;
            }
            assert!(deadline.look_again().await, "it does not end:\n{}", self.output());
        }
    }

    /// Sends SIGTERM to the command alone.
    pub fn terminate(&self) {
        // The child has not been waited for, so its process id is still its own.
        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("the command is there");
    }

    /// Kills the whole group in one instant, as a machine does that loses power, and waits until
    /// the command is gone.
    pub fn kill(self) {
        drop(self);
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("what process {} printed:\n{}", self.group(), self.output());
        }
        // Until the command is waited for, the number of its group is its own. After that the
        // watcher keeps it, so the watcher alone may use it.
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        }
        self.tether = None;
        // This reaps the command, which would stay a zombie otherwise.
        let _ = self.child.wait();
    }
}

impl Log {
    fn new() -> Self {
        Self(tempfile::tempfile().expect("a temporary file for the output"))
    }

    fn writer(&self) -> Stdio {
        Stdio::from(self.0.try_clone().expect("a second handle of the output"))
    }

    fn read(&self) -> String {
        let length = self.0.metadata().expect("the output's length").len();
        let mut bytes = vec![0; usize::try_from(length).expect("output fits into memory")];
        // Reads by position: the command writes at the offset that all handles share.
        self.0.read_exact_at(&mut bytes, 0).expect("the output is readable");
        String::from_utf8_lossy(&bytes).into_owned()
    }
}
