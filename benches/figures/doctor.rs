//! Times `locktender doctor` over 20 backends, one of which never answers.

use std::time::Instant;

use locktender::aws::Sandbox;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::{AbortHandle, spawn_blocking};

use crate::process::program;
use crate::report::{Report, Target};
use crate::store::{Store, TABLE};

/// Backends in the file, each with a lock table of its own.
const BACKENDS: usize = 20;

/// Timed runs. Nearly all of a run is the wait for the one that never answers.
const RUNS: usize = 5;

/// A server that takes connections and never answers.
struct Silent {
    endpoint: String,
    serving: AbortHandle,
}

impl Silent {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move {
            let mut open = Vec::new();
            loop {
                open.push(listener.accept().await.unwrap());
            }
        });
        Self { endpoint, serving: serving.abort_handle() }
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Measures the longest of some runs.
pub async fn measure(store: &Store, report: &mut Report) {
    let (home, silent) = (TempDir::new().unwrap(), Silent::start().await);
    let file = home.path().join("backends.toml");
    let mut backends = String::new();
    for at in 0..BACKENDS {
        let table = format!("examined-{at}");
        Sandbox::open(&store.session(), &table).await.unwrap();
        backends.push_str(&format!(
            "[[backend]]\nname = \"team-{at}\"\nbucket = \"states-{at}\"\ndynamodb_table = \"{table}\"\n"
        ));
    }
    backends.push_str(&format!("endpoint = \"{}\"\n", silent.endpoint));
    std::fs::write(&file, backends).unwrap();
    let mut longest = 0.0_f64;
    for _ in 0..RUNS {
        longest = longest.max(run(store, &home).await);
    }
    report.figure(
        &format!("15. locktender doctor of {BACKENDS} backends, one of them silent"),
        Target::Under(5.0, "s"),
        format!("{longest:.2} s"),
        String::new(),
        longest,
    );
}

/// The seconds of one run. Asserts that it looked at all the others.
async fn run(store: &Store, home: &TempDir) -> f64 {
    let mut variables = store.variables(TABLE);
    let file = home.path().join("backends.toml").display().to_string();
    variables.push(("LOCKTENDER_CONFIG", file));
    let mut command = program(env!("CARGO_BIN_EXE_locktender"), home, variables);
    command.args(["doctor", "--json"]);
    let timed = move || {
        let begun = Instant::now();
        let output = command.output().unwrap();
        (begun.elapsed().as_secs_f64(), output)
    };
    let (seconds, output) = spawn_blocking(timed).await.unwrap();
    let diagnosis: Value = serde_json::from_slice(&output.stdout).unwrap();
    let checked = diagnosis["checked"].as_array().unwrap().iter();
    let subjects = checked.filter_map(|it| it["subject"].as_str());
    let tables = subjects.filter(|subject| subject.starts_with("lock table `examined-"));
    assert_eq!(tables.count(), BACKENDS - 1, "{diagnosis:#}");
    seconds
}
