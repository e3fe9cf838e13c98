//! docs/METRICS.md, the dashboard and the alert rules agree with the code.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use locktender::metrics::{ALL, Kind};
use serde_json::Value;

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

/// Kind, labels and help of each metric by its name.
type List = BTreeMap<String, [String; 3]>;

fn code() -> List {
    let metrics = ALL.iter().map(|metric| {
        let kind = match metric.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram(_) => "histogram",
        };
        let labels = metric.labels.join(", ");
        (metric.name.to_owned(), [kind.to_owned(), labels, metric.help.to_owned()])
    });
    metrics.collect()
}

#[test]
fn the_page_lists_every_metric_and_no_other() {
    let page = read("docs/METRICS.md");
    let rows = page.lines().filter_map(|line| {
        let mut cells =
            line.strip_prefix("| `")?.split('|').map(|cell| cell.trim().replace('`', ""));
        let name = cells.next()?;
        Some((name, [cells.next()?, cells.next()?, cells.next()?]))
    });
    let page: List = rows.collect();
    assert_eq!(page, code());
}

/// The metrics that a query reads, without the suffixes of histograms.
fn metrics_in(query: &str) -> BTreeSet<String> {
    let words = query.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let own = |word: &&str| word.starts_with("locktender_") || word.starts_with("process_");
    let base = |word: &str| {
        let suffixes = ["_bucket", "_count", "_sum"];
        let base = suffixes.iter().find_map(|suffix| word.strip_suffix(suffix)).unwrap_or(word);
        base.to_owned()
    };
    words.filter(own).map(base).collect()
}

/// The labels that a query selects or groups by, apart from those of Prometheus itself.
fn labels_in(query: &str) -> BTreeSet<String> {
    let selected = query.split(['{', ',']).filter_map(|part| {
        let (label, _) = part.split_once('=')?;
        let label = label.trim_end_matches('!').trim();
        label.chars().all(|c| c.is_ascii_lowercase()).then(|| label.to_owned())
    });
    let grouped = ["by (", "on ("].iter().flat_map(|by| query.split(by).skip(1)).flat_map(|list| {
        let list = list.split(')').next().unwrap_or_default();
        list.split(',').map(|label| label.trim().to_owned())
    });
    let of_prometheus = ["job", "instance", "le"];
    let all = selected.chain(grouped).filter(|label| !label.is_empty());
    all.filter(|label| !of_prometheus.contains(&&**label)).collect()
}

/// The queries of the dashboard.
fn dashboard() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(&read("deploy/monitoring/dashboard.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.filter_map(|panel| panel["targets"].as_array()).flatten();
    targets.map(|target| target["expr"].as_str().unwrap().to_owned()).collect()
}

/// The alert rules, each as the lines of its YAML.
fn alerts() -> Vec<(String, String)> {
    let rules = read("deploy/monitoring/alerts.yaml");
    let rules = rules.split("- alert: ").skip(1).map(|rule| {
        let (name, rest) = rule.split_once('\n').unwrap();
        (name.to_owned(), rest.to_owned())
    });
    rules.collect()
}

/// The query of an alert rule.
fn query(rule: &str) -> &str {
    let (_, rest) = rule.split_once("expr:").unwrap();
    let end = rest.find("\n        for:").or_else(|| rest.find("\n        labels:"));
    &rest[..end.unwrap()]
}

#[test]
fn every_metric_is_on_the_dashboard_and_every_query_asks_for_metrics_that_exist() {
    let (code, dashboard, alerts) = (code(), dashboard(), alerts());
    let all: BTreeSet<String> = code.keys().cloned().collect();
    let drawn: BTreeSet<String> = dashboard.iter().flat_map(|query| metrics_in(query)).collect();
    assert_eq!(drawn, all);
    let queries = dashboard.iter().map(String::as_str);
    for query in queries.chain(alerts.iter().map(|(_, rule)| query(rule))) {
        let metrics = metrics_in(query);
        assert!(!metrics.is_empty() && metrics.is_subset(&all), "{query}");
        let known = metrics.iter().flat_map(|metric| code[metric][1].split(", "));
        let known: BTreeSet<String> = known.map(str::to_owned).collect();
        assert!(labels_in(query).is_subset(&known), "{query}: {:?}", labels_in(query));
    }
}

#[test]
fn every_alert_says_how_bad_it_is_and_what_to_do() {
    let runbook = read("docs/RUNBOOK.md");
    let (_, section) = runbook.split_once("\n## Alerts\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let mut headings: BTreeSet<&str> =
        section.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let tests = read("deploy/monitoring/alerts_test.yaml");
    for (name, rule) in &alerts() {
        let value = |key: &str| {
            let line = rule.lines().find_map(|line| line.trim().strip_prefix(key));
            line.unwrap_or_else(|| panic!("{name} has no {key}")).trim().to_owned()
        };
        assert!(["critical", "warning"].contains(&&*value("severity:")), "{name}");
        assert!(value("summary:").len() > 20 && value("description:").len() > 20, "{name}");
        let link = format!("docs/RUNBOOK.md#{}", name.to_lowercase());
        assert!(value("runbook_url:").ends_with(&link), "{name}");
        assert!(headings.remove(name.as_str()), "the runbook has no heading {name}");
        assert!(tests.contains(name), "{name} is not tested");
    }
    assert!(headings.is_empty(), "no alert has the headings {headings:?}");
}

#[test]
fn names_follow_the_conventions() {
    for metric in ALL {
        let (name, is_counter) = (metric.name, metric.kind == Kind::Counter);
        let own = name.starts_with("locktender_");
        assert!(own || name.starts_with("process_"), "{name}");
        assert_eq!(name.ends_with("_total") && own, is_counter, "{name}");
        let is_histogram = matches!(metric.kind, Kind::Histogram(_));
        assert!(!is_histogram || name.ends_with("_seconds"), "{name}");
    }
}
