//! What `locktender doctor --json` prints. Scripts rely on these fields: they are added to, never changed.

use serde::Serialize;

use super::Diagnosis;

/// A diagnosis as JSON.
#[derive(Debug, Serialize)]
pub struct DiagnosisJson<'d> {
    healthy: bool,
    findings: Vec<FindingJson<'d>>,
    not_checked: Vec<NotCheckedJson<'d>>,
    checked: Vec<CheckedJson<'d>>,
}

#[derive(Debug, Serialize)]
struct FindingJson<'d> {
    code: &'static str,
    severity: &'static str,
    subject: &'d str,
    what: &'d str,
    why: &'d str,
    remedy: &'d str,
}

#[derive(Debug, Serialize)]
struct NotCheckedJson<'d> {
    subject: &'d str,
    why: &'d str,
}

#[derive(Debug, Serialize)]
struct CheckedJson<'d> {
    subject: &'d str,
    found: &'d str,
}

impl<'d> From<&'d Diagnosis> for DiagnosisJson<'d> {
    fn from(diagnosis: &'d Diagnosis) -> Self {
        let findings = diagnosis.findings.iter().map(|finding| FindingJson {
            code: finding.code.as_str(),
            severity: finding.code.severity().as_str(),
            subject: &finding.subject,
            what: &finding.what,
            why: &finding.why,
            remedy: &finding.remedy,
        });
        let not_checked = diagnosis.not_checked.iter();
        let not_checked =
            not_checked.map(|it| NotCheckedJson { subject: &it.subject, why: &it.why });
        let checked = diagnosis.checked.iter();
        let checked = checked.map(|it| CheckedJson { subject: &it.subject, found: &it.found });
        Self {
            healthy: diagnosis.is_healthy(),
            findings: findings.collect(),
            not_checked: not_checked.collect(),
            checked: checked.collect(),
        }
    }
}
