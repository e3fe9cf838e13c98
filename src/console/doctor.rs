//! A diagnosis as terminal lines.

use super::Style;
use super::render::Paint;
use crate::doctor::{Checked, Diagnosis, Finding, NotChecked, Severity};
use crate::words::doctor as words;

/// The findings, what was not looked at, what is fine, and a last line that counts.
#[must_use]
pub fn diagnosis(diagnosis: &Diagnosis, style: Style) -> String {
    let paint = Paint { style };
    let mut parts: Vec<String> = Vec::new();
    parts.extend(diagnosis.findings.iter().map(|found| finding(found, &paint)));
    parts.extend(diagnosis.not_checked.iter().map(|NotChecked { subject, why }| {
        let heading = paint.with(WARNING, words::NOT_CHECKED);
        format!("{heading}  {subject}\n  {why}")
    }));
    let fine = diagnosis.checked.iter().map(|Checked { subject, found }| {
        format!("{}  {subject}: {found}", paint.with(FINE, words::CHECKED))
    });
    let fine = fine.collect::<Vec<_>>().join("\n");
    parts.extend((!fine.is_empty()).then_some(fine));
    parts.push(words::summary(diagnosis));
    parts.join("\n\n")
}

const PROBLEM: &str = "\x1b[1;31m";
const WARNING: &str = "\x1b[1;33m";
const FINE: &str = "\x1b[1;32m";

fn finding(finding: &Finding, paint: &Paint) -> String {
    let Finding { code, subject, what, why, remedy } = finding;
    let colour = match code.severity() {
        Severity::Problem => PROBLEM,
        Severity::Warning => WARNING,
    };
    let heading = paint.with(colour, &words::heading(*code));
    // A line to paste begins at the margin, so that it can be taken whole.
    let remedy = remedy.replacen('\n', "\n\n", 1);
    format!("{heading}  {subject}\n  {what} {why}\n  {remedy}")
}
