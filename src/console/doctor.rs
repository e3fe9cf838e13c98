//! A diagnosis as terminal lines.

use super::render::Paint;
use super::width::{Output, fold};
use crate::doctor::{Checked, Diagnosis, Finding, NotChecked, Severity};
use crate::words::doctor as words;

/// The findings, what was not looked at, what is fine, and a last line that counts.
#[must_use]
pub fn diagnosis(diagnosis: &Diagnosis, output: Output) -> String {
    let paint = Paint { style: output.style };
    let folded = |part: String| fold(&part, output.width);
    let mut parts: Vec<String> = Vec::new();
    parts.extend(diagnosis.findings.iter().map(|found| finding(found, &paint, output)));
    parts.extend(diagnosis.not_checked.iter().map(|NotChecked { subject, why }| {
        let heading = paint.with(WARNING, words::NOT_CHECKED);
        folded(format!("{heading}  {subject}\n  {why}"))
    }));
    let fine = diagnosis.checked.iter().map(|Checked { subject, found }| {
        format!("{}  {subject}: {found}", paint.with(FINE, words::CHECKED))
    });
    let fine = fine.collect::<Vec<_>>().join("\n");
    parts.extend((!fine.is_empty()).then(|| folded(fine)));
    let colour = match diagnosis.findings.first().map(|finding| finding.code.severity()) {
        Some(Severity::Problem) => PROBLEM,
        None if diagnosis.not_checked.is_empty() => FINE,
        Some(Severity::Warning) | None => WARNING,
    };
    parts.push(paint.with(colour, &words::summary(diagnosis)));
    parts.join("\n\n")
}

const PROBLEM: &str = "\x1b[1;31m";
const WARNING: &str = "\x1b[1;33m";
const FINE: &str = "\x1b[1;32m";

fn finding(finding: &Finding, paint: &Paint, output: Output) -> String {
    let Finding { code, subject, what, why, remedy } = finding;
    let colour = match code.severity() {
        Severity::Problem => PROBLEM,
        Severity::Warning => WARNING,
    };
    let heading = paint.with(colour, &words::heading(*code));
    let (remedy, paste) = match remedy.split_once('\n') {
        // A line to paste begins at the margin and is not folded, so that it can be taken whole.
        Some((remedy, paste)) => (remedy, format!("\n\n{paste}")),
        None => (remedy.as_str(), String::new()),
    };
    let told = format!("{heading}  {subject}\n  {what} {why}\n  {remedy}");
    fold(&told, output.width) + &paste
}
