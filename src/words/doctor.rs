//! What the doctor says as a whole. Each check in `doctor/` has the sentences of its own findings.

use super::parts::counted;
use crate::doctor::{Code, Diagnosis, Finding, NotChecked, Severity};
use crate::message::{Message, Text, Tone};
use crate::text::LONG;

/// Findings and unchecked things in a message. With texts of at most [`LONG`] characters, they stay within the 6,000
/// characters that Discord allows a message, even if many characters have to be escaped.
const SHOWN: usize = 5;

/// `2 problems and 1 warning. 1 thing could not be looked at.`
pub(crate) fn summary(diagnosis: &Diagnosis) -> String {
    let mut sentences = vec![format!("{}.", found(diagnosis))];
    sentences.extend(not_looked_at(diagnosis));
    sentences.join(" ")
}

/// `2 problems and 1 warning`
fn found(diagnosis: &Diagnosis) -> String {
    let count = |severity| {
        let findings = diagnosis.findings.iter();
        findings.filter(|finding| finding.code.severity() == severity).count() as u64
    };
    let problems = counted(count(Severity::Problem), "problem", "problems");
    let warnings = counted(count(Severity::Warning), "warning", "warnings");
    match (count(Severity::Problem), count(Severity::Warning)) {
        (0, 0) => "Nothing is wrong with what was looked at".to_owned(),
        (_, 0) => problems,
        (0, _) => warnings,
        (..) => format!("{problems} and {warnings}"),
    }
}

/// `1 thing could not be looked at.`
fn not_looked_at(diagnosis: &Diagnosis) -> Option<String> {
    let number = diagnosis.not_checked.len() as u64;
    let things = counted(number, "thing", "things");
    (number > 0).then(|| format!("{things} could not be looked at."))
}

/// `problem`, or `warning`, before the code of a finding.
pub(crate) fn heading(code: Code) -> String {
    format!("{}: {}", code.severity().as_str(), code.as_str())
}

/// The heading of what could not be looked at.
pub(crate) const NOT_CHECKED: &str = "not checked";

/// The heading of what was looked at.
pub(crate) const CHECKED: &str = "fine";

/// The answer to `/lock doctor`.
pub(crate) fn answer(diagnosis: &Diagnosis) -> Message {
    let tone = match diagnosis.findings.first().map(|finding| finding.code.severity()) {
        Some(Severity::Problem) => Tone::Broken,
        None if diagnosis.is_healthy() => Tone::Free,
        Some(Severity::Warning) | None => Tone::Held,
    };
    let mut message = Message::new(tone, Text::own(format!("🩺 {}", found(diagnosis))));
    if let Some(sentence) = not_looked_at(diagnosis) {
        message = message.line(Text::own(sentence));
    }
    for found in diagnosis.findings.iter().take(SHOWN) {
        message = message.field(label(found), value(found));
    }
    let room = SHOWN.saturating_sub(diagnosis.findings.len());
    for NotChecked { subject, why } in diagnosis.not_checked.iter().take(room) {
        let label = Text::own("Not checked: ").name(subject, LONG / 2);
        message = message.field(label, Text::default().name(why, LONG));
    }
    let all = diagnosis.findings.len() + diagnosis.not_checked.len();
    if all > 0 {
        let more = all.saturating_sub(SHOWN);
        let not_here =
            if more > 0 { format!("{more} more are not shown here. ") } else { String::new() };
        message.footer = Some(Text::own(format!(
            "{not_here}Run locktender doctor beside the bot for all of it. The runbook explains each code."
        )));
    }
    message
}

fn label(finding: &Finding) -> Text {
    let severity = match finding.code.severity() {
        Severity::Problem => "Problem",
        Severity::Warning => "Warning",
    };
    Text::own(format!("{severity}: {}, ", finding.code.as_str())).name(&finding.subject, LONG / 2)
}

/// What is wrong and what to do. The reason is in the runbook, under the code.
fn value(finding: &Finding) -> Text {
    let Finding { what, remedy, .. } = finding;
    let text = Text::default().name(what, LONG);
    match remedy.split_once('\n') {
        None => text.then(" ").name(remedy, LONG),
        Some((sentence, paste)) => {
            text.then(" ").name(sentence, LONG).then(" ").quote(paste, 2 * LONG)
        }
    }
}
