//! Whether every try of a write was answered.
//!
//! The SDK sends a request up to three times and reports the last try alone. If an earlier try timed
//! out and the last one was refused, the error says "refused", and yet the earlier try may have been
//! carried out. So each try and each answer is counted where it happens.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};

/// The tries of one write and the answers to them. Clones count together: one goes to the SDK as an
/// interceptor, the other says afterwards what came of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Answers(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    tries: AtomicU32,
    answers: AtomicU32,
}

impl Answers {
    /// Whether a try was sent and not answered.
    pub(super) fn is_one_missing(&self) -> bool {
        self.0.tries.load(Ordering::Relaxed) > self.0.answers.load(Ordering::Relaxed)
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

    /// Not called where no answer came, and called with an error where an answer broke off. An answer
    /// of 500 or above says that something failed, and not what was done before it did.
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
