//! Measures a list of 1,000 locks among 5,000 rows.

use std::sync::Arc;
use std::time::Instant;

use locktender::aws::AwsLocks;
use locktender::clock::SystemClock;
use locktender::commands;
use locktender::finding::Reading;
use locktender::lock::{Backend, BackendName, BackendStores, Catalog};
use locktender::workers::PatientDirectory;
use tempfile::TempDir;

use crate::process::{program, time};
use crate::report::{Report, Target, median, ms};
use crate::store::{BUCKET, LARGE_LOCKS, LARGE_TABLE, Store};

const RUNS: usize = 15;

/// Measures the command itself, and the whole program.
pub async fn measure(store: &Store, report: &mut Report) {
    let reading = reading(store);
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let begun = Instant::now();
        let reports = commands::list(&reading, "").await.unwrap().reports;
        times.push(begun.elapsed());
        assert_eq!(reports.len(), LARGE_LOCKS);
    }
    let mut add = |what: &str, times: &[_]| {
        let time = median(times);
        let target = Target::Under(1.5, "s");
        report.figure(what, target, ms(time), String::new(), time.as_secs_f64());
    };
    add("5. list, 1,000 locks of 5,000 rows", &times);

    let home = TempDir::new().unwrap();
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let mut command =
            program(env!("CARGO_BIN_EXE_locktender"), &home, store.variables(LARGE_TABLE));
        command.args(["list", "--json"]);
        times.push(time(command).await);
    }
    add("5. locktender list --json, whole process", &times);
}

fn reading(store: &Store) -> Reading {
    let key = "{state}/terraform.tfstate".parse().unwrap();
    let backend = Backend::new(BackendName::new("main").unwrap(), BUCKET, key, "env:").unwrap();
    let catalog = Catalog::new(vec![backend.clone()]);
    let stores = BackendStores::new(backend, Some(LARGE_TABLE.to_owned()), false).unwrap();
    let locks = Arc::new(AwsLocks::connect(&store.session(), vec![stores]));
    let directory = Arc::new(PatientDirectory::new(locks.clone()));
    Reading { catalog, locks, directory, clock: Arc::new(SystemClock) }
}
