//! Whether a bucket of lockfiles exists, what the bot may do in it, and whether its store keeps conditions.

use std::sync::Arc;

use async_trait::async_trait;
use futures::join;

use super::permissions::permission_missing;
use super::{Check, Code, Diagnosis, Finding, advice, of, shown};
use crate::error::{Fault, FaultKind};
use crate::lock::StoreCheck;
use crate::ports::{CheckedStore, Clock, Conditions, ExamineBucket, StoreChecks};

/// The check of one bucket.
pub struct BucketCheck {
    /// The bucket.
    pub bucket: Arc<dyn ExamineBucket>,
    /// Remembers whether its store keeps conditions, for releases.
    pub checks: Arc<dyn StoreChecks>,
}

#[async_trait]
impl Check for BucketCheck {
    fn subject(&self) -> String {
        format!("bucket `{}`{}", shown(self.bucket.name()), of(self.bucket.backends()))
    }

    async fn examine(&self, clock: &dyn Clock) -> Diagnosis {
        let (bucket, subject) = (&*self.bucket, self.subject());
        let may_list = match bucket.may_list().await {
            Ok(may) => may,
            Err(fault) => return not_there(&subject, &fault),
        };
        let conditions = async {
            match bucket.other_address() {
                None => Diagnosis::default(),
                Some(address) => self.probe(&subject, address, clock).await,
            }
        };
        let (may_get, may_delete, conditions) =
            join!(bucket.may_get(), bucket.may_delete(), conditions);
        of_permissions(&subject, &bucket.arn(), may_list, may_get, may_delete).with(conditions)
    }
}

impl BucketCheck {
    /// Tries whether the store keeps conditions, and remembers it.
    async fn probe(&self, subject: &str, address: &str, clock: &dyn Clock) -> Diagnosis {
        let conditions = self.bucket.conditions().await;
        let found = match conditions {
            Ok(Conditions::Kept) => StoreCheck::Kept,
            Ok(Conditions::Ignored { .. }) => StoreCheck::Ignored,
            Err(fault) => return of_conditions(subject, Err(fault)),
        };
        let (endpoint, bucket) = (address.to_owned(), self.bucket.name().to_owned());
        let found = CheckedStore { endpoint, bucket, found, at: clock.now() };
        let diagnosis = of_conditions(subject, conditions);
        match self.checks.remember(&found).await {
            Ok(()) => diagnosis,
            Err(fault) => {
                let what = format!("remembering what the store of the {subject} keeps");
                diagnosis.fault(what, &fault.into_fault())
            }
        }
    }
}

/// The bucket cannot be used at all, or not be asked.
fn not_there(subject: &str, fault: &Fault) -> Diagnosis {
    let (code, what) = match fault.kind {
        FaultKind::Missing => (Code::BucketMissing, "The bucket does not exist."),
        FaultKind::WrongRegion => (Code::BucketElsewhere, "The bucket is in another region."),
        _ => return Diagnosis::default().fault(subject, fault),
    };
    Diagnosis::default().finding(Finding {
        code,
        subject: subject.to_owned(),
        what: what.to_owned(),
        why: "The bot cannot see the lockfiles in it.".to_owned(),
        remedy: advice(&fault.remedy),
    })
}

fn of_permissions(
    subject: &str,
    bucket: &str,
    may_list: bool,
    may_get: Result<bool, Fault>,
    may_delete: Result<bool, Fault>,
) -> Diagnosis {
    let lockfiles = format!("{bucket}/*.tflock");
    let mut diagnosis = Diagnosis::default();
    if !may_list {
        let action = ["s3:ListBucket".to_owned()];
        diagnosis = diagnosis.finding(permission_missing(subject, &action, bucket));
    }
    let mut missing = Vec::new();
    let tried = [("s3:GetObject", may_get), ("s3:DeleteObject", may_delete)];
    for (action, may) in tried {
        match may {
            Ok(true) => {}
            // S3 answers 403 for a missing object to those who may not list the bucket.
            Ok(false) if !may_list => {
                let subject = format!("{action} in the {subject}");
                diagnosis = diagnosis.not_checked(
                    subject,
                    "Without s3:ListBucket, S3 does not tell whether it is allowed.",
                );
            }
            Ok(false) => missing.push(action.to_owned()),
            Err(fault) => diagnosis = diagnosis.fault(format!("{action} in the {subject}"), &fault),
        }
    }
    if !missing.is_empty() {
        diagnosis = diagnosis.finding(permission_missing(subject, &missing, &lockfiles));
    }
    if diagnosis.is_healthy() {
        diagnosis =
            diagnosis.checked(subject, "The bot may list it, and read and delete lockfiles in it.");
    }
    diagnosis
}

fn of_conditions(subject: &str, conditions: Result<Conditions, Fault>) -> Diagnosis {
    let subject_of = format!("conditional requests to the {subject}");
    let what = match conditions {
        Ok(Conditions::Kept) => {
            return Diagnosis::default().checked(subject_of, "The store keeps the conditions.");
        }
        Err(fault) => return Diagnosis::default().fault(subject_of, &fault),
        Ok(Conditions::Ignored { put: true, delete: true }) => {
            "The store ignores If-None-Match when an object is put, and If-Match when one is deleted."
        }
        Ok(Conditions::Ignored { put: true, .. }) => {
            "The store ignores If-None-Match when an object is put."
        }
        Ok(Conditions::Ignored { .. }) => "The store ignores If-Match when an object is deleted.",
    };
    let why = match conditions {
        Ok(Conditions::Ignored { put: true, .. }) => {
            "Two runs can take the same lockfile at once, so lockfiles protect no state here."
        }
        _ => "A release can delete the lockfile of another run that took it in the meantime.",
    };
    Diagnosis::default().finding(Finding {
        code: Code::ConditionsIgnored,
        subject: subject.to_owned(),
        what: what.to_owned(),
        why: why.to_owned(),
        remedy: "Update the store to a version that supports conditional requests, or lock in a \
                 DynamoDB table."
            .to_owned(),
    })
}
