//! Measures the figures with targets for Locktender side by side in one run, and prints them as a
//! table.
//!
//! `cargo bench --bench figures` measures all of them and writes them into docs/BENCHMARKS.md,
//! which explains the comparisons. `-- bots idle` after it measures only these sections and writes
//! nothing. Nothing is asserted, since figures depend on the machine.
//!
//! Everything runs on the loopback interface. A `DynamoDB` and a Discord double run in this
//! process. Child processes run `locktender`, a bare serenity bot (this executable again) and the
//! AWS CLI, if it is installed.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a bench fails by panicking")]
#![expect(unreachable_pub, reason = "`pub` means: for the other modules of this bench")]

mod backends;
mod bare;
mod bot;
mod bots;
mod child;
mod connections;
mod doctor;
mod document;
mod double;
mod idle;
mod library;
mod list;
mod process;
mod release;
mod replicas;
mod report;
mod scene;
mod store;
mod trail;
mod watch;

use document::Origin;
use report::Report;
use store::Store;

/// The sections that can be measured alone, in the order of the figures.
const SECTIONS: &[&str] = &[
    "bots", "process", "list", "idle", "trail", "release", "watch", "backends", "doctor",
    "replicas",
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    if arguments.first().is_some_and(|first| first == bare::ARGUMENT) {
        return runtime.block_on(bare::run());
    }
    // Cargo passes `--bench` to every bench. `cargo test --all-targets` does not, and must not wait
    // for figures.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return println!("figures are measured by `cargo bench`");
    }
    let wanted: Vec<&str> =
        arguments.iter().map(|a| &**a).filter(|a| !a.starts_with('-')).collect();
    let unknown = wanted.iter().find(|section| !SECTIONS.contains(section));
    assert!(unknown.is_none(), "there is no {unknown:?}, only {SECTIONS:?}");
    runtime.block_on(run(&wanted));
}

async fn run(wanted: &[&str]) {
    let origin = Origin::now();
    let everything = wanted.is_empty();
    if everything {
        document::check();
    }
    let figures = origin.with(&measure(if everything { SECTIONS } else { wanted }).await);
    print!("{figures}");
    if everything {
        document::keep(&figures);
    }
}

async fn measure(sections: &[&str]) -> String {
    let store = Store::start().await;
    let mut report = Report::default();
    if sections.contains(&"bots") {
        bots::measure(&store, &mut report).await;
    }
    if sections.contains(&"process") {
        process::measure(&store, &mut report).await;
    }
    if sections.contains(&"list") {
        list::measure(&store, &mut report).await;
    }
    if sections.contains(&"idle") {
        idle::measure(&store, &mut report).await;
    }
    if sections.contains(&"trail") {
        trail::measure(&store, &mut report).await;
    }
    if sections.contains(&"release") {
        release::measure(&store, &mut report).await;
    }
    if sections.contains(&"watch") {
        watch::measure(&store, &mut report).await;
    }
    if sections.contains(&"backends") {
        backends::measure(&store, &mut report).await;
    }
    if sections.contains(&"doctor") {
        doctor::measure(&store, &mut report).await;
    }
    if sections.contains(&"replicas") {
        replicas::measure(&store, &mut report).await;
    }
    report.to_string()
}
