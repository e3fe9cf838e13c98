//! What `/healthz` and `/readyz` say, each in one sentence.

use std::time::Duration;

use chrono::TimeDelta;

use crate::lock::in_words;
use crate::standing::Readiness;
use crate::text::{LONG, clip, visible};

/// The program runs.
pub(crate) fn alive() -> String {
    "alive".to_owned()
}

/// Whether a replica is ready, and if not, why. The ready ones begin with `connected` or `standing by`.
#[must_use]
pub fn readiness(readiness: &Readiness) -> String {
    match readiness {
        Readiness::Connected => "connected".to_owned(),
        Readiness::StandingBy => "standing by".to_owned(),
        Readiness::Starting => "starting: not connected to Discord yet".to_owned(),
        Readiness::ShuttingDown => "shutting down".to_owned(),
        Readiness::NotConnected { since: None, why: None } => {
            "not connected to Discord yet".to_owned()
        }
        Readiness::NotConnected { since, why } => {
            let since =
                since.map_or_else(|| " yet".to_owned(), |since| format!(" for {}", ago(since)));
            let why = why.as_deref().unwrap_or("the reason is not known");
            format!("not connected to Discord{since}: {}", clip(&visible(why), LONG))
        }
        Readiness::NoTables { why } => clip(&visible(why), LONG),
        Readiness::LeaseLost { since } => {
            format!("the lease ran out {} ago and could not be renewed", ago(*since))
        }
    }
}

/// The bot's own tables do not answer in time.
pub(crate) fn tables_hang() -> String {
    "DynamoDB does not answer in time: check the network, or AWS's status page".to_owned()
}

fn ago(time: Duration) -> String {
    in_words(TimeDelta::from_std(time).unwrap_or(TimeDelta::MAX))
}
