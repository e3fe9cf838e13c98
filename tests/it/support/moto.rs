//! moto: S3 and DynamoDB on this machine, in memory.

use std::path::Path;

use tokio::sync::OnceCell;

use super::deadline::Deadline;
use super::endpoint::{Endpoint, Request};
use super::leash::Leash;

/// moto prints this, on its own line, once it listens.
const LISTENING: &str = "Running on http://";

/// A moto server. Dropping it ends the server. The end of this process ends it too.
pub struct Moto {
    leash: Leash,
    endpoint: Endpoint,
}

impl Moto {
    /// Starts a server and waits until it answers.
    ///
    /// moto picks the port and prints it. If this function picked the port, another process could take it
    /// before moto does.
    pub async fn start(server: &Path) -> Self {
        let mut leash = Leash::spawn(server, |command| {
            for (name, _) in std::env::vars_os() {
                // Settings such as MOTO_PORT would change behaviour that the tests rely on.
                if name.to_string_lossy().starts_with("MOTO_") {
                    command.env_remove(name);
                }
            }
            command.args(["-H", "127.0.0.1", "-p", "0"]).env_remove("INITIAL_NO_AUTH_ACTION_COUNT")
        });
        let deadline = Deadline::generous();
        let endpoint = loop {
            if let Some(endpoint) = listening(&leash.output()) {
                break endpoint;
            }
            let alive = leash.ended().is_none() && deadline.look_again().await;
            assert!(alive, "{} does not listen:\n{}", server.display(), leash.output());
        };
        let moto = Self { leash, endpoint };
        moto.greet().await;
        moto
    }

    /// The server that the tests of this process share. Each test has its own buckets and tables.
    pub async fn shared(server: &Path) -> &'static Self {
        static SHARED: OnceCell<Moto> = OnceCell::const_new();
        SHARED.get_or_init(|| Self::start(server)).await
    }

    pub fn endpoint(&self) -> Endpoint {
        self.endpoint
    }

    /// The process group of the server, and of a wrapper script that may have started it.
    pub fn group(&self) -> u32 {
        self.leash.group()
    }

    async fn greet(&self) {
        let hello = Request { service: "s3", method: "GET", target: "/", headers: &[], body: b"" };
        let answer = self.endpoint.send(hello).await;
        assert_eq!(answer.status, 200, "moto lists no buckets:\n{}", self.leash.output());
    }
}

fn listening(output: &str) -> Option<Endpoint> {
    let (_, rest) = output.split_once(LISTENING)?;
    // Wait for the end of the line: before that the port may be incomplete.
    let (address, _) = rest.split_once('\n')?;
    let address = address.trim().parse().ok()?;
    Some(Endpoint { address, account: None })
}
