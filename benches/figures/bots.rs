//! Locktender beside the bare bot: latency, throughput and memory.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::bare;
use crate::child::{Memory, Running};
use crate::double::{Discord, GUILD};
use crate::report::{Report, Target, median, ms, quantile, ratio};
use crate::store::{LARGE_TABLE, LOCK_ID, STATE, Store, TABLE};

/// Pairs of fresh processes that are measured. Where a process lies in memory and how its
/// allocator happens to share it out make as much of a difference as the code does.
const PAIRS: usize = 5;

/// Interactions of each bot before anything is timed, so that connections are made and code is in
/// memory.
const WARM_UP: usize = 100;

/// Interactions of each bot, one after the other.
const ONE_BY_ONE: usize = 300;

/// Interactions at once, and how often that is done.
const AT_ONCE: usize = 300;
const BURSTS: usize = 10;

/// A bot in a process of its own, connected to a Discord of its own.
pub struct Bot {
    discord: Discord,
    process: Running,
}

impl Bot {
    /// Locktender, on one of the tables.
    pub async fn locktender(store: &Store, table: &str) -> Self {
        Self::start(Path::new(env!("CARGO_BIN_EXE_locktender")), "run", store, table, None).await
    }

    /// Locktender, which announces in this channel.
    pub async fn announcing(store: &Store, table: &str, channel: u64) -> Self {
        let program = Path::new(env!("CARGO_BIN_EXE_locktender"));
        Self::start(program, "run", store, table, Some(channel)).await
    }

    /// The bare bot, on one of the tables.
    pub async fn bare(store: &Store, table: &str) -> Self {
        let this: PathBuf = std::env::current_exe().unwrap();
        Self::start(&this, bare::ARGUMENT, store, table, None).await
    }

    /// The process.
    pub fn process(&self) -> &Running {
        &self.process
    }

    /// The Discord that it is connected to.
    pub fn discord(&self) -> &Discord {
        &self.discord
    }

    async fn start(
        program: &Path,
        argument: &str,
        store: &Store,
        table: &str,
        announce: Option<u64>,
    ) -> Self {
        let discord = Discord::start().await;
        let mut variables = store.variables(table);
        // The shape of a real token, which serenity looks at.
        let token = "MTEwMDAwMDAwMDAwMDAwMDAwMg.bench0.bench_bench_bench_bench_bench_";
        variables.push(("DISCORD_TOKEN", token.to_owned()));
        variables.push(("DISCORD_GUILD_ID", GUILD.to_string()));
        variables.push(("DISCORD_API_URL", discord.url()));
        variables.push(("LOCKTENDER_APPROVER_ROLE_IDS", "1100000000000000007".to_owned()));
        let announce = announce.map(|id| ("LOCKTENDER_ANNOUNCE_CHANNEL_ID", id.to_string()));
        variables.extend(announce);
        let bot = Self { process: Running::start(program, &[argument], &variables), discord };
        assert!(bot.discord.connected().await, "it did not connect:\n{}", bot.process.log());
        bot
    }

    async fn ask(&self, count: usize) -> Duration {
        self.discord.ask(count, STATE, LOCK_ID).await
    }
}

/// What was measured of one bot, in all of its processes.
#[derive(Default)]
struct Series {
    one_by_one: Vec<Duration>,
    bursts: Vec<Duration>,
    memory: Vec<Memory>,
    /// From the start of the process on, so over the same interactions for both.
    processor: Vec<Duration>,
}

/// Measures both, in turn.
pub async fn measure(store: &Store, report: &mut Report) {
    let (ours, bare) = pairs(store, TABLE).await;
    latency(&ours, &bare, report);
    throughput(&ours, &bare, report);
    processor(&ours, &bare, report);
    memory(&ours, &bare, "", report);
    // The names of states are the one thing that grows with the table; the bare bot keeps none.
    let (ours, bare) = pairs(store, LARGE_TABLE).await;
    memory(&ours, &bare, ", 5,000 rows", report);
}

async fn pairs(store: &Store, table: &str) -> (Series, Series) {
    let mut series = (Series::default(), Series::default());
    for _ in 0..PAIRS {
        let bots = (Bot::locktender(store, table).await, Bot::bare(store, table).await);
        in_turn(&bots, WARM_UP, 1).await;
        let (ours, bare) = in_turn(&bots, ONE_BY_ONE, 1).await;
        series.0.one_by_one.extend(ours);
        series.1.one_by_one.extend(bare);
        // The first burst makes the connections that the others use.
        in_turn(&bots, 1, AT_ONCE).await;
        let (ours, bare) = in_turn(&bots, BURSTS, AT_ONCE).await;
        series.0.bursts.extend(ours);
        series.1.bursts.extend(bare);
        for (series, bot) in [(&mut series.0, &bots.0), (&mut series.1, &bots.1)] {
            series.memory.push(bot.process().memory());
            series.processor.push(bot.process().processor_time());
        }
    }
    series
}

fn latency(ours: &Series, bare: &Series, report: &mut Report) {
    for (name, share) in [("median", 0.5), ("95th percentile", 0.95)] {
        let (our, bare) = (quantile(&ours.one_by_one, share), quantile(&bare.one_by_one, share));
        report.figure(
            &format!("1. /lock status, {name}"),
            Target::AtMost(1.3),
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
        Target::AtLeast(0.75),
        a_second(our),
        format!("{}, bare bot", a_second(bare)),
        ratio(bare, our),
    );
}

/// What the ratios would be if the `DynamoDB` and the Discord of the bench took no time.
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

fn memory(ours: &Series, bare: &Series, on: &str, report: &mut Report) {
    let now = |memory: &Memory| memory.now;
    let peak = |memory: &Memory| memory.peak;
    let own = |memory: &Memory| memory.own;
    let mut add = |name, of: fn(&Memory) -> u32, target| {
        let mib = |series: &Series| {
            let mut kib: Vec<u32> = series.memory.iter().map(of).collect();
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
    add("VmRSS", now, Target::AtMost(1.3));
    add("VmHWM", peak, Target::AtMost(1.3));
    add("RssAnon", own, Target::None);
}

/// Asks both so many times, `at_once` at a time. Who goes first changes from turn to turn, so that
/// neither always runs on what the other has left in the caches, and drift meets both.
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
