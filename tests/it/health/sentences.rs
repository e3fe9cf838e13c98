//! What `/readyz` says in each case.

use std::time::Duration;

use locktender::standing::Readiness;
use locktender::words::health::readiness;

#[test]
fn each_case_is_one_sentence() {
    let since = |seconds| Some(Duration::from_secs(seconds));
    let why = || Some("Discord closed it without a code".to_owned());
    let cases = [
        Readiness::Connected,
        Readiness::StandingBy,
        Readiness::Starting,
        Readiness::ShuttingDown,
        Readiness::NotConnected { since: None, why: None },
        Readiness::NotConnected { since: None, why: why() },
        Readiness::NotConnected { since: since(252), why: why() },
        Readiness::NotConnected { since: since(3), why: Some("a\nb\u{202e}c".to_owned()) },
        Readiness::NoTables { why: "The table `locktender` cannot be reached: try".to_owned() },
        Readiness::LeaseLost { since: Duration::from_secs(31) },
    ];
    let said = cases.iter().map(|case| format!("{} {}", case.is_ready(), readiness(case)));
    insta::assert_snapshot!(said.collect::<Vec<_>>().join("\n"), @r"
    true connected
    true standing by
    false starting: not connected to Discord yet
    false shutting down
    false not connected to Discord yet
    false not connected to Discord yet: Discord closed it without a code
    false not connected to Discord for 4 min: Discord closed it without a code
    false not connected to Discord for 3 s: a\u{a}b\u{202e}c
    false The table `locktender` cannot be reached: try
    false the lease ran out 31 s ago and could not be renewed
    ");
}
