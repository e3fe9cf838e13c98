//! Compares Locktender with the bare bot: latency, throughput and memory.

use std::time::Duration;

use crate::bot::Bot;
use crate::child::Memory;
use crate::connections::{most_during, open_to};
use crate::report::{Report, Target, median, ms, quantile, ratio};
use crate::scene::Scene;
use crate::store::{LARGE_TABLE, Store, TABLE};

/// Pairs of fresh processes that are measured. The address layout of a process and the state of its
/// allocator change the figures as much as the code does.
const PAIRS: usize = 5;

/// Interactions of each bot before the timing starts, so that connections are open and code is in
/// memory.
const WARM_UP: usize = 100;

/// Interactions of each bot, one after the other.
const ONE_BY_ONE: usize = 300;

/// Interactions in one burst, and the number of bursts.
const AT_ONCE: usize = 300;
const BURSTS: usize = 10;

/// The measurements of one bot over all of its processes.
#[derive(Default)]
struct Series {
    one_by_one: Vec<Duration>,
    /// The first burst of a process, which opens the connections that later bursts use.
    first_bursts: Vec<Duration>,
    bursts: Vec<Duration>,
    /// Most connections to the `DynamoDB` at one time.
    connections: Vec<usize>,
    /// Before the bursts, after the first one, and after the last one.
    memory: [Vec<Memory>; 3],
    /// Measured from the first interaction on, so it covers the same interactions for both bots.
    processor: Vec<Duration>,
}

/// Measures both bots in turn.
pub async fn measure(store: &Store, report: &mut Report) {
    let (ours, bare) = pairs(store, TABLE).await;
    latency(&ours, &bare, report);
    throughput(&ours, &bare, report);
    burst(&ours, &bare, report);
    processor(&ours, &bare, report);
    memory(&ours, &bare, Target::AtMost(1.15), "", report);
    // Only the state names grow with the table, and the bare bot keeps none.
    let (ours, bare) = pairs(store, LARGE_TABLE).await;
    memory(&ours, &bare, Target::AtMost(1.3), ", 5,000 rows", report);
}

async fn pairs(store: &Store, table: &str) -> (Series, Series) {
    let scene = Scene::set(store, table).await;
    let mut series = (Series::default(), Series::default());
    for _ in 0..PAIRS {
        scene.forget_a_lock().await;
        let bots = (Bot::in_scene(store, table).await, Bot::bare(store, table).await);
        scene.is_seen().await;
        bots.0.rests().await;
        bots.1.rests().await;
        pair(store, &bots, &mut series).await;
    }
    series
}

async fn pair(store: &Store, bots: &(Bot, Bot), (ours, bare): &mut (Series, Series)) {
    let used = [&bots.0, &bots.1].map(|bot| bot.process().processor_time());
    in_turn(bots, WARM_UP, 1).await;
    let (our_times, bare_times) = in_turn(bots, ONE_BY_ONE, 1).await;
    ours.one_by_one.extend(our_times);
    bare.one_by_one.extend(bare_times);

    let mut both = [(ours, &bots.0), (bare, &bots.1)];
    for (series, bot) in &mut both {
        series.memory[0].push(bot.process().memory());
        let burst = async { series.first_bursts.push(bot.ask(AT_ONCE).await) };
        let most = most_during(bot.process().id(), store.port(), burst).await;
        series.connections.push(most);
        series.memory[1].push(bot.process().memory());
    }
    let (our_times, bare_times) = in_turn(bots, BURSTS, AT_ONCE).await;
    both[0].0.bursts.extend(our_times);
    both[1].0.bursts.extend(bare_times);
    for ((series, bot), before) in both.into_iter().zip(used) {
        series.connections.push(open_to(bot.process().id(), store.port()));
        series.memory[2].push(bot.process().memory());
        let used = bot.process().processor_time().saturating_sub(before);
        series.processor.push(used);
    }
}

fn latency(ours: &Series, bare: &Series, report: &mut Report) {
    for (name, share, limit) in [("median", 0.5, 1.15), ("95th percentile", 0.95, 1.25)] {
        let (our, bare) = (quantile(&ours.one_by_one, share), quantile(&bare.one_by_one, share));
        report.figure(
            &format!("1. /lock status, {name}"),
            Target::AtMost(limit),
            ms(our),
            format!("{}, bare bot", ms(bare)),
            ratio(our, bare),
        );
    }
}

fn throughput(ours: &Series, bare: &Series, report: &mut Report) {
    let (our, bare) = (median(&ours.bursts), median(&bare.bursts));
    let a_second = |time: Duration| format!("{:.0}/s", 300.0 / time.as_secs_f64());
    report.figure(
        "2. 300 /lock status at once",
        Target::AtLeast(0.9),
        a_second(our),
        format!("{}, bare bot", a_second(bare)),
        ratio(bare, our),
    );
}

/// Other figures of a burst: the longest wait, and the number of connections.
fn burst(ours: &Series, bare: &Series, report: &mut Report) {
    // All interactions are sent at once, so the slowest answer takes as long as the burst.
    let longest =
        |series: &Series| *series.first_bursts.iter().chain(&series.bursts).max().unwrap();
    let (our, bare_longest) = (longest(ours), longest(bare));
    report.figure(
        "2. the longest of these answers",
        Target::Under(3.0, "s"),
        ms(our),
        format!("{}, bare bot", ms(bare_longest)),
        our.as_secs_f64(),
    );
    let most = |series: &Series| u32::try_from(*series.connections.iter().max().unwrap()).unwrap();
    report.figure(
        "   most connections to DynamoDB at one time",
        Target::None,
        most(ours).to_string(),
        format!("{}, bare bot", most(bare)),
        f64::from(most(ours)) / f64::from(most(bare)),
    );
}

/// The processor times. Their ratio shows what the other ratios would be if the bench's `DynamoDB`
/// and Discord took no time.
fn processor(ours: &Series, bare: &Series, report: &mut Report) {
    let (our, bare) = (median(&ours.processor), median(&bare.processor));
    report.figure(
        "   processor time of all interactions",
        Target::None,
        ms(our),
        format!("{}, bare bot", ms(bare)),
        ratio(our, bare),
    );
}

/// The target applies to the memory after the last burst. The peak has a target of its own.
fn memory(ours: &Series, bare: &Series, target: Target, on: &str, report: &mut Report) {
    let now = |memory: &Memory| memory.now;
    let peak = |memory: &Memory| memory.peak;
    let own = |memory: &Memory| memory.own;
    let mut add = |name, moment: usize, of: fn(&Memory) -> u32, target| {
        let mib = |series: &Series| {
            let mut kib: Vec<u32> = series.memory[moment].iter().map(of).collect();
            kib.sort_unstable();
            f64::from(kib[kib.len() / 2]) / 1024.0
        };
        let (our, bare) = (mib(ours), mib(bare));
        report.figure(
            &format!("3. memory, {name}{on}"),
            target,
            format!("{our:.1} MiB"),
            format!("{bare:.1} MiB, bare bot"),
            our / bare,
        );
    };
    add("VmRSS before the bursts", 0, now, Target::None);
    add("VmRSS after the first burst", 1, now, Target::None);
    add("VmRSS after the last burst", 2, now, target);
    add("VmHWM", 2, peak, Target::AtMost(1.3));
    add("RssAnon", 2, own, Target::None);
}

/// Asks both bots `turns` times, with `at_once` interactions each time. The order changes every
/// turn, so that neither bot always profits from caches that the other filled, and drift affects
/// both.
async fn in_turn(
    (ours, bare): &(Bot, Bot),
    turns: usize,
    at_once: usize,
) -> (Vec<Duration>, Vec<Duration>) {
    let (mut our_times, mut bare_times) = (Vec::new(), Vec::new());
    for turn in 0..turns {
        if turn % 2 == 0 {
            our_times.push(ours.ask(at_once).await);
            bare_times.push(bare.ask(at_once).await);
        } else {
            bare_times.push(bare.ask(at_once).await);
            our_times.push(ours.ask(at_once).await);
        }
    }
    (our_times, bare_times)
}
