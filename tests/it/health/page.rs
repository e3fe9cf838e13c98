//! `/metrics` has what happened, and nothing that people have typed.

use locktender::metrics::{ALL, Kind};

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

    // Bob approves what alice asks for.
    let asked = [("state", "env/prod"), ("reason", "the runner-of-the-reason died")];
    stand.alice.slash(stand.channel, "unlock", &asked).await.settled().await;
    probe.shows("locktender_requests_opened_total", "1").await;
    probe.shows("locktender_open_requests{status=\"pending\"}", "1").await;
    let card = stand.card("asks to unlock").await;
    stand.alice.press(&card, "Approve").await.settled().await;
    probe.shows(&counted("approve", "refused"), "1").await;
    stand.bob.press(&card, "Approve").await;
    probe.shows("locktender_requests_ended_total{outcome=\"unlocked\"}", "1").await;
    probe.shows("locktender_open_requests{status=\"pending\"}", "0").await;

    // The other lock clears, which is announced.
    stand.db.delete(&format!("{BUCKET}/env/dev/terraform.tfstate")).await;
    stand
        .discord
        .eventually("both announcements", |world| {
            (world.channel(stand.announce).len() >= 2).then_some(())
        })
        .await;
    probe.shows("locktender_held_locks{backend=\"main\"}", "0").await;
    probe.shows("locktender_oldest_hold_seconds{backend=\"main\"}", "0").await;
    probe.shows("locktender_outbox_notices", "0").await;
    let posted = probe.value("locktender_deliveries_total{outcome=\"posted\"} ").await;
    assert!(posted.parse::<f64>().unwrap() >= 3.0, "{posted}");

    let (_, page) = probe.get("/metrics").await;
    for secret in ["env/", "secret-host", "alice", "bob", "reason", stand.discord.token(), BUCKET] {
        assert!(!page.contains(secret), "{secret} in {page}");
    }
    assert!(!page.contains("locktender_ready 0"), "{page}");
    let is_bounded = |line: &str| line.is_ascii() && line.len() < 200;
    assert!(page.lines().count() < 500 && page.lines().all(is_bounded), "{page}");
    assert_is_declared(&page);
}

/// Asserts that every metric of a page is declared with its kind and its help.
fn assert_is_declared(page: &str) {
    let mut kinds = 0;
    for line in page.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let (name, kind) = line.split_once(' ').unwrap();
        let metric = ALL.iter().find(|metric| metric.name == name).unwrap();
        let declared = match metric.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram(_) => "histogram",
        };
        assert_eq!(kind, declared, "{name}");
        assert!(page.contains(&format!("# HELP {name} {}", metric.help)), "{name}");
        kinds += 1;
    }
    // All but those of things that did not happen.
    assert!(kinds > 20, "{page}");
}
