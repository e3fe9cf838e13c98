//! Process groups that never outlive the process that started them.
//!
//! `Drop` does not run for statics, nor in a process that SIGKILL ends, so it alone could leave a server
//! behind. A pipe works always: the kernel closes its writing end when the process that holds it ends.
//! Each command therefore starts beside a subshell that reads such a pipe. The subshell kills the whole
//! group when the pipe closes.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::deadline::Deadline;

/// The shell opens the command's input, starts the watcher, and becomes the command. So the exit status
/// and the process id are those of the command, and only the watcher keeps the pipe. `kill` is a
/// builtin, and 0 names the watcher's own group. It cannot hit another group, because the kernel does
/// not reuse a group's number while the group has a member.
const TETHER: &str = r#"
    exec 3<&0 <"$1"
    shift
    (read -r _ <&3; kill -KILL 0) &
    exec "$@" 3<&-
"#;

/// A running command, its children, and their output.
///
/// Dropping it kills the group. The end of this process kills it too.
pub struct Leash {
    child: Child,
    /// Never written to. Closing it makes the watcher kill the group.
    tether: Option<ChildStdin>,
    stdout: Log,
    stderr: Log,
}

/// The output of a command. The file has no name in any directory, so it needs no clean-up.
struct Log(File);

impl Leash {
    /// Starts `program` in its own process group, with an empty input. `configure` adds arguments and
    /// environment.
    pub fn spawn(
        program: impl AsRef<OsStr>,
        configure: impl FnOnce(&mut Command) -> &mut Command,
    ) -> Self {
        Self::spawn_reading(Path::new("/dev/null"), program, configure)
    }

    /// Like `spawn`, with this file as standard input.
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

    /// The standard output so far.
    pub fn stdout(&self) -> String {
        self.stdout.read()
    }

    /// The standard error so far.
    pub fn stderr(&self) -> String {
        self.stderr.read()
    }

    /// All output so far: standard output, then standard error.
    pub fn output(&self) -> String {
        self.stdout() + &self.stderr()
    }

    /// The exit status, if the command has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("the child is ours to wait for")
    }

    /// Waits for the command to end by itself.
    ///
    /// # Panics
    /// If it does not end in time. The message shows its output.
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
        self.signal(Signal::TERM);
    }

    /// Sends a signal to the command alone.
    pub fn signal(&self, signal: Signal) {
        // The child has not been waited for, so its process id is still its own.
        kill_process(Pid::from_child(&self.child), signal).expect("the command is there");
    }

    /// Kills the whole group at once, like a power failure, and waits until the command has ended.
    pub fn kill(self) {
        drop(self);
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("what process {} printed:\n{}", self.group(), self.output());
        }
        // The command has not been waited for, so the group's number is still its own. After that only
        // the watcher holds the number, so only the watcher may use it.
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
