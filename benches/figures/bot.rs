//! Runs a bot in its own process.

use std::path::Path;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::bare;
use crate::child::Running;
use crate::double::{Discord, GUILD};
use crate::scene;
use crate::store::{LOCK_ID, STATE, Store};

/// The program.
const LOCKTENDER: &str = env!("CARGO_BIN_EXE_locktender");

/// A bot rests if it uses at most `AT_REST` of processor time in a `WINDOW`.
const WINDOW: Duration = Duration::from_secs(1);
const AT_REST: Duration = Duration::from_millis(10);

/// How long a bot may take until it rests.
const LIMIT: Duration = Duration::from_mins(1);

/// A bot in its own process, connected to its own Discord double.
pub struct Bot {
    discord: Discord,
    process: Running,
    /// Texts that every answer must contain.
    expected: &'static [&'static str],
}

impl Bot {
    /// Locktender on one of the tables.
    pub async fn locktender(store: &Store, table: &str) -> Self {
        Self::start(Path::new(LOCKTENDER), "run", store.variables(table), &[LOCK_ID]).await
    }

    /// Locktender with this announce channel.
    pub async fn announcing(store: &Store, table: &str, channel: u64) -> Self {
        let mut variables = store.variables(table);
        variables.push(("LOCKTENDER_ANNOUNCE_CHANNEL_ID", channel.to_string()));
        Self::start(Path::new(LOCKTENDER), "run", variables, &[LOCK_ID]).await
    }

    /// Locktender that looks at the locks only once, and whose answers contain all parts of a
    /// scene.
    pub async fn in_scene(store: &Store, table: &str) -> Self {
        let mut variables = store.variables(table);
        variables.push(("LOCKTENDER_POLL_INTERVAL", "1d".to_owned()));
        Self::start(Path::new(LOCKTENDER), "run", variables, scene::EXPECTED).await
    }

    /// Locktender that looks at the locks only once.
    pub async fn locktender_at_rest(store: &Store, table: &str) -> Self {
        let mut variables = store.variables(table);
        variables.push(("LOCKTENDER_POLL_INTERVAL", "1d".to_owned()));
        Self::start(Path::new(LOCKTENDER), "run", variables, &[LOCK_ID]).await
    }

    /// Locktender beside another one that serves. Waits until it stands by.
    pub async fn standby(store: &Store, table: &str) -> Self {
        let mut variables = store.variables(table);
        variables.push(("LOCKTENDER_POLL_INTERVAL", "1d".to_owned()));
        let bot = Self::launch(Path::new(LOCKTENDER), "run", variables, &[LOCK_ID]).await;
        let begun = Instant::now();
        while !bot.process.log().contains("stands by") {
            assert!(begun.elapsed() < LIMIT, "it does not stand by:\n{}", bot.process.log());
            sleep(Duration::from_millis(50)).await;
        }
        bot
    }

    /// Locktender with the backends of a file. Its own tables are those of `table`.
    pub async fn with_file(store: &Store, table: &str, file: &Path, interval: &str) -> Self {
        let mut variables = store.variables(table);
        variables.retain(|(name, _)| {
            !name.starts_with("LOCKTENDER_STATE") && !name.ends_with("LOCK_TABLE")
        });
        variables.push(("LOCKTENDER_CONFIG", file.display().to_string()));
        variables.push(("LOCKTENDER_POLL_INTERVAL", interval.to_owned()));
        Self::start(Path::new(LOCKTENDER), "run", variables, &[LOCK_ID]).await
    }

    /// The bare bot on one of the tables.
    pub async fn bare(store: &Store, table: &str) -> Self {
        let this = std::env::current_exe().unwrap();
        Self::start(&this, bare::ARGUMENT, store.variables(table), &[LOCK_ID]).await
    }

    /// The process.
    pub fn process(&self) -> &Running {
        &self.process
    }

    /// The Discord double that it is connected to.
    pub fn discord(&self) -> &Discord {
        &self.discord
    }

    /// Asks for the status of the lock `count` times at once, and returns the time until the last
    /// answer.
    pub async fn ask(&self, count: usize) -> Duration {
        self.discord.ask(count, STATE, self.expected).await
    }

    /// Waits until it rests.
    pub async fn rests(&self) {
        let begun = Instant::now();
        loop {
            let before = self.process.processor_time();
            sleep(WINDOW).await;
            if self.process.processor_time().saturating_sub(before) <= AT_REST {
                return;
            }
            assert!(begun.elapsed() < LIMIT, "it does not come to rest:\n{}", self.process.log());
        }
    }

    async fn start(
        program: &Path,
        argument: &str,
        variables: Vec<(&'static str, String)>,
        expected: &'static [&'static str],
    ) -> Self {
        let bot = Self::launch(program, argument, variables, expected).await;
        assert!(bot.discord.connected().await, "it did not connect:\n{}", bot.process.log());
        bot
    }

    async fn launch(
        program: &Path,
        argument: &str,
        mut variables: Vec<(&'static str, String)>,
        expected: &'static [&'static str],
    ) -> Self {
        let discord = Discord::start().await;
        // It has the format of a real token, since serenity checks that.
        let token = "MTEwMDAwMDAwMDAwMDAwMDAwMg.bench0.bench_bench_bench_bench_bench_";
        variables.push(("DISCORD_TOKEN", token.to_owned()));
        variables.push(("DISCORD_GUILD_ID", GUILD.to_string()));
        variables.push(("DISCORD_API_URL", discord.url()));
        variables.push(("LOCKTENDER_APPROVER_ROLE_IDS", "1100000000000000007".to_owned()));
        let process = Running::start(program, &[argument], &variables);
        Self { discord, process, expected }
    }
}
