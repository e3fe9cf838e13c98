//! Compares `locktender status` with the AWS CLI, each as a whole process.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::task::spawn_blocking;

use crate::document::aws_cli;
use crate::report::{Report, Target, median, ms, ratio};
use crate::store::{LOCK_ID, STATE, Store, TABLE, lock_row};

/// Timed runs of each, after one untimed run.
const RUNS: usize = 25;

/// Measures both in turn.
pub async fn measure(store: &Store, report: &mut Report) {
    let home = TempDir::new().unwrap();
    let ours = status(store, &home);
    let cli = get_item(store, &home);
    let answer = output(ours).await;
    assert!(answer.contains(LOCK_ID), "{answer}");
    if aws_cli().is_none() {
        return report.note("Figure 4 was left out: there is no AWS CLI in `PATH`.");
    }
    if is_script() {
        report
            .note("Figure 4 times a shell script with the AWS CLI: put the CLI itself in `PATH`.");
    }
    let answer = output(cli).await;
    assert!(answer.contains(LOCK_ID), "{answer}");

    let (mut our_times, mut cli_times) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        our_times.push(time(status(store, &home)).await);
        cli_times.push(time(get_item(store, &home)).await);
    }
    let (our, cli) = (median(&our_times), median(&cli_times));
    report.figure(
        "4. locktender status, whole process",
        Target::AtLeast(75.0),
        ms(our),
        format!("{}, aws dynamodb get-item", ms(cli)),
        ratio(cli, our),
    );
}

/// A program with a clean environment and a home without configuration.
pub fn program(program: &str, home: &TempDir, variables: Vec<(&str, String)>) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("HOME", home.path()).current_dir(home.path()).stdin(Stdio::null());
    // A script needs it to find its interpreter.
    command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command.envs(variables);
    command
}

fn status(store: &Store, home: &TempDir) -> Command {
    let mut command = program(env!("CARGO_BIN_EXE_locktender"), home, store.variables(TABLE));
    command.args(["status", STATE]);
    command
}

fn get_item(store: &Store, home: &TempDir) -> Command {
    let mut command = program("aws", home, store.aws_variables());
    let key = format!(r#"{{"LockID":{{"S":"{}"}}}}"#, lock_row());
    command.args(["dynamodb", "get-item", "--consistent-read", "--table-name", TABLE]);
    command.args(["--key", &key]).env("AWS_PAGER", "");
    command
}

/// Whether `aws` is a shell script that starts the AWS CLI, such as a version manager's shim.
fn is_script() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut found = std::env::split_paths(&path).map(|folder| folder.join("aws"));
    let aws = found.find_map(|file| std::fs::read(file).ok()).unwrap_or_default();
    let first = aws.split(|byte| *byte == b'\n').next().unwrap_or_default();
    first.starts_with(b"#!") && first.ends_with(b"sh")
}

/// Runs a program to its end and returns its output. Waits on a blocking thread, so that the
/// `DynamoDB` of this process keeps its threads.
async fn output(mut command: Command) -> String {
    let output = spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// How long a program takes from its start to its end.
pub async fn time(mut command: Command) -> Duration {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let run = move || {
        let begun = Instant::now();
        let status = command.status().unwrap();
        (begun.elapsed(), status)
    };
    let (time, status) = spawn_blocking(run).await.unwrap();
    assert!(status.success(), "{status}");
    time
}
