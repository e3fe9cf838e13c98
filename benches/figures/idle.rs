//! Measures the cost of an idle bot.

use std::time::Duration;

use tokio::time::sleep;

use crate::bot::Bot;
use crate::report::{Report, Target};
use crate::store::{Store, TABLE};

/// Environment variable with the length of the window in seconds, for a longer measurement.
const SECONDS: &str = "BENCH_IDLE_SECONDS";

/// Time for the start: registering commands and reading names.
const SETTLING: Duration = Duration::from_secs(3);

/// Measures both bots over the same time.
pub async fn measure(store: &Store, report: &mut Report) {
    let seconds = std::env::var(SECONDS).map_or(20, |text| text.parse().expect("whole seconds"));
    let window = Duration::from_secs(seconds);
    let (ours, bare) = (Bot::locktender(store, TABLE).await, Bot::bare(store, TABLE).await);
    sleep(SETTLING).await;
    let used = || [&ours, &bare].map(|bot| bot.process().processor_time());
    let before = used();
    sleep(window).await;
    let after = used();
    let share = |at: usize| {
        after[at].saturating_sub(before[at]).as_secs_f64() / window.as_secs_f64() * 100.0
    };
    let (our, bare) = (share(0), share(1));
    report.figure(
        &format!("6. idle for {seconds} s"),
        Target::Under(1.0, "% of a core"),
        format!("{our:.2} %"),
        format!("{bare:.2} %, bare bot"),
        our,
    );
}
