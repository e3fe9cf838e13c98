//! The codes, and the runbook that explains them.

use std::collections::BTreeSet;

use locktender::doctor::Code;

#[test]
fn every_code_has_its_heading_in_the_runbook_and_the_reverse() {
    let runbook = include_str!("../../../docs/RUNBOOK.md");
    let headings = runbook.lines().filter_map(|line| line.strip_prefix("### `")?.strip_suffix('`'));
    let headings: Vec<&str> = headings.collect();
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(headings, codes, "in this order");
    let each: BTreeSet<&str> = codes.iter().copied().collect();
    assert_eq!(each.len(), codes.len(), "a code is used twice");
    let is_kebab = |code: &str| code.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    assert!(codes.iter().all(|code| is_kebab(code)), "{codes:?}");
}
