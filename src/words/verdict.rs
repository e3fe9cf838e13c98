//! The verdict on a hold in one line, with facts that a person can check.

use crate::lock::in_words;
use crate::message::Text;
use crate::text::SHORT;
use crate::watch::{Evidence, Hold, Kind, OTHER_RUNS, Verdict};

/// `This hold looks stale: past apply holds here took 6 min, and 95 % took at most 11 min (43 holds).
/// ci-runner-04 has finished 3 other runs since.`
pub(crate) fn verdict_line(hold: &Hold, verdict: &Verdict) -> Text {
    let Evidence { usual, limit, other_runs, .. } = &verdict.evidence;
    let word = match verdict.kind {
        Kind::Active => "active",
        Kind::Long => "long",
        Kind::Stale => "stale",
    };
    let text = Text::own("This hold looks ").strong(word).then(": ");
    let text = match (usual, hold.operation()) {
        (Some(usual), Some(operation)) => {
            text.then("past ").append(super::parts::operation(&operation)).then(format!(
                " holds here took {}, and 95 % took at most {} ({} holds).",
                in_words(usual.median),
                in_words(usual.p95),
                usual.count
            ))
        }
        _ => text.then(format!(
            "the limit is {}, because there are too few past holds here to compare with.",
            in_words(*limit)
        )),
    };
    match (hold.host(), *other_runs) {
        (_, 0) | (None, _) => text,
        (Some(host), runs) => text
            .then(" ")
            .name(host, SHORT / 2)
            .then(" has finished ")
            .then(match runs {
                1 => "1 other run".to_owned(),
                OTHER_RUNS.. => format!("{OTHER_RUNS} or more other runs"),
                runs => format!("{runs} other runs"),
            })
            .then(" since."),
    }
}
