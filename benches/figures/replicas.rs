//! Measures how long it takes until a bot is connected: after its start, and after another replica was killed.

use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::time::sleep;

use crate::bot::Bot;
use crate::report::{Report, Target, median};
use crate::store::{Store, TABLE};

/// Kills, each at another moment between two writes of the lease.
const KILLS: u32 = 20;

/// Starts of a bot that waits for no other one.
const STARTS: u32 = 10;

/// How far the moment of a kill moves with each one. The lease is written every 3 s.
const STEP: Duration = Duration::from_millis(150);

/// Measures the start and the take-over.
pub async fn measure(store: &Store, report: &mut Report) {
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        // The one before was killed on this machine, so its lease is free.
        let begun = Instant::now();
        let _bot = Bot::locktender_at_rest(store, TABLE).await;
        starts.push(begun.elapsed());
    }
    figure(report, "16. from the start of the bot until it is connected", 1.0, &starts);

    let mut takes = Vec::new();
    let mut serving = Bot::locktender_at_rest(store, TABLE).await;
    for kill in 0..KILLS {
        let standby = Bot::standby(store, TABLE).await;
        sleep(STEP * kill).await;
        // A stopped process writes no lease, so this stays: nobody can see that its process has ended.
        signal(&serving, Signal::STOP);
        store.move_lease_elsewhere().await;
        let begun = Instant::now();
        drop(serving);
        assert!(standby.discord().connected().await, "no take-over after kill {kill}");
        takes.push(begun.elapsed());
        serving = standby;
    }
    figure(report, "17. from a SIGKILL until another replica is connected", 15.0, &takes);
}

/// Adds the longest of a series.
fn figure(report: &mut Report, what: &str, limit: f64, series: &[Duration]) {
    let longest = series.iter().max().expect("a series");
    let (longest, count) = (longest.as_secs_f64(), series.len());
    report.figure(
        &format!("{what}, the longest of {count}"),
        Target::Under(limit, "s"),
        format!("{longest:.2} s"),
        format!("{:.2} s, the median", median(series).as_secs_f64()),
        longest,
    );
}

fn signal(bot: &Bot, signal: Signal) {
    let pid = i32::try_from(bot.process().id()).ok().and_then(Pid::from_raw);
    kill_process(pid.expect("a process id"), signal).expect("the bot is running");
}
