//! `/metrics` has what happened, and nothing that people have typed.

use super::probe::{ANY_PORT, Probe};
use crate::support::dynamodb::{BUCKET, text};
use crate::support::given::record;
use crate::support::stand::Stand;

/// A name that must not get into a label.
const HOSTILE: &str = "env/x\"}\nlocktender_ready 0\n#";

#[tokio::test]
async fn it_counts_what_people_ask_and_what_the_bot_does() {
    let stand = Stand::new().await.set(ANY_PORT.0, ANY_PORT.1);
    let created = "2026-11-23T07:48:00Z";
    for (state, id) in [("env/prod", "1f6e7bc2-0ede-e7d2"), ("env/dev", "2f6e7bc2-0ede-e7d2")] {
        let record = record(id, "OperationTypeApply", "root@secret-host", created);
        let path = format!("{BUCKET}/{state}/terraform.tfstate");
        stand.db.put(&path, &[("Info", text(&record))]).await;
    }
    stand.start().await;
    let probe = Probe::of(&stand).await;
    probe.shows("locktender_held_locks{backend=\"main\"}", "2").await;
    let age: f64 =
        probe.value("locktender_oldest_hold_seconds{backend=\"main\"} ").await.parse().unwrap();
    assert!(age > 3_600.0, "{age}");
    probe.shows("locktender_outbox_notices", "0").await;
    probe.shows("locktender_open_requests{status=\"pending\"}", "0").await;

    stand.alice.slash(stand.channel, "status", &[("state", "env/prod")]).await.settled().await;
    let hostile = [("state", HOSTILE)];
    stand.alice.slash(stand.channel, "status", &hostile).await.settled().await;
    stand.alice.autocomplete(stand.channel, "status", "state", HOSTILE).await;
    let counted = |command: &str, outcome: &str| {
        format!("locktender_interactions_total{{command=\"{command}\",outcome=\"{outcome}\"}}")
    };
    probe.shows(&counted("status", "answered"), "1").await;
    probe.shows(&counted("status", "refused"), "1").await;
    probe.shows("locktender_interaction_duration_seconds_count{command=\"status\"}", "2").await;
    probe.shows("locktender_autocompletions_total{outcome=\"answered\"}", "1").await;
    probe
        .value(
            "locktender_aws_requests_total{service=\"DynamoDB\",operation=\"Scan\",outcome=\"ok\"}",
        )
        .await;

    // The lock clears, which is announced.
    stand.db.delete(&format!("{BUCKET}/env/dev/terraform.tfstate")).await;
    probe.shows("locktender_deliveries_total{outcome=\"posted\"}", "1").await;
    probe.shows("locktender_held_locks{backend=\"main\"}", "1").await;

    let (_, page) = probe.get("/metrics").await;
    for secret in ["env/", "secret-host", "alice", stand.discord.token(), BUCKET] {
        assert!(!page.contains(secret), "{secret} in {page}");
    }
    assert!(!page.contains("locktender_ready 0"), "{page}");
    assert!(page.lines().count() < 400, "{page}");
}
