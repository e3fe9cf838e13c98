//! Who the bot is to AWS, and whether this host's clock agrees with that of AWS.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};

use super::{Check, Code, Diagnosis, Finding, advice, of, shown};
use crate::error::{Fault, FaultKind};
use crate::lock::{BackendName, age, in_words};
use crate::ports::{Caller, Clock, ExamineSession, Greeting};

/// The skew that is worth a warning.
const DRIFT: TimeDelta = TimeDelta::minutes(1);

/// The skew at which AWS begins to refuse requests (IAM user guide, "Signature Version 4": 5 minutes).
const REFUSED: TimeDelta = TimeDelta::minutes(5);

/// The check of one session.
pub struct SessionCheck(pub Arc<dyn ExamineSession>);

#[async_trait]
impl Check for SessionCheck {
    fn subject(&self) -> String {
        subject(self.0.backends())
    }

    async fn examine(&self, clock: &dyn Clock) -> Diagnosis {
        let Greeting { caller, date } = self.0.greet().await;
        let now = clock.now();
        let subject = self.subject();
        let skew = date.map(|date| now - date);
        of_clock(skew, now).with(of_caller(&subject, caller))
    }
}

/// Without a session, nothing in AWS can be looked at.
#[must_use]
pub fn no_session(fault: &Fault) -> Diagnosis {
    let diagnosis = match fault.kind {
        FaultKind::NoRegion => Diagnosis::default().finding(Finding {
            code: Code::SettingMissing,
            subject: "AWS_REGION".to_owned(),
            what: "No AWS region is configured.".to_owned(),
            why: "The bot does not know where its tables are.".to_owned(),
            remedy: advice(&fault.remedy),
        }),
        _ => Diagnosis::default(),
    };
    diagnosis.fault("tables and buckets", fault)
}

fn subject(backends: &[BackendName]) -> String {
    format!("AWS credentials{}", of(backends))
}

fn of_caller(subject: &str, caller: Result<Option<Caller>, Fault>) -> Diagnosis {
    match caller {
        Ok(Some(Caller { account, arn })) => {
            let (account, arn) = (shown(&account), shown(&arn));
            Diagnosis::default().checked(subject, format!("Account {account}, as {arn}."))
        }
        Ok(None) => Diagnosis::default()
            .checked(subject, "The endpoint is not that of AWS, and does not say who the bot is."),
        Err(fault) if fault.kind == FaultKind::Credentials => {
            Diagnosis::default().finding(Finding {
                code: Code::CredentialsRefused,
                subject: subject.to_owned(),
                what: "AWS does not accept the credentials, or there are none.".to_owned(),
                why: "The bot can neither read locks nor write its own tables.".to_owned(),
                remedy: advice(&fault.remedy),
            })
        }
        Err(fault) => Diagnosis::default().fault(subject, &fault),
    }
}

/// `skew` is positive if this host is ahead.
fn of_clock(skew: Option<TimeDelta>, now: DateTime<Utc>) -> Diagnosis {
    let subject = "clock of this host";
    let Some(skew) = skew else {
        return Diagnosis::default()
            .not_checked(subject, "AWS did not answer, so there is no time to compare with.");
    };
    let direction = if skew < TimeDelta::zero() { "behind" } else { "ahead of" };
    let code = match skew.abs() {
        off if off > REFUSED => Code::ClockWrong,
        off if off > DRIFT => Code::ClockDrifts,
        _ => return Diagnosis::default().checked(subject, "It agrees with the clock of AWS."),
    };
    let off = in_words(age(now - skew.abs(), now));
    Diagnosis::default().finding(Finding {
        code,
        subject: subject.to_owned(),
        what: format!("It is {off} {direction} the clock of AWS."),
        why:
            "AWS refuses requests that are more than 5 to 15 min off. Ages of locks and the expiry \
              of requests are wrong by as much."
                .to_owned(),
        remedy: "Synchronise the clock of this host:\ntimedatectl set-ntp true".to_owned(),
    })
}
