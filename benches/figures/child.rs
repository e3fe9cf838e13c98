//! Child processes that never outlive this one, and their memory and processor time.

use std::fs::File;
use std::io::{Read, Seek};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

/// The program replaces the shell and keeps its process ID. A subshell waits for the end of a pipe
/// and then kills the process group. The kernel closes the pipe however this process ends.
const TETHER: &str = r#"
    exec 3<&0 </dev/null
    (read -r _ <&3; kill -KILL 0) &
    exec "$@" 3<&-
"#;

/// Clock ticks a second in `/proc`, the same on every Linux that Rust runs on (`USER_HZ`).
const TICKS: u32 = 100;

/// How often to read the memory of a process that ends by itself.
const LOOK: Duration = Duration::from_millis(2);

/// A running program. Dropping it kills it, also on a panic.
pub struct Running {
    child: Child,
    /// Held so that it closes with this process. Nothing is written to it.
    _tether: Option<ChildStdin>,
    log: File,
}

/// The memory of a process, in KiB.
pub struct Memory {
    /// `VmRSS`: now.
    pub now: u32,
    /// `VmHWM`: the peak so far.
    pub peak: u32,
    /// `RssAnon`: now, without the pages of the program's own file.
    pub own: u32,
}

impl Running {
    /// Starts a program with only these variables. Its log goes to an unnamed file.
    pub fn start(program: &Path, arguments: &[&str], variables: &[(&str, String)]) -> Self {
        let log = tempfile::tempfile().unwrap();
        let child = Command::new("/bin/sh")
            .args(["-c", TETHER, "tether"])
            .arg(program)
            .args(arguments)
            .env_clear()
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .current_dir(std::env::temp_dir())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log.try_clone().unwrap())
            .process_group(0)
            .spawn();
        let mut child = child.unwrap();
        Self { _tether: child.stdin.take(), child, log }
    }

    /// The log so far, for error messages.
    pub fn log(&self) -> String {
        let mut log = self.log.try_clone().unwrap();
        let mut text = String::new();
        log.rewind().unwrap();
        log.read_to_string(&mut text).unwrap();
        text
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its memory.
    pub fn memory(&self) -> Memory {
        self.memory_if_any().unwrap()
    }

    /// Waits until it ends successfully, and returns the highest `VmHWM` and processor time that
    /// were read. The kernel drops both when the process is reaped, so they are polled until then.
    pub fn used_until_end(mut self) -> (u32, Duration) {
        let (mut peak, mut processor) = (0, Duration::ZERO);
        loop {
            // Until it is reaped it has an entry in /proc, at least as a zombie.
            peak = self.memory_if_any().map_or(peak, |memory| peak.max(memory.peak));
            processor = processor.max(self.processor_time());
            if let Some(status) = self.child.try_wait().unwrap() {
                assert!(status.success(), "{status}: {}", self.log());
                return (peak, processor);
            }
            std::thread::sleep(LOOK);
        }
    }

    /// `None` once it has ended.
    fn memory_if_any(&self) -> Option<Memory> {
        let status = self.proc("status");
        let kib = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line?.trim().trim_end_matches(" kB").parse().ok()
        };
        Some(Memory { now: kib("VmRSS")?, peak: kib("VmHWM")?, own: kib("RssAnon")? })
    }

    /// The processor time so far, in user and system mode.
    pub fn processor_time(&self) -> Duration {
        let stat = self.proc("stat");
        // The name in the second field may contain any characters, but the last parenthesis ends
        // it. After it, fields 14 and 15 of proc_pid_stat(5) are the 12th and 13th.
        let fields = stat.rsplit_once(')').unwrap().1.split_whitespace();
        let ticks: u32 = fields.skip(11).take(2).map(|field| field.parse::<u32>().unwrap()).sum();
        Duration::from_secs(1) * ticks / TICKS
    }

    fn proc(&self, file: &str) -> String {
        std::fs::read_to_string(format!("/proc/{}/{file}", self.id())).unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself. Closing the tether kills the rest of its group.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
