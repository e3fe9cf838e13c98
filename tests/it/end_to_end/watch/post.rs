//! A site whose bot looks every second, and the texts of its channels without the parts that differ
//! between runs.

use locktender::aws::{AwsHolds, LedgerTables};
use locktender::lock::StatePath;
use locktender::ports::Holds;
use locktender::watch::PastHold;

use crate::support::deadline::Deadline;
use crate::support::discord::{Message, Person, Ping, World};
use crate::support::dynamodb::session;
use crate::support::e2e::{Bench, Locking};
use crate::support::lock::StaleLock;
use crate::support::site::Site;
use crate::support::terraform::WorkingDir;

/// A site, and a reader of the holds that its bot stores.
pub struct Post {
    pub site: Site,
    holds: AwsHolds,
}

impl Post {
    /// A site with a running bot.
    pub async fn open(bench: &Bench, locking: Locking) -> Self {
        let mut post = Self::closed(bench, locking).await;
        post.site.start().await;
        post
    }

    /// A site whose bot is not started yet.
    pub async fn closed(bench: &Bench, locking: Locking) -> Self {
        let backend = bench.backend(locking).await;
        let aws = backend.endpoint.to_string();
        let site = Site::closed(bench, &backend, &aws).await;
        let site = site.set("LOCKTENDER_POLL_INTERVAL", "1s");
        let bucket = &backend.bucket.name;
        let (table, audit_table) = (format!("bot-{bucket}"), format!("audit-{bucket}"));
        let holds = AwsHolds::connect(&session(&aws), LedgerTables { table, audit_table });
        Self { site, holds }
    }

    /// The lock IDs of the current holds that the bot has stored.
    pub async fn held(&self) -> Vec<String> {
        let holds = self.holds.current().await.unwrap();
        holds.into_values().filter_map(|hold| hold.lock_id).collect()
    }

    /// The past holds of a state, newest first.
    pub async fn past(&self, state: &str) -> Vec<PastHold> {
        let bucket = &self.site.dir.backend().bucket.name;
        let path = StatePath::parse(&format!("{bucket}/{state}/terraform.tfstate")).unwrap();
        self.holds.past(&path, 100).await.unwrap().holds
    }

    /// Waits until the bot has seen the lock of this directory, and returns the lock.
    pub async fn see(&self, dir: &WorkingDir) -> StaleLock {
        let lock = StaleLock::new(dir.lock_row().await, dir.lockfile().await).expect("a lock");
        let deadline = Deadline::generous();
        while !self.held().await.contains(&lock.id()) {
            assert!(deadline.look_again().await, "the bot does not see {}", lock.id());
        }
        lock
    }

    /// Kills an apply, and waits until the bot has seen its lock.
    pub async fn kill_an_apply(&self) -> StaleLock {
        self.site.dir.apply_and_kill().await;
        self.see(&self.site.dir).await
    }

    /// Presses `Notify me` as this person.
    pub async fn notify(&self, person: &Person, state: &str) {
        let status = person.slash(self.site.channel, "status", &[("state", state)]).await;
        let status = status.settled().await.message();
        let told = person.press(&status, "Notify me").await.settled().await;
        let text = self.site.discord.world().text(told.messages().last().unwrap());
        assert!(text.contains("You will be told in this channel when"), "{text}");
    }

    /// Waits until this person is pinged in the channel where people ask.
    pub async fn called(&self, name: &str) {
        let call = format!("(pings @{name})");
        let is_call = |world: &World, message: &&Message| world.text(message).contains(&call);
        self.site
            .discord
            .eventually(&call, |world| {
                world.channel(self.site.channel).into_iter().find(|it| is_call(world, it)).map(drop)
            })
            .await;
    }

    /// The messages to watchers.
    pub fn calls(&self) -> Vec<String> {
        let world = self.site.discord.world();
        let all = world.channel(self.site.channel).into_iter();
        let calls =
            all.filter(|message| message.pinged.iter().any(|ping| matches!(ping, Ping::User(_))));
        calls.map(|message| plain(&world.text(message))).collect()
    }

    /// Waits for this number of announcements of applies. Other locks, of a plan or a new workspace, are left
    /// out, because they are so short that the bot may or may not see them.
    pub async fn told(&self, count: usize) -> Vec<String> {
        self.site
            .discord
            .eventually("the announcements", |world| {
                let all = world.channel(self.site.announce).into_iter().map(|it| world.text(it));
                let lines: Vec<String> = all
                    .flat_map(|text| text.lines().map(plain).collect::<Vec<_>>())
                    .filter(|line| line.contains("(apply)"))
                    .collect();
                (lines.len() >= count).then_some(lines)
            })
            .await
    }
}

/// The text without the holder's name, the times and the message's frame, so that it is the same on every
/// machine.
pub fn plain(text: &str) -> String {
    let frame = |line: &&str| !line.starts_with(['┌', '└']);
    let lines: Vec<String> = text.lines().filter(frame).map(plain_line).collect();
    lines.join("\n")
}

fn plain_line(line: &str) -> String {
    let line = line.trim_start_matches("│ ");
    let words: Vec<&str> = line.split(' ').collect();
    let is_time = |at: usize| {
        let unit = words.get(at + 1).map(|unit| unit.trim_end_matches(['.', ',', ';', ')']));
        words[at].parse::<u32>().is_ok() && matches!(unit, Some("s" | "min" | "h"))
    };
    let plain = |at: usize| match words[at] {
        _ if is_time(at) => "N",
        word if word.starts_with('`') && word.contains('@') => "HOLDER",
        word => word,
    };
    (0..words.len()).map(plain).collect::<Vec<_>>().join(" ")
}
