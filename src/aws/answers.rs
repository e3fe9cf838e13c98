//! Tracks whether AWS answered every try of a write.
//!
//! The SDK sends a request up to three times and reports only the last try. If an earlier try timed
//! out and the last one was throttled, the error says "throttled". AWS may still have carried out
//! the earlier try. So each try and each answer is counted where it happens.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};

use crate::error::{Fault, WriteFault};

/// The tries of one write and the answers to them. Clones share their counts: one goes to the SDK
/// as an interceptor, and the caller reads the other afterwards.
#[derive(Clone, Debug, Default)]
pub(super) struct Answers(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    tries: AtomicU32,
    answers: AtomicU32,
}

impl Answers {
    /// Whether a try was sent but not answered.
    pub(super) fn is_one_missing(&self) -> bool {
        self.0.tries.load(Ordering::Relaxed) > self.0.answers.load(Ordering::Relaxed)
    }

    /// Decides whether AWS refused the write, or its outcome is unknown.
    pub(super) fn judge(&self, fault: Fault) -> WriteFault {
        if self.is_one_missing() {
            WriteFault::Unanswered(fault)
        } else {
            WriteFault::Refused(fault)
        }
    }
}

impl Intercept for Answers {
    fn name(&self) -> &'static str {
        "answers"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.tries.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// The SDK does not call this if no answer came, and calls it with an error if an answer broke off. A
    /// status of 500 or above does not say whether AWS carried out the write.
    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let decides = match context.output_or_error() {
            Ok(_) => true,
            Err(error) => error.is_operation_error() && context.response().status().as_u16() < 500,
        };
        if decides {
            self.0.answers.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}
