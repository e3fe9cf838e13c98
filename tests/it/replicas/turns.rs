//! Two replicas as processes: one serves, and the other follows it when it is killed, shut down, stopped for a
//! while or cut off from its table.

use chrono::TimeDelta;
use locktender::clock::SystemClock;
use locktender::ports::Clock;
use rustix::process::{Pid, Signal, kill_process};

use crate::health::probe::{ANY_PORT, Probe};
use crate::support::deadline::Deadline;
use crate::support::discord::{Message, World};
use crate::support::dynamodb::{client, tables, text};
use crate::support::given::record;
use crate::support::leash::Leash;
use crate::support::proxy::{Fate, Proxy};
use crate::support::stand::Stand;

const PATH: &str = "states/env/prod/terraform.tfstate";
const STATE: (&str, &str) = ("state", "env/prod");
const REASON: (&str, &str) = ("reason", "the runner died");

/// A stale lock, one replica that serves, and one that stands by.
struct Pair {
    stand: Stand,
    standby: Leash,
}

impl Pair {
    async fn start() -> Self {
        let stand = Stand::new().await;
        lock(&stand).await;
        stand.start().await;
        let standby = standby(&stand).await;
        Self { stand, standby }
    }

    /// Alice asks to unlock.
    async fn asked(&self) -> Message {
        let Stand { alice, channel, .. } = &self.stand;
        alice.slash(*channel, "unlock", &[STATE, REASON]).await;
        self.stand.card("asks to unlock").await
    }

    /// Bob approves, and everything that follows happens once.
    async fn is_released_once(&self, card: &Message) {
        let stand = &self.stand;
        assert!(!stand.bob.press(card, "Approve").await.is_missing());
        stand.card("unlocked").await;
        let announced = |world: &World| {
            let mut all = world.channel(stand.announce).into_iter();
            all.any(|message| world.text(message).contains("is free")).then_some(())
        };
        stand.discord.eventually("the announcement", announced).await;
        assert_eq!(stand.announced().len(), 1);
        let actions = ["request.opened", "request.approved", "unlock.done"];
        for action in actions {
            assert_eq!(stand.count(PATH, action).await, 1, "{action}");
        }
        assert_eq!(stand.trail(PATH).await.len(), actions.len());
        assert_eq!(stand.discord.world().violations, Vec::<String>::new());
    }
}

/// Puts a stale lock.
async fn lock(stand: &Stand) {
    let created = (SystemClock.now() - TimeDelta::hours(5)).to_rfc3339();
    let record = record("4a7c", "OperationTypeApply", "ci@runner-4", &created);
    stand.db.put(PATH, &[("Info", text(&record))]).await;
}

/// Starts another replica, and waits until it stands by.
async fn standby(stand: &Stand) -> Leash {
    let standby = stand.program.start(&["run"]);
    says(&standby, "stands by").await;
    standby
}

/// Waits until a replica has logged these words.
async fn says(replica: &Leash, words: &str) {
    let deadline = Deadline::generous();
    while !replica.stderr().contains(words) {
        assert!(deadline.look_again().await, "no {words:?}:\n{}", replica.stderr());
    }
}

fn signal(group: u32, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(group).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

/// Makes the lease one of another machine, where no other process can find out that its holder has ended.
async fn move_elsewhere(stand: &Stand) {
    let update = client(&stand.db.endpoint()).update_item().table_name(tables().table);
    let update = update.key("pk", text("lease")).key("sk", text("bot"));
    let update = update.update_expression("SET pid_space = :elsewhere");
    update.expression_attribute_values(":elsewhere", text("elsewhere")).send().await.unwrap();
}

#[tokio::test]
async fn a_standby_follows_a_replica_of_another_machine_that_was_killed() {
    let pair = Pair::start().await;
    let card = pair.asked().await;
    // It writes nothing more, so the change stays.
    signal(pair.stand.group(), Signal::STOP);
    move_elsewhere(&pair.stand).await;
    pair.stand.executioner().kill();
    assert_eq!(pair.stand.discord.world().identifies.len(), 1);
    pair.stand.discord.gateway().identified(2).await;
    pair.is_released_once(&card).await;
}

#[tokio::test]
async fn on_the_same_machine_nobody_waits_for_a_replica_that_was_killed() {
    let stand = Stand::new().await;
    lock(&stand).await;
    stand.start().await;
    stand.executioner().kill();
    stand.start().await;
    let log = stand.log();
    assert!(log.contains("this replica holds the lease") && !log.contains("stands by"), "{log}");
}

#[tokio::test]
async fn a_restart_in_turns_drops_no_click_and_doubles_none() {
    let mut pair = Pair::start().await;
    let card = pair.asked().await;
    let Stand { discord, alice, channel, .. } = &pair.stand;
    let mut asked = 0;
    let mut ask = async || {
        asked += 1;
        let answer = alice.slash(*channel, "status", &[STATE]).await;
        assert!(!answer.is_missing(), "click {asked} has no answer");
    };
    // One after the other is shut down and started again, while alice asks all the time.
    for round in 0..3 {
        let before = discord.world().identifies.len();
        let serving = pair.stand.terminate_and(async || {
            while discord.world().identifies.len() == before {
                ask().await;
            }
        });
        assert_eq!(serving.await, Some(0), "round {round}");
        ask().await;
        discord.gateway().connected(1).await;
        pair.stand.replace(pair.standby);
        pair.standby = standby(&pair.stand).await;
        ask().await;
    }
    assert!(asked > 6);
    let messages = discord.world().channel(*channel).len();
    assert_eq!(messages, asked + 1, "an answer for each click, and the card");
    pair.is_released_once(&card).await;
}

#[tokio::test]
async fn a_replica_that_was_stopped_for_a_while_stands_down_when_it_wakes() {
    let pair = Pair::start().await;
    let card = pair.asked().await;
    let first = pair.stand.group();
    signal(first, Signal::STOP);
    pair.stand.discord.gateway().identified(2).await;
    signal(first, Signal::CONT);
    let deadline = Deadline::generous();
    while !pair.stand.log().contains("another replica has taken the lease") {
        assert!(deadline.look_again().await, "it does not stand down:\n{}", pair.stand.log());
    }
    pair.stand.discord.gateway().connected(1).await;
    pair.is_released_once(&card).await;
    // It follows the other one again.
    pair.standby.terminate();
    pair.stand.discord.gateway().identified(3).await;
    lock(&pair.stand).await;
    let Stand { alice, channel, .. } = &pair.stand;
    let answer = alice.slash(*channel, "status", &[STATE]).await;
    assert!(pair.stand.discord.world().text(&answer.message()).contains("ci@runner-4"));
}

#[tokio::test]
async fn a_replica_that_is_cut_off_from_its_table_lets_the_other_one_answer() {
    let stand = Stand::new().await;
    lock(&stand).await;
    let proxy = Proxy::start(&stand.db.endpoint()).await;
    let first = stand.program.start_with(("AWS_ENDPOINT_URL", &proxy.endpoint()), &["run"]);
    stand.discord.gateway().identified(1).await;
    let second = standby(&stand).await;
    proxy.rule(|_| Fate::Cut);
    stand.discord.gateway().identified(2).await;
    stand.discord.gateway().connected(2).await;
    // Both are connected. What people see is from the one that can read.
    for _ in 0..5 {
        let answer = stand.alice.slash(stand.channel, "status", &[STATE]).await.settled().await;
        let text = stand.discord.world().text(&answer.message());
        assert!(text.contains("ci@runner-4"), "{text}");
    }
    proxy.rule(|_| Fate::Pass);
    says(&first, "another replica has taken the lease").await;
    stand.discord.gateway().connected(1).await;
    assert!(!second.stderr().contains("stands by,"));
}

#[tokio::test]
async fn a_bot_whose_table_is_down_goes_on_alone_and_says_so() {
    let stand = Stand::new().await.set(ANY_PORT.0, ANY_PORT.1);
    lock(&stand).await;
    let proxy = Proxy::start(&stand.db.endpoint()).await;
    let bot = stand.program.start_with(("AWS_ENDPOINT_URL", &proxy.endpoint()), &["run"]);
    stand.discord.gateway().identified(1).await;
    let probe = Probe::of_process(&bot).await;
    proxy.rule(|_| Fate::Cut);
    probe.shows(r#"locktender_lease_state{state="lapsed"}"#, "1").await;
    let alice = stand.alice.id();
    stand.alice.slash(stand.channel, "status", &[STATE]).await;
    let told = stand.discord.eventually("what alice is told", |world| {
        let told = world.seen_alone_by(alice).into_iter().map(|message| world.text(message));
        told.into_iter().find(|text| text.contains("try again"))
    });
    let told = told.await;
    assert!(!told.contains("free"), "{told}");
    proxy.rule(|_| Fate::Pass);
    says(&bot, "the lease cannot be written: this is over").await;
    let answer = stand.alice.slash(stand.channel, "status", &[STATE]).await.settled().await;
    assert!(stand.discord.world().text(&answer.message()).contains("ci@runner-4"));
    assert_eq!(stand.discord.world().identifies.len(), 1);
}
