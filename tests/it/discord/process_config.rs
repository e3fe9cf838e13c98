//! `locktender run` as a process with a configuration file.

use chrono::TimeDelta;

use super::unlock_scene::{REASON, STATE, record_of};
use crate::support::dynamodb::{BUCKET, TABLE, text};
use crate::support::stand::Stand;

/// Another state.
const OTHER: &str = "env/other";

/// A started bot with a file, and both states locked.
async fn started(file: &str) -> Stand {
    let stand = Stand::new().await.set("LOCKTENDER_CONFIG", "locktender.toml");
    std::fs::write(stand.program.folder().join("locktender.toml"), file).unwrap();
    for state in [STATE, OTHER] {
        let path = format!("{BUCKET}/{state}/terraform.tfstate");
        let record = record_of("ci@runner-4", TimeDelta::hours(5)).replace(STATE, state);
        stand.db.put(&path, &[("Info", text(&record))]).await;
    }
    stand.start().await;
    stand
}

/// The answer to alice, as she reads it.
async fn says(stand: &Stand, subcommand: &str, options: &[(&str, &str)]) -> String {
    let answer = stand.alice.slash(stand.channel, subcommand, options).await.settled().await;
    stand.discord.world().text(&answer.message())
}

#[tokio::test]
async fn a_state_has_the_rules_of_the_file() {
    let stand = started(&format!(
        "[[policy]]\nstates = '{STATE}'\napprovals = 2\n\
         [[policy]]\nstates = '{OTHER}'\nrequest_channels = ['1']\n"
    ))
    .await;
    let help = says(&stand, "help", &[]).await;
    let at = help.find("Some states").unwrap();
    insta::assert_snapshot!(help[at..].lines().next().unwrap(), @"Some states have other rules: the card of a request says how many must approve, and calls the roles that may.");
    let refused = says(&stand, "unlock", &[("state", OTHER), ("reason", REASON)]).await;
    assert!(refused.contains("<#1>"), "{refused}");
    says(&stand, "unlock", &[("state", STATE), ("reason", REASON)]).await;
    let card = stand.card("asks to unlock").await;
    stand.bob.press(&card, "Approve").await;
    stand.card("1 of 2").await;
    stand.carol.press(&card, "Approve").await;
    stand.card("unlocked").await;
}

#[tokio::test]
async fn variables_that_the_file_replaces_are_logged_once() {
    let stand = started(&format!(
        "[[backend]]\nname = 'eu'\nbucket = '{BUCKET}'\ndynamodb_table = '{TABLE}'\n"
    ))
    .await;
    let status = says(&stand, "status", &[("state", STATE)]).await;
    assert!(status.contains("ci@runner-4"), "{status}");
    let log = stand.log();
    let warnings: Vec<&str> = log.lines().filter(|line| line.contains("are not used")).collect();
    assert_eq!(warnings.len(), 1, "{log}");
    let variables = "LOCKTENDER_STATE_BUCKET,LOCKTENDER_LOCK_TABLE";
    assert!(warnings[0].contains("WARN") && warnings[0].contains(variables), "{log}");
}
