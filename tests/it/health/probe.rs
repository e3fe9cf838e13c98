//! Asks a running bot for its health, as an orchestrator does.

use std::net::SocketAddr;

use crate::support::deadline::Deadline;
use crate::support::leash::Leash;
use crate::support::stand::Stand;

/// The variable, with any free port.
pub const ANY_PORT: (&str, &str) = ("LOCKTENDER_HTTP_ADDR", "127.0.0.1:0");

/// What asks.
pub struct Probe {
    pub address: SocketAddr,
    client: reqwest::Client,
}

impl Probe {
    /// Asks the bot of a stand.
    pub async fn of(stand: &Stand) -> Self {
        Self::at(|| stand.log()).await
    }

    /// Asks a bot that may never get as far as Discord.
    pub async fn of_process(bot: &Leash) -> Self {
        Self::at(|| bot.stderr()).await
    }

    /// Waits until the log names the address.
    async fn at(log: impl Fn() -> String) -> Self {
        let deadline = Deadline::generous();
        loop {
            let log = log();
            let line = log.lines().find(|line| line.contains("health and metrics are served"));
            if let Some((_, address)) = line.and_then(|line| line.split_once("address=")) {
                let client = reqwest::Client::builder().no_proxy().build().unwrap();
                return Self { address: address.trim().parse().unwrap(), client };
            }
            assert!(deadline.look_again().await, "no address in {log}");
        }
    }

    /// The status and the body of a page.
    pub async fn get(&self, path: &str) -> (u16, String) {
        let answer = self.client.get(format!("http://{}{path}", self.address)).send().await;
        let answer = answer.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// Asks `/readyz` until it says this.
    pub async fn says(&self, status: u16, words: &str) -> String {
        let deadline = Deadline::generous();
        loop {
            let (now, said) = self.get("/readyz").await;
            if now == status && said.contains(words) {
                return said;
            }
            assert!(deadline.look_again().await, "{now} {said}, not {status} {words}");
        }
    }

    /// Asks `/metrics` until a line begins with this, and returns the rest of the line.
    pub async fn value(&self, line: &str) -> String {
        let deadline = Deadline::generous();
        loop {
            let (_, page) = self.get("/metrics").await;
            let found = page.lines().find_map(|of_page| of_page.strip_prefix(line));
            if let Some(value) = found {
                return value.trim().to_owned();
            }
            assert!(deadline.look_again().await, "no {line} in {page}");
        }
    }

    /// Waits until a metric has this value.
    pub async fn shows(&self, metric: &str, value: &str) {
        let deadline = Deadline::generous();
        loop {
            let now = self.value(&format!("{metric} ")).await;
            if now == value {
                return;
            }
            assert!(deadline.look_again().await, "{metric} is {now}, not {value}");
        }
    }
}
