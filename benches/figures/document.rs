//! Writes the figures into docs/BENCHMARKS.md, between two marks, with the commit, the time and the
//! machine.

use std::fs::{read_to_string, write};
use std::process::Command;

use locktender::clock::SystemClock;
use locktender::ports::Clock;

const PACKAGE: &str = env!("CARGO_MANIFEST_DIR");

/// The path of the document inside the package.
const PATH: &str = "docs/BENCHMARKS.md";

/// The marks around the figures.
const BEGIN: &str = "<!-- measured: begin -->\n";
const END: &str = "<!-- measured: end -->\n";

/// The commit, time and machine of the figures, read before anything is measured.
pub struct Origin(String);

impl Origin {
    /// Reads them from the repository and the machine.
    pub fn now() -> Self {
        let load = proc("loadavg");
        let load = load.split_whitespace().next().unwrap();
        let date = SystemClock.now().format("%Y-%m-%d %H:%M");
        let cores = std::thread::available_parallelism().unwrap();
        let model = field(&proc("cpuinfo"), "model name");
        let memory: f64 = field(&proc("meminfo"), "MemTotal").replace(" kB", "").parse().unwrap();
        let memory = memory / 1024.0 / 1024.0;
        let kernel = proc("sys/kernel/osrelease");
        let rust = output("rustc", &["--version"]).unwrap_or_else(|| "rustc".to_owned());
        let aws = aws_cli().unwrap_or_else(|| "no AWS CLI".to_owned());
        Self(format!(
            "- Commit: {}\n\
             - Date: {date} UTC\n\
             - Machine: {cores} cores of {model}, {memory:.1} GiB of memory, Linux {}\n\
             - Tools: {rust}, {aws}\n\
             - Load average over the minute before: {load}\n",
            commit(),
            kernel.trim(),
        ))
    }

    /// The whole text between the marks.
    pub fn with(&self, figures: &str) -> String {
        format!("\n{}\n{figures}\n", self.0)
    }
}

/// Checks that the document has both marks, before minutes are spent on measuring.
pub fn check() {
    with_figures("");
}

/// Replaces the last figures.
pub fn keep(figures: &str) {
    write(path(), with_figures(figures)).unwrap();
}

/// The version of the AWS CLI. `None` if there is none that runs.
pub fn aws_cli() -> Option<String> {
    let version = output("aws", &["--version"])?;
    // The rest only describes the machine.
    Some(version.split_whitespace().take(2).collect::<Vec<_>>().join(" "))
}

fn with_figures(figures: &str) -> String {
    let text = read_to_string(path()).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("the first mark");
    let (_, after) = rest.split_once(END).expect("the second mark");
    format!("{before}{BEGIN}{figures}{END}{after}")
}

fn path() -> String {
    format!("{PACKAGE}/{PATH}")
}

/// The commit that was measured. Changes of the document itself are ignored, since every run makes
/// them.
fn commit() -> String {
    let Some(hash) = output("git", &["rev-parse", "--short", "HEAD"]) else {
        return "unknown".to_owned();
    };
    let but_this = format!(":(exclude){PATH}");
    let changes = output("git", &["status", "--porcelain", "--", ".", &but_this]);
    let is_clean = changes.is_some_and(|changes| changes.is_empty());
    if is_clean { format!("`{hash}`") } else { format!("`{hash}`, with changes") }
}

/// The output of a program. `None` if it fails.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).current_dir(PACKAGE).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}

fn proc(file: &str) -> String {
    read_to_string(format!("/proc/{file}")).unwrap()
}

/// The value of `name: value` in a file of `/proc`.
fn field(text: &str, name: &str) -> String {
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.split_once(':'));
    value.map_or("unknown", |(_, value)| value.trim()).to_owned()
}
