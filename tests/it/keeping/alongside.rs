//! This version and an earlier one, as processes on the same tables and the same Discord: one after the
//! other, back again, and both at the same time.

use std::env;
use std::io::Write;
use std::path::{Path, PathBuf};

use chrono::{SecondsFormat, TimeDelta};
use locktender::clock::SystemClock;
use locktender::ports::Clock;

use crate::support::deadline::Deadline;
use crate::support::discord::{Fault, Message};
use crate::support::dynamodb::{BUCKET, TABLE, tables, text};
use crate::support::given::record;
use crate::support::stand::Stand;

/// The variable that names a program of an earlier version.
const PREDECESSOR: &str = "LOCKTENDER_PREDECESSOR";

/// The program of an earlier version, if there is one.
pub(super) fn predecessor() -> Option<PathBuf> {
    let named = env::var_os(PREDECESSOR).map(PathBuf::from);
    if let Some(program) = &named {
        assert!(program.is_file(), "{PREDECESSOR} names no program: {}", program.display());
    } else {
        // The test runner hides what a passing test prints.
        let _ = writeln!(std::io::stderr(), "skipped: {PREDECESSOR} names no earlier version");
    }
    named
}

fn path(state: &str) -> String {
    format!("{BUCKET}/{state}/terraform.tfstate")
}

/// A bot that needs two approvals, and its locks, which look stale.
async fn stand() -> Stand {
    let stand = Stand::new().await.set("LOCKTENDER_APPROVALS", "2");
    let stand = stand.set("LOCKTENDER_POLL_INTERVAL", "1s");
    for (number, state) in ["env/a", "env/b", "env/c", "env/d"].into_iter().enumerate() {
        let since = SystemClock.now() - TimeDelta::hours(5);
        let since = since.to_rfc3339_opts(SecondsFormat::Nanos, true);
        let id = format!("1f6e7bc2-0ede-e7d2-69ce-{number:012}");
        let record = record(&id, "OperationTypeApply", "ci@ci-runner-04", &since);
        stand.db.put(&path(state), &[("Info", text(&record))]).await;
    }
    // A later version may keep a kind of item that the earlier one has never heard of.
    let unknown = [("pk", text("of-a-later-version")), ("sk", text("it")), ("owner", text("x"))];
    stand.db.put_item(&tables().table, &unknown).await;
    stand
}

async fn ask(stand: &Stand, state: &str) {
    let options = [("state", state), ("reason", "the runner died")];
    stand.alice.slash(stand.channel, "unlock", &options).await.settled().await;
    card(stand, state, "Approvals").await;
}

/// Waits until the card of a state says this.
async fn card(stand: &Stand, state: &str, says: &str) -> Message {
    stand
        .discord
        .eventually(&format!("a card of {state} that says {says:?}"), |world| {
            let is_it = |card: &&&Message| {
                let text = world.text(card);
                text.contains(&path(state)) && text.contains(says)
            };
            world.channel(stand.channel).iter().find(is_it).map(|card| (*card).clone())
        })
        .await
}

/// Waits until it is announced that a state is free.
async fn announced(stand: &Stand, state: &str) {
    stand
        .discord
        .eventually(&format!("that {state} is free"), |world| {
            let told = world.channel(stand.announce);
            let said = format!("{state} is free");
            told.iter().any(|message| world.text(message).contains(&said)).then_some(())
        })
        .await;
}

/// The lines of a log that an operator would look into.
fn warnings(log: &str) -> Vec<&str> {
    let is_one = |line: &&str| line.contains(" WARN ") || line.contains(" ERROR ");
    log.lines().filter(is_one).collect()
}

/// Each version goes on with what the other has left: an open request, an approval, notices that nobody has
/// posted, holds.
async fn hands_over(from: Option<&Path>, to: Option<&Path>) {
    let of = |stand: Stand, binary: Option<&Path>| {
        stand.with(|program| match binary {
            Some(binary) => program.of_version(binary),
            None => program.of_version(Path::new(env!("CARGO_BIN_EXE_locktender"))),
        })
    };
    let stand = of(stand().await, from);
    stand.start().await;
    for state in ["env/a", "env/b"] {
        ask(&stand, state).await;
    }
    stand.bob.press(&card(&stand, "env/a", "Approvals").await, "Approve").await;
    card(&stand, "env/a", "1 of 2").await;
    let options = [("state", "env/c")];
    stand.carol.slash(stand.channel, "watch", &options).await.settled().await;
    let deadline = Deadline::generous();
    while stand.due().await > 0 {
        assert!(deadline.look_again().await, "the outbox is not delivered");
    }
    stand.discord.faults().always("POST /channels/*/messages", Fault::Status(500, 0));
    stand.db.delete(&path("env/c")).await;
    while stand.due().await < 2 {
        assert!(deadline.look_again().await, "nobody is told");
    }
    stand.executioner().kill();
    stand.discord.faults().clear();

    let stand = of(stand, to);
    stand.start().await;
    announced(&stand, "env/c").await;
    stand
        .discord
        .eventually("that carol is told", |world| {
            let here = world.channel(stand.channel);
            here.iter().any(|it| world.text(it).contains("env/c is free")).then_some(())
        })
        .await;
    stand.carol.press(&card(&stand, "env/a", "1 of 2").await, "Approve").await;
    card(&stand, "env/a", "unlocked").await;
    announced(&stand, "env/a").await;
    stand.alice.press(&card(&stand, "env/b", "Approvals").await, "Withdraw").await;
    card(&stand, "env/b", "withdrawn").await;
    ask(&stand, "env/d").await;
    assert_eq!(warnings(&stand.log()), Vec::<&str>::new());
    assert_eq!(stand.terminate().await, Some(0));
    let verified = stand.program.run(&["audit", "verify"]).await;
    assert_eq!(verified.code, Some(0), "{verified:?}");
    assert_eq!(stand.announced().len(), 2, "{:#?}", stand.announced());
    assert_eq!(stand.discord.world().violations, Vec::<String>::new());
}

#[tokio::test]
async fn an_earlier_version_is_replaced_while_requests_are_open() {
    let Some(predecessor) = predecessor() else { return };
    hands_over(Some(&predecessor), None).await;
}

#[tokio::test]
async fn an_upgrade_is_taken_back_while_requests_are_open() {
    let Some(predecessor) = predecessor() else { return };
    hands_over(None, Some(&predecessor)).await;
}

#[tokio::test]
async fn two_versions_run_side_by_side() {
    let Some(predecessor) = predecessor() else { return };
    let stand = stand().await;
    stand.start().await;
    let earlier = stand.program.same().of_version(&predecessor).start(&["run"]);
    stand.discord.gateway().connected(2).await;
    ask(&stand, "env/a").await;
    stand.bob.press(&card(&stand, "env/a", "Approvals").await, "Approve").await;
    card(&stand, "env/a", "1 of 2").await;
    stand.carol.press(&card(&stand, "env/a", "1 of 2").await, "Approve").await;
    card(&stand, "env/a", "unlocked").await;
    stand.db.delete(&path("env/c")).await;
    for state in ["env/a", "env/c"] {
        announced(&stand, state).await;
    }
    let deadline = Deadline::generous();
    while stand.due().await > 0 {
        assert!(deadline.look_again().await, "the outbox is not delivered");
    }
    assert_eq!(stand.count(&path("env/a"), "request.opened").await, 1);
    assert_eq!(stand.count(&path("env/a"), "request.approved").await, 2);
    assert_eq!(stand.count(&path("env/a"), "unlock.done").await, 1);
    assert_eq!(stand.announced().len(), 2, "{:#?}", stand.announced());
    assert_eq!(stand.db.rows(TABLE).await.len(), 2);
    // Discord takes the answer of one of them. The other writes nothing, and says so.
    let (log, other_log) = (stand.log(), earlier.stderr());
    let lines = || log.lines().chain(other_log.lines());
    let late = |line: &&str| line.contains("\"given up\"") || line.contains("\"unanswered\"");
    assert_eq!(lines().filter(late).count(), 3, "{log}\n{other_log}");
    let told = warnings(&log).into_iter().chain(warnings(&other_log));
    let other: Vec<_> = told.filter(|line| !line.contains("code 40060")).collect();
    assert_eq!(other, Vec::<&str>::new());
    assert_eq!(stand.discord.world().violations, Vec::<String>::new());
}
