//! Whatever happens to a test, its servers and its Terraform end with it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::support::deadline::Deadline;
use crate::support::e2e::{self, Locking};
use crate::support::leash::Leash;

/// Far more than SIGKILL takes, and than a moto and an apply take to start.
const BOUND: Duration = Duration::from_mins(1);

/// Where [`hold`] writes the process groups that it has started.
const HOLD: &str = "LOCKTENDER_TEST_HOLD";

/// Set for a [`hold`] that ends by itself.
const AND_END: &str = "LOCKTENDER_TEST_HOLD_AND_END";

/// A command with a child of its own, the way a server starts through a wrapper script.
fn command_with_a_child() -> Leash {
    Leash::spawn("/bin/sh", |command| command.args(["-c", "sleep 600 & echo started; wait"]))
}

#[tokio::test]
async fn a_killed_command_takes_its_children_with_it() {
    let Some(processes) = Processes::look() else {
        return;
    };
    let leash = command_with_a_child();
    let group = leash.group();
    let deadline = Deadline::after(BOUND);
    while leash.output() != "started\n" {
        assert!(deadline.look_again().await, "printed: {:?}", leash.output());
    }
    // Command, child and watcher: the look at the processes sees what it is to miss below.
    assert_eq!(processes.alive(group), 3);

    leash.kill().await;

    processes.assert_ended(group).await;
}

#[tokio::test]
async fn a_panicking_test_takes_its_commands_with_it() {
    let Some(processes) = Processes::look() else {
        return;
    };
    let (sender, group) = std::sync::mpsc::channel();
    let test = std::thread::spawn(move || {
        let leash = command_with_a_child();
        sender.send(leash.group()).unwrap();
        panic!("as a failing test does");
    });

    assert!(test.join().is_err());

    processes.assert_ended(group.recv().unwrap()).await;
}

#[tokio::test]
async fn a_command_that_ends_by_itself_reports_how() {
    let Some(processes) = Processes::look() else {
        return;
    };
    let mut leash =
        Leash::spawn("/bin/sh", |command| command.args(["-c", "echo out; echo err >&2; exit 3"]));

    let status = leash.wait(BOUND).await.expect("the command ends");

    assert_eq!(status.code(), Some(3));
    assert_eq!(leash.output(), "out\nerr\n");
    let group = leash.group();
    drop(leash);
    processes.assert_ended(group).await;
}

#[tokio::test]
async fn a_killed_apply_leaves_no_process() {
    let Some(processes) = Processes::look() else {
        return;
    };
    let Some(bench) = e2e::bench().await else {
        return;
    };
    let dir = bench.working_dir(&bench.backend(Locking::Row).await).await;
    let apply = dir.start_apply().await;
    let group = apply.group();

    apply.kill().await;

    processes.assert_ended(group).await;
}

#[tokio::test]
async fn a_killed_test_binary_leaves_no_process() {
    let Some(processes) = Processes::look() else {
        return;
    };
    let Some(_bench) = e2e::bench().await else {
        return;
    };
    let temporary = tempfile::tempdir().unwrap();
    let mut binary = test_binary(temporary.path(), false);
    let groups = started_by(&mut binary, temporary.path()).await;
    for group in &groups {
        assert!(processes.alive(*group) > 0, "{group} runs");
    }

    binary.kill().await;

    for group in groups {
        processes.assert_ended(group).await;
    }
}

#[tokio::test]
async fn a_finished_test_binary_leaves_no_process() {
    let Some(processes) = Processes::look() else {
        return;
    };
    let Some(_bench) = e2e::bench().await else {
        return;
    };
    let temporary = tempfile::tempdir().unwrap();
    let mut binary = test_binary(temporary.path(), true);
    let groups = started_by(&mut binary, temporary.path()).await;

    let status = binary.wait(BOUND).await.expect("the test binary ends");

    assert!(status.success(), "{}", binary.output());
    for group in groups {
        processes.assert_ended(group).await;
    }
}

/// Not a test by itself: what the two tests above run in a process of its own, to see it end.
#[tokio::test]
async fn hold() {
    let Some(file) = std::env::var_os(HOLD) else {
        return;
    };
    let bench = e2e::bench().await.expect("whoever runs this has found the tools");
    let dir = bench.working_dir(&bench.backend(Locking::Row).await).await;
    let apply = dir.start_apply().await;
    std::fs::write(file, format!("{} {}\n", bench.moto.group(), apply.group())).unwrap();
    if std::env::var_os(AND_END).is_none() {
        tokio::time::sleep(BOUND * 10).await;
    }
}

/// This test binary once more, running nothing but [`hold`].
fn test_binary(temporary: &Path, and_end: bool) -> Leash {
    Leash::spawn(std::env::current_exe().unwrap(), |command: &mut Command| {
        if and_end {
            command.env(AND_END, "1");
        }
        command
            .args(["--exact", &test_name("hold")])
            .env(HOLD, temporary.join("groups"))
            // Killed, it cannot clear up its own temporary files.
            .env("TMPDIR", temporary)
    })
}

/// The name by which the test runner knows a test of this module.
fn test_name(test: &str) -> String {
    let (_crate, module) = module_path!().split_once("::").unwrap();
    format!("{module}::{test}")
}

async fn started_by(binary: &mut Leash, temporary: &Path) -> Vec<u32> {
    let deadline = Deadline::after(BOUND);
    loop {
        let written = std::fs::read_to_string(temporary.join("groups")).unwrap_or_default();
        if written.ends_with('\n') {
            return written.split_whitespace().map(|group| group.parse().unwrap()).collect();
        }
        let alive = binary.ended().is_none() && deadline.look_again().await;
        assert!(alive, "the test binary holds nothing:\n{}", binary.output());
    }
}

/// The system's list of processes.
struct Processes(PathBuf);

impl Processes {
    fn look() -> Option<Self> {
        e2e::tool("ps").map(Self)
    }

    async fn assert_ended(&self, group: u32) {
        let deadline = Deadline::after(BOUND);
        while self.alive(group) > 0 {
            assert!(deadline.look_again().await, "process group {group} is still there");
        }
    }

    /// How many of a group are alive. Zombies are not: a container whose first process reaps
    /// nobody keeps them for good.
    fn alive(&self, group: u32) -> usize {
        let listing = Command::new(&self.0).args(["-A", "-o", "pgid=,stat="]).output().unwrap();
        assert!(listing.status.success(), "{listing:?}");
        String::from_utf8_lossy(&listing.stdout)
            .lines()
            .filter_map(|line| line.trim().split_once(' '))
            .filter(|(pgid, stat)| pgid.parse() == Ok(group) && !stat.trim().starts_with('Z'))
            .count()
    }
}
