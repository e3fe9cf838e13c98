//! Asks AWS who the bot is, and what time it is.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use aws_sdk_sts::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use chrono::{DateTime, Utc};

use crate::aws::error::Subject;
use crate::aws::session::Session;
use crate::error::{Fault, FaultKind};
use crate::lock::BackendName;
use crate::ports::{self, ExamineSession, Greeting};

/// The identity behind a session.
pub(super) struct Caller {
    client: aws_sdk_sts::Client,
    subject: Subject,
    is_of_aws: bool,
    backends: Vec<BackendName>,
}

impl Caller {
    pub(super) fn new(session: &Session, backends: Vec<BackendName>) -> Self {
        let subject = Subject::identity(session.reached());
        let is_of_aws = session.other_address("STS").is_none();
        Self { client: session.sts(), subject, is_of_aws, backends }
    }
}

#[async_trait]
impl ExamineSession for Caller {
    fn backends(&self) -> &[BackendName] {
        &self.backends
    }

    async fn greet(&self) -> Greeting {
        let date = Date::default();
        let asked = self.client.get_caller_identity().customize().interceptor(date.clone());
        let caller = match asked.send().await {
            Ok(caller) => Ok(Some(ports::Caller {
                account: caller.account.unwrap_or_default(),
                arn: caller.arn.unwrap_or_default(),
            })),
            Err(error) => {
                let fault = self.subject.fault("allow sts:GetCallerIdentity", error);
                if self.is_of_aws || !says_nothing(&fault) { Err(fault) } else { Ok(None) }
            }
        };
        Greeting { caller, date: date.read() }
    }
}

/// Whether an endpoint that is not AWS's own does not know this question.
fn says_nothing(fault: &Fault) -> bool {
    !matches!(fault.kind, FaultKind::Credentials | FaultKind::Unreachable | FaultKind::Throttled)
}

/// The `Date` of the last answer, also if it is an error.
#[derive(Clone, Debug, Default)]
struct Date(Arc<Mutex<Option<String>>>);

impl Date {
    fn read(&self) -> Option<DateTime<Utc>> {
        let date = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Some(DateTime::parse_from_rfc2822(date.as_deref()?).ok()?.to_utc())
    }
}

impl Intercept for Date {
    fn name(&self) -> &'static str {
        "date"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date").map(str::to_owned);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = date;
        Ok(())
    }
}
