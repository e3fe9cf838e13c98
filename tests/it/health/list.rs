//! docs/METRICS.md, the dashboard and the alert rules agree with the code.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use locktender::metrics::{ALL, Kind};

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
