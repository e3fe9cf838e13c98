//! What an operator does for Prometheus, as deploy/monitoring/README.md says.

use std::fs;

use crate::health::probe::{ANY_PORT, Probe};
use crate::support::e2e;
use crate::support::stand::Stand;
use crate::written::blocks::{read, root};
use crate::written::list::Story;
use crate::written::stage::Stage;

const PAGE: &str = "deploy/monitoring/README.md";

#[tokio::test]
async fn a_running_bot_shows_its_pages() {
    if e2e::tool("curl").is_none() {
        return;
    }
    let stand = Stand::new().await.set(ANY_PORT.0, ANY_PORT.1);
    stand.start().await;
    let probe = Probe::of(&stand).await;
    probe.says(200, "connected").await;
    let mut stage = Stage::of(Story::Probes).say("localhost:8080", &probe.address.to_string());
    let pages = stage.play(PAGE, "/readyz").await;
    assert!(pages.stdout.contains("connected") && pages.stdout.contains("# HELP"), "{pages:?}");
    stage.end();
}

#[tokio::test]
async fn prometheus_takes_the_rules() {
    let Some(mut stage) = Stage::of(Story::Alerts).with("promtool") else { return };
    fs::copy(root().join("deploy/monitoring/alerts.yaml"), stage.folder().join("alerts.yaml"))
        .unwrap();
    let page = read(PAGE);
    let (_, yaml) = page.split_once("```yaml\n").unwrap();
    // The block is in a list.
    let lines =
        yaml.split("```").next().unwrap().lines().map(|line| line.get(3..).unwrap_or_default());
    let lines: Vec<&str> = lines.collect();
    fs::write(stage.folder().join("prometheus.yml"), lines.join("\n")).unwrap();
    let checked = stage.play(PAGE, "promtool check config").await;
    assert!(checked.stdout.contains("SUCCESS"), "{checked:?}");
    let rules = fs::read_to_string(stage.folder().join("alerts.yaml")).unwrap();
    assert!(
        rules.contains("github.com/your-team/") && !rules.contains("github.com/OWNER/"),
        "{rules}"
    );
    stage.end();
}
