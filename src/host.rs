//! This machine and its processes, for the lease: a replica on the same machine need not wait until the lease of
//! one that was killed runs out.

use crate::lease::{Process, Replica};

/// This process as a replica, with a new random name.
#[must_use]
pub fn this_replica() -> Replica {
    Replica { id: format!("{:016x}", fastrand::u64(..)), host: name(), process: this_process() }
}

/// Whether a process has surely ended. `false` for a process of another machine or container, whose ids mean
/// other processes, and for one whose id another process has by now.
#[must_use]
pub fn has_ended(process: &Process) -> bool {
    this_process().is_some_and(|this| this.space == process.space) && !exists(process.pid)
}

fn name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

fn exists(pid: u32) -> bool {
    let process = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    // Where the process is hidden or belongs to another user, the error is another one.
    let is_gone = process.is_some_and(|process| {
        rustix::process::test_kill_process(process) == Err(rustix::io::Errno::SRCH)
    });
    !is_gone && !is_zombie(pid)
}

/// Whether a process has ended, and its parent has not asked for its result yet.
fn is_zombie(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name before the state may contain any characters. The last parenthesis ends it (proc_pid_stat(5)).
    stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('Z'))
}

/// Linux gives a boot a random id, and each space of process ids a number that is unique during a boot.
#[cfg(target_os = "linux")]
fn this_process() -> Option<Process> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let pids = std::fs::read_link("/proc/self/ns/pid").ok()?;
    let space = format!("{} {}", boot.trim(), pids.display());
    Some(Process { space, pid: std::process::id() })
}

/// Other systems have nothing like that, so the lease always runs out.
#[cfg(not(target_os = "linux"))]
fn this_process() -> Option<Process> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn only_a_process_of_this_machine_that_is_gone_has_ended() {
        let this = this_process().unwrap();
        assert!(!has_ended(&this));

        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let other = Process { pid: child.id(), ..this.clone() };
        assert!(!has_ended(&other));
        child.kill().unwrap();
        while !is_zombie(child.id()) {
            std::thread::yield_now();
        }
        assert!(has_ended(&other));
        child.wait().unwrap();
        assert!(has_ended(&other));

        let elsewhere = Process { space: "another boot".to_owned(), ..other };
        assert!(!has_ended(&elsewhere));
        // No process, but a whole group.
        assert!(!has_ended(&Process { pid: 0, ..this }));
    }
}
