//! The bots, servers and Terraform of a test always end with the test.

use std::fs;
use std::path::Path;
use std::process::Command;

use tokio::sync::oneshot;

use crate::support::deadline::Deadline;
use crate::support::e2e::{self, Locking};
use crate::support::leash::Leash;
use crate::support::program::Program;
use crate::support::stand::Stand;

/// The variable with the file in which a holding test lists the process groups that it has started.
const HOLD: &str = "LOCKTENDER_TEST_HOLD";

/// The variable that says how a holding test ends.
const END: &str = "LOCKTENDER_TEST_HOLD_END";

/// The ways in which a test may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Passes,
    Panics,
    IsKilled,
}

/// A command with a child, like a server with a wrapper script. The child is a shell that has stopped
/// itself, so it stays without another program.
fn command_with_a_child() -> Leash {
    let script = r"sh -c 'kill -STOP $$' & echo started; wait";
    Leash::spawn("/bin/sh", |command| command.args(["-c", script]))
}

#[tokio::test]
async fn a_killed_command_takes_its_children_with_it() {
    let leash = command_with_a_child();
    let group = leash.group();
    let deadline = Deadline::generous();
    while leash.output() != "started\n" {
        assert!(deadline.look_again().await, "printed: {:?}", leash.output());
    }
    // Command, child and watcher. So `alive` can see the processes that must be gone below.
    assert_eq!(alive(group), 3);

    leash.kill();

    assert_ended(group).await;
}

#[tokio::test]
async fn a_panicking_test_takes_its_commands_with_it() {
    let (sender, group) = oneshot::channel();
    let test = std::thread::spawn(move || {
        let leash = command_with_a_child();
        sender.send(leash.group()).unwrap();
        panic!("as a failing test does");
    });
    assert_ended(group.await.unwrap()).await;

    assert!(test.join().is_err());
}

#[tokio::test]
async fn a_command_that_ends_by_itself_reports_how() {
    let mut leash =
        Leash::spawn("/bin/sh", |command| command.args(["-c", "echo err >&2; echo out; exit 3"]));

    let status = leash.wait().await;

    assert_eq!(status.code(), Some(3));
    assert_eq!((&*leash.stdout(), &*leash.stderr()), ("out\n", "err\n"));
    assert_eq!(leash.output(), "out\nerr\n");
    let group = leash.group();
    drop(leash);
    assert_ended(group).await;
}

#[tokio::test]
async fn a_killed_apply_leaves_no_process() {
    let Some(bench) = e2e::bench().await else {
        return;
    };
    let dir = bench.working_dir(&bench.backend(Locking::Row).await).await;
    let apply = dir.start_apply().await;
    let group = apply.group();

    apply.kill().await;

    assert_ended(group).await;
}

#[tokio::test]
async fn no_test_leaves_a_bot_however_it_ends() {
    for end in [End::Passes, End::Panics, End::IsKilled] {
        nothing_is_left_by("hold_bots", end).await;
    }
}

#[tokio::test]
async fn no_test_leaves_a_server_or_a_terraform_however_it_ends() {
    let Some(_bench) = e2e::bench().await else {
        return;
    };
    for end in [End::Passes, End::Panics, End::IsKilled] {
        nothing_is_left_by("hold_tools", end).await;
    }
}

/// Not a test by itself. The test above runs it in another process and watches it end.
#[tokio::test]
async fn hold_bots() {
    if std::env::var_os(HOLD).is_none() {
        return;
    }
    let stand = Stand::new().await;
    stand.start().await;
    // This bot tries to reach a Discord that does not exist, until it is ended.
    let other = Program::at(&stand.db.endpoint())
        .set("LOCKTENDER_LOCK_TABLE", "locks")
        .set("DISCORD_TOKEN", "token")
        .set("DISCORD_GUILD_ID", "1")
        .set("DISCORD_API_URL", "http://127.0.0.1:1")
        .set("LOCKTENDER_APPROVER_ROLE_IDS", "900")
        .start(&["run"]);
    held(&[stand.group(), other.group()]).await;
}

/// Like `hold_bots`, for the test of servers and Terraform.
#[tokio::test]
async fn hold_tools() {
    if std::env::var_os(HOLD).is_none() {
        return;
    }
    let bench = e2e::bench().await.expect("whoever runs this has found the tools");
    let dir = bench.working_dir(&bench.backend(Locking::Row).await).await;
    let apply = dir.start_apply().await;
    held(&[bench.moto.group(), apply.group()]).await;
}

/// Writes the process groups of a holding test, and ends it in the requested way.
async fn held(groups: &[u32]) {
    let groups: String = groups.iter().map(|group| format!("{group} ")).collect();
    fs::write(std::env::var_os(HOLD).unwrap(), groups + "\n").unwrap();
    let end = std::env::var(END).unwrap();
    if end == format!("{:?}", End::IsKilled) {
        std::future::pending::<()>().await;
    }
    assert_ne!(end, format!("{:?}", End::Panics), "as a failing test does");
}

/// Runs a holding test in another process, and asserts that all its processes end with it.
async fn nothing_is_left_by(test: &str, end: End) {
    let temporary = tempfile::tempdir().unwrap();
    let file = temporary.path().join("groups");
    let mut binary = Leash::spawn(std::env::current_exe().unwrap(), |command: &mut Command| {
        command
            .args(["--exact", &test_name(test)])
            .env(HOLD, &file)
            .env(END, format!("{end:?}"))
            // A killed test cannot remove its own temporary files.
            .env("TMPDIR", temporary.path())
    });
    let groups = started_by(&mut binary, &file).await;
    if end == End::IsKilled {
        for group in &groups {
            assert!(alive(*group) > 0, "{group} runs");
        }
        binary.kill();
    } else {
        let status = binary.wait().await;
        assert_eq!(status.success(), end == End::Passes, "{}", binary.output());
    }
    for group in groups {
        assert_ended(group).await;
    }
}

/// The full name of a test of this module.
fn test_name(test: &str) -> String {
    let (_crate, module) = module_path!().split_once("::").unwrap();
    format!("{module}::{test}")
}

/// Waits for the process groups that a holding test has started.
async fn started_by(binary: &mut Leash, file: &Path) -> Vec<u32> {
    let deadline = Deadline::generous();
    loop {
        let written = fs::read_to_string(file).unwrap_or_default();
        if written.ends_with('\n') {
            return written.split_whitespace().map(|group| group.parse().unwrap()).collect();
        }
        let alive = binary.ended().is_none() && deadline.look_again().await;
        assert!(alive, "the test binary holds nothing:\n{}", binary.output());
    }
}

async fn assert_ended(group: u32) {
    let deadline = Deadline::generous();
    while alive(group) > 0 {
        assert!(deadline.look_again().await, "process group {group} is still there");
    }
}

/// The number of living processes in a group, without zombies. A container whose first process does not
/// reap keeps zombies for ever.
fn alive(group: u32) -> usize {
    let processes = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path().join("stat"));
    // Other entries have no such file, and a process may end during the look.
    let stats = processes.filter_map(|stat| fs::read_to_string(stat).ok());
    let is_alive = |stat: &String| {
        // proc_pid_stat(5): state, parent and group follow the name, which may contain any character.
        let (_, rest) = stat.rsplit_once(')').unwrap();
        let fields: Vec<&str> = rest.split_whitespace().take(3).collect();
        fields[0] != "Z" && fields[0] != "X" && fields[2].parse() == Ok(group)
    };
    stats.filter(is_alive).count()
}
