//! The figures that Locktender is held to, measured side by side in one run and printed as a table.
//!
//! `cargo bench --bench figures` measures all of them, `-- bots`, `-- idle`, `-- process`, `-- list`,
//! `-- trail`, `-- release` or `-- watch` after it only those. Nothing is asserted: a figure depends
//! on the machine, and what is compared with what stands in docs/BENCHMARKS.md.
//!
//! Everything runs on the loopback interface: a `DynamoDB` and a double of Discord in this process,
//! and as child processes the program `locktender`, a bare serenity bot (this executable once more)
//! and the AWS CLI, where there is one.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a bench fails by panicking")]
#![expect(unreachable_pub, reason = "`pub` means: for the other modules of this bench")]

mod bare;
mod bot;
mod bots;
mod child;
mod connections;
mod double;
mod idle;
mod library;
mod list;
mod process;
mod release;
mod report;
mod scene;
mod store;
mod trail;
mod watch;

use report::Report;
use store::Store;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    if arguments.first().is_some_and(|first| first == bare::ARGUMENT) {
        return runtime.block_on(bare::run());
    }
    // Cargo passes this to every bench. `cargo test --all-targets` does not, and must not wait.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return println!("figures are measured by `cargo bench`");
    }
    let wanted: Vec<&str> =
        arguments.iter().map(|a| &**a).filter(|a| !a.starts_with('-')).collect();
    runtime.block_on(measure(&wanted));
}

async fn measure(wanted: &[&str]) {
    let wants = |section| wanted.is_empty() || wanted.contains(&section);
    let store = Store::start().await;
    let mut report = Report::default();
    if wants("bots") {
        bots::measure(&store, &mut report).await;
    }
    if wants("idle") {
        idle::measure(&store, &mut report).await;
    }
    if wants("process") {
        process::measure(&store, &mut report).await;
    }
    if wants("list") {
        list::measure(&store, &mut report).await;
    }
    if wants("trail") {
        trail::measure(&store, &mut report).await;
    }
    if wants("release") {
        release::measure(&store, &mut report).await;
    }
    if wants("watch") {
        watch::measure(&store, &mut report).await;
    }
    report.print();
}
