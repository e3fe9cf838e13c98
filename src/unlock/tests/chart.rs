//! The chart of a request's states on the pages agrees with the rules.

use std::collections::BTreeMap;

use super::*;

/// Every transition, one per line: `Pending --> Denied: deny`.
fn chart() -> String {
    let (dave, alice, nobody) = (dave(), alice(), BTreeSet::new());
    let executing = executing(&row_and_lockfile());
    let resumed = decide(&executing, Event::Resume(Guarantees::default()), &policy(1), minute(6))
        .unwrap()
        .next;
    let mut events_between: BTreeMap<(usize, String, String), Vec<&str>> = BTreeMap::new();
    let requests = [request_for(&row_and_lockfile()), executing, resumed];
    for (place, request) in requests.into_iter().enumerate() {
        for (name, event) in events(&dave, &alice, &nobody) {
            // Only the event `expire` needs the expiry time to have passed.
            let now = minute(if name == "expire" { 31 } else { 10 });
            if let Ok(Transition { next, .. }) = decide(&request, event, &policy(1), now) {
                events_between
                    .entry((place, status(&request), status(&next)))
                    .or_default()
                    .push(name);
            }
        }
    }
    let mut chart = "[*] --> Pending: open\n".to_owned();
    for ((_, from, to), events) in events_between {
        chart += &format!("{from} --> {to}: {}\n", events.join(", "));
    }
    chart
}

fn status(request: &UnlockRequest) -> String {
    match &request.status {
        Status::Pending => "Pending".to_owned(),
        Status::Executing if request.resumed => "Resumed".to_owned(),
        Status::Executing => "Executing".to_owned(),
        Status::Closed(closing) => format!("{:?}", closing.outcome),
    }
}

/// The lines of a page's chart, without indentation and comment signs.
fn drawn(page: &str) -> String {
    let lines = page.lines().map(|line| line.trim_start_matches("//!").trim());
    lines.filter(|line| line.contains(" --> ")).map(|line| format!("{line}\n")).collect()
}

#[test]
fn the_pages_draw_every_transition_and_no_other() {
    let chart = chart();
    for page in [include_str!("../mod.rs"), include_str!("../../../docs/ARCHITECTURE.md")] {
        assert_eq!(drawn(page), chart, "the chart is:\n{chart}");
    }
}
