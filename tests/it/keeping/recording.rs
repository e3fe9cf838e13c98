//! Drives the bot, as a process, through everything that it stores, and takes what it leaves behind.

use std::path::Path;

use chrono::{SecondsFormat, TimeDelta};
use locktender::clock::SystemClock;
use locktender::ports::Clock;

use super::kept::Kept;
use crate::support::deadline::Deadline;
use crate::support::discord::{ChannelId, Fault, Message, Person};
use crate::support::dynamodb::{BUCKET, tables, text};
use crate::support::s3::{Objects, S3};
use crate::support::stand::Stand;
use crate::support::stub::{self, Asked};

/// The bucket of the backend that locks with lockfiles.
pub(super) const FILES: &str = "files";

/// A backend with rows, and one with lockfiles. The request of a lockfile is released in steps.
const CONFIG: &str = r#"
[[backend]]
name = "main"
bucket = "states"
dynamodb_table = "locks"

[[backend]]
name = "files"
bucket = "files"
key = "apps/{state}/terraform.tfstate"
use_lockfile = true
"#;

/// The states whose lock is a row.
const ROWS: [&str; 11] = [
    "env/prod",
    "env/staging",
    "env/dev",
    "env/held",
    "env/expired",
    "env/denied",
    "env/withdrawn",
    "env/unlocked",
    "env/changed",
    "env/free",
    "env/unpostable",
];

/// The bot that is recorded, and its people.
struct Recorded {
    stand: Stand,
    s3: S3,
    /// One person opens at most 10 requests an hour.
    dave: Person,
}

/// What this program leaves behind when it is killed in the middle of a release.
pub(super) async fn recorded(binary: Option<&Path>) -> Kept {
    let recorded = Recorded::new(binary).await;
    recorded.expires().await;
    recorded.ends().await;
    recorded.goes_on().await;
    recorded.is_cut_off().await;
    let program = recorded.stand.program.run(&["--version"]).await;
    let now = SystemClock.now();
    Kept::of(program.stdout.trim(), now, &recorded.stand.db, &recorded.s3).await
}

impl Recorded {
    async fn new(binary: Option<&Path>) -> Self {
        let s3 = S3::start().await;
        let stand = Stand::without_tables().await;
        let stand = match binary {
            Some(binary) => stand.with(|program| program.of_version(binary)),
            None => stand,
        };
        let stand = stand
            .set("AWS_ENDPOINT_URL_S3", s3.endpoint())
            .set("LOCKTENDER_CONFIG", "locktender.toml")
            .set("LOCKTENDER_APPROVALS", "2")
            .set("LOCKTENDER_POLL_INTERVAL", "1s");
        std::fs::write(stand.program.folder().join("locktender.toml"), CONFIG).unwrap();
        let migrated = stand.program.run(&["migrate"]).await;
        assert_eq!(migrated.code, Some(0), "{migrated:?}");
        let dave = stand.discord.member("dave", &[]);
        let recorded = Self { stand, s3, dave };
        for state in ROWS {
            recorded.lock(state, "ci@ci-runner-04").await;
        }
        for state in ["apps/api", "apps/refused"] {
            let key = format!("{state}/terraform.tfstate.tflock");
            recorded.s3.put(
                &key,
                &held_by("ci@ci-runner-07", &format!("{FILES}/{state}/terraform.tfstate")),
            );
        }
        // It finds out whether the store keeps conditions, and remembers it.
        recorded.stand.program.run(&["doctor"]).await;
        recorded
    }

    /// Takes the lock of a state, over the one that is there.
    async fn lock(&self, state: &str, who: &str) {
        let path = path(state);
        self.stand.db.put(&path, &[("Info", text(&held_by(who, &path)))]).await;
    }

    /// A request whose time runs out.
    async fn expires(&self) {
        let leash = self.stand.program.start_with(("LOCKTENDER_REQUEST_TTL", "1s"), &["run"]);
        self.stand.discord.gateway().identified(1).await;
        self.commands().await;
        self.ask("env/expired").await;
        self.card("env/expired", "expired").await;
        leash.kill();
    }

    async fn commands(&self) {
        let discord = &self.stand.discord;
        discord.eventually("the commands", |w| (w.bulk_overwrites > 0).then_some(())).await;
    }

    /// One request for each other end.
    async fn ends(&self) {
        let Stand { discord, alice, bob, db, .. } = &self.stand;
        self.stand.start().await;
        self.ask("env/denied").await;
        let form = bob.press(&self.card("env/denied", "Approvals").await, "Deny").await.modal();
        let reason = form.inputs()[0].custom_id.clone();
        bob.submit(&form, &[(&reason, "it is alive")]).await;
        self.card("env/denied", "denied").await;
        self.ask("env/withdrawn").await;
        alice.press(&self.card("env/withdrawn", "Approvals").await, "Withdraw").await;
        self.card("env/withdrawn", "withdrawn").await;
        self.ask("env/unlocked").await;
        self.approve_twice("env/unlocked").await;
        self.card("env/unlocked", "unlocked").await;
        self.ask("env/changed").await;
        db.put(&path("env/changed"), &[("Info", text(&theirs("env/changed")))]).await;
        self.card("env/changed", "changed hands").await;
        self.ask("env/free").await;
        db.delete(&path("env/free")).await;
        self.card("env/free", "already free").await;
        let shut = discord.channel("shut");
        discord.let_write(shut, false);
        self.ask_as(alice, shut, "env/unpostable").await;
        self.s3.rule(refuse_to_delete);
        self.ask("files/apps/refused/terraform.tfstate").await;
        self.approve_twice("apps/refused").await;
        self.card("apps/refused", "failed").await;
        self.s3.rule(|_, _| None);
    }

    /// Lines of people who wait, and requests that stay open.
    async fn goes_on(&self) {
        let Stand { bob, carol, channel, .. } = &self.stand;
        let keeps = [("state", "env/prod"), ("keep", "true")];
        carol.slash(*channel, "watch", &keeps).await.settled().await;
        bob.slash(*channel, "watch", &[("state", "env/dev")]).await.settled().await;
        self.ask_as(&self.dave, *channel, "env/prod").await;
        bob.press(&self.card("env/prod", "Approvals").await, "Approve").await;
        self.card("env/prod", "1 of 2").await;
        self.ask_as(&self.dave, *channel, "env/staging").await;
        self.ask_as(&self.dave, *channel, "files/apps/api/terraform.tfstate").await;
        self.card("apps/api", "Approvals").await;
        let deadline = Deadline::generous();
        while self.stand.due().await > 0 || self.own("checkpoint").await == 0 {
            assert!(deadline.look_again().await, "the outbox is not delivered");
        }
    }

    /// A lock clears and is not announced yet, and a release is cut off at the delete of its lockfile.
    async fn is_cut_off(&self) {
        let Stand { discord, db, bob, carol, .. } = &self.stand;
        discord.faults().always("POST /channels/*/messages", Fault::Status(500, 0));
        db.delete(&path("env/dev")).await;
        let deadline = Deadline::generous();
        while self.stand.due().await < 2 {
            assert!(deadline.look_again().await, "nobody is told");
        }
        let executioner = self.stand.executioner();
        self.s3.rule(move |asked, _| {
            (asked.method == "DELETE").then(|| {
                executioner.kill();
                stub::lost()
            })
        });
        bob.press(&self.card("apps/api", "Approvals").await, "Approve").await;
        self.card("apps/api", "1 of 2").await;
        carol.start_press(&self.card("apps/api", "1 of 2").await, "Approve");
        while self.s3.count("DELETE") == 0 || self.stand.is_running() {
            assert!(deadline.look_again().await, "the release does not begin");
        }
    }

    /// The number of items of the bot's own table with this kind of `pk`.
    async fn own(&self, kind: &str) -> usize {
        let rows = self.stand.db.rows(&tables().table).await;
        rows.iter().filter(|row| row["pk"].as_s().unwrap() == kind).count()
    }

    async fn ask(&self, state: &str) {
        self.ask_as(&self.stand.alice, self.stand.channel, state).await;
    }

    async fn ask_as(&self, by: &Person, channel: ChannelId, state: &str) {
        let options = [("state", state), ("reason", "the runner died")];
        by.slash(channel, "unlock", &options).await.settled().await;
    }

    async fn approve_twice(&self, state: &str) {
        let Stand { bob, carol, .. } = &self.stand;
        let approve = async |by: &Person, card: Message| {
            by.press(&card, "Approve").await;
        };
        approve(bob, self.card(state, "Approvals").await).await;
        approve(carol, self.card(state, "1 of 2").await).await;
    }

    /// Waits until the card of a state says this.
    async fn card(&self, state: &str, says: &str) -> Message {
        let channel = self.stand.channel;
        self.stand
            .discord
            .eventually(&format!("a card of {state} that says {says:?}"), |world| {
                let is_it = |card: &&&Message| {
                    let text = world.text(card);
                    text.contains(&format!("{state}/terraform.tfstate")) && text.contains(says)
                };
                world.channel(channel).iter().find(is_it).map(|card| (*card).clone())
            })
            .await
    }
}

/// A lock of five hours ago: it looks stale, so that nobody has to type the state's name.
fn held_by(who: &str, path: &str) -> String {
    let since = SystemClock.now() - TimeDelta::hours(5);
    let since = since.to_rfc3339_opts(SecondsFormat::Nanos, true);
    record(path, "1f6e7bc2", "OperationTypeApply", who, &since)
}

fn theirs(state: &str) -> String {
    let now = SystemClock.now().to_rfc3339_opts(SecondsFormat::Nanos, true);
    record(&path(state), "92c15b3e", "OperationTypePlan", "zoe@laptop", &now)
}

/// A record as Terraform writes it. The lock ID is derived from the path.
fn record(path: &str, id: &str, operation: &str, who: &str, created: &str) -> String {
    let number = path.bytes().fold(0, |number: u64, byte| number * 31 % 999_983 + u64::from(byte));
    serde_json::json!({
        "ID": format!("{id}-0ede-e7d2-69ce-{number:012}"), "Operation": operation, "Info": "",
        "Who": who, "Version": "1.11.4", "Created": created, "Path": path,
    })
    .to_string()
}

fn path(state: &str) -> String {
    format!("{BUCKET}/{state}/terraform.tfstate")
}

fn refuse_to_delete(asked: &Asked, _: &mut Objects) -> Option<stub::Answer> {
    (asked.method == "DELETE").then(|| stub::s3_error(403, "AccessDenied"))
}
