//! Digests in a lock table that do not fit the state's object. Terraform then fails at every run.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Check, Code, Diagnosis, Finding, shown};
use crate::lock::StatePath;
use crate::ports::{Clock, Digests, ExamineDigests};

/// Findings of one kind that are listed one by one.
const NAMED: usize = 10;

/// The check of the digests in one table.
pub struct DigestsCheck(pub Arc<dyn ExamineDigests>);

#[async_trait]
impl Check for DigestsCheck {
    fn subject(&self) -> String {
        self.0.subject()
    }

    async fn examine(&self, _: &dyn Clock) -> Diagnosis {
        match self.0.compare().await {
            Ok(digests) => of_digests(&self.subject(), &digests),
            Err(fault) => Diagnosis::default().fault(self.subject(), &fault),
        }
    }
}

/// The `ETag` of an object that KMS encrypts looks like an MD5 and is none. Where no digest at all is equal, that is
/// the likelier reason.
fn of_digests(subject: &str, digests: &Digests) -> Diagnosis {
    let Digests { equal, different, without_state, incomparable } = digests;
    let mut diagnosis = Diagnosis::default();
    for path in without_state.iter().take(NAMED) {
        diagnosis =
            diagnosis.finding(wrong(path, "There is a digest of this state, and no state."));
    }
    let are_md5 = *equal > 0;
    if are_md5 {
        for path in different.iter().take(NAMED) {
            let what = "The digest of this state is not the MD5 of its object. If KMS encrypts this \
                        object alone, its MD5 is not known, and this is no mistake.";
            diagnosis = diagnosis.finding(wrong(path, what));
        }
    }
    let cannot_tell = incomparable + if are_md5 { 0 } else { different.len() };
    if cannot_tell > 0 && !are_md5 {
        let why = format!(
            "None of the {cannot_tell} digests is equal to its object's ETag. Where KMS encrypts, an ETag is no MD5, \
             and this says nothing. Otherwise the digests are wrong. The bot reads no state, so it cannot tell."
        );
        diagnosis = diagnosis.not_checked(subject, why);
    } else if cannot_tell > 0 {
        diagnosis = diagnosis.checked(
            subject,
            format!(
                "{equal} fit their states. Of {cannot_tell} it cannot be told: the ETag is no MD5, and the bot reads \
                 no state."
            ),
        );
    } else if different.is_empty() && without_state.is_empty() {
        diagnosis = diagnosis.checked(subject, format!("{equal} fit their states."));
    }
    let more = without_state.len().saturating_sub(NAMED)
        + if are_md5 { different.len().saturating_sub(NAMED) } else { 0 };
    if more > 0 {
        diagnosis =
            diagnosis.not_checked(subject, format!("{more} more do not fit, too many to list."));
    }
    diagnosis
}

fn wrong(path: &StatePath, what: &str) -> Finding {
    let path = path.as_str();
    Finding {
        code: Code::DigestWrong,
        subject: format!("state {}", shown(path)),
        what: what.to_owned(),
        why: "Terraform fails with \"state data in S3 does not have the expected content\"."
            .to_owned(),
        remedy: format!(
            "Make sure that the object is the state that you want. Then set the Digest of the row \
             whose LockID is `{}` to the MD5 that Terraform's error names. Or restore the version \
             of the object that fits.",
            shown(&format!("{path}-md5"))
        ),
    }
}
