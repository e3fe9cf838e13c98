//! Measures every call to AWS, try by try, at the one place through which all of them go.

use std::time::Instant;

use aws_sdk_dynamodb::config::interceptors::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::{BoxError, ConnectorError};
use aws_smithy_runtime_api::client::interceptors::context::{Error, Output};
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, Metadata, OrchestratorError};
use aws_smithy_types::config_bag::{Storable, StoreReplace};

use crate::aws::error::Trouble;
use crate::metrics;

/// Measures the calls of a client.
#[derive(Debug)]
pub(super) struct Measured;

/// When the current try began.
#[derive(Debug)]
struct Begun(Instant);

impl Storable for Begun {
    type Storer = StoreReplace<Self>;
}

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for Measured {
    fn name(&self) -> &'static str {
        "Measured"
    }

    fn read_before_attempt(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        config.interceptor_state().store_put(Begun(Instant::now()));
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let (Some(Begun(begun)), Some(of)) = (config.load::<Begun>(), config.load::<Metadata>())
        {
            let outcome = outcome(context.output_or_error(), context.response());
            metrics::request_to_aws(of.service(), of.name(), outcome, begun.elapsed());
        }
        Ok(())
    }
}

/// How a try ended. A try without a result was given up: it took too long, or nobody waits for it.
fn outcome(
    result: Option<Result<&Output, &OrchestratorError<Error>>>,
    response: Option<&HttpResponse>,
) -> &'static str {
    match result {
        None => "timeout",
        Some(Ok(_)) => "ok",
        Some(Err(error)) if error.is_timeout_error() => "timeout",
        Some(Err(error)) => match response {
            Some(response) => answered(response),
            None if error.as_connector_error().is_some_and(ConnectorError::is_timeout) => "timeout",
            None if error.is_connector_error() => "unreachable",
            None => "credentials",
        },
    }
}

/// The reason of a transaction that was throttled (API reference, "`TransactWriteItems`").
const THROTTLING: &[u8] = b"ThrottlingError";

/// What an error answer means.
fn answered(response: &HttpResponse) -> &'static str {
    let status = response.status().as_u16();
    let code = code(response);
    // A transaction tells the reason for each of its items in its message.
    let body = response.body().bytes().unwrap_or_default();
    if body.windows(THROTTLING.len()).any(|part| part == THROTTLING) {
        return "throttled";
    }
    match (code.as_deref().unwrap_or_default(), status) {
        ("ConditionalCheckFailedException" | "TransactionCanceledException", _) | (_, 412) => {
            return "condition";
        }
        ("NoSuchKey", _) | ("", 404) => return "not found",
        _ => {}
    }
    match Trouble::answered(code.as_deref(), None, status, None) {
        Trouble::Denied => "denied",
        Trouble::NoCredentials | Trouble::Expired | Trouble::BadCredentials => "credentials",
        Trouble::Throttled => "throttled",
        Trouble::Unreachable => "unreachable",
        Trouble::Missing => "missing",
        Trouble::WrongRegion(_)
        | Trouble::NotALockTable
        | Trouble::Archived
        | Trouble::Unexpected => "failed",
    }
}

/// The code of an error: DynamoDB has it in JSON, S3 in XML (their API references, "Common errors" and "Error
/// responses").
fn code(response: &HttpResponse) -> Option<String> {
    let body = response.body().bytes()?;
    if let Ok(body) = serde_json::from_slice::<serde_json::Value>(body) {
        let kind = body.get("__type")?.as_str()?;
        return Some(kind.rsplit('#').next().unwrap_or(kind).to_owned());
    }
    let body = std::str::from_utf8(body).ok()?;
    let (_, rest) = body.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    Some(code.to_owned())
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;

    use super::*;

    #[test]
    fn an_error_answer_is_counted_by_what_it_means() {
        let dynamodb =
            |code: &str| format!(r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{code}"}}"#);
        let s3 =
            |code: &str| format!("<?xml?><Error><Code>{code}</Code><Message>m</Message></Error>");
        let throttled = r#"{"__type":"x#TransactionCanceledException","CancellationReasons":[{"Code":"ThrottlingError"}]}"#;
        for (status, body, outcome) in [
            (400, dynamodb("ConditionalCheckFailedException"), "condition"),
            (400, dynamodb("TransactionCanceledException"), "condition"),
            (400, throttled.to_owned(), "throttled"),
            (400, dynamodb("ThrottlingException"), "throttled"),
            (400, dynamodb("ProvisionedThroughputExceededException"), "throttled"),
            (400, dynamodb("AccessDeniedException"), "denied"),
            (400, dynamodb("ResourceNotFoundException"), "missing"),
            (400, dynamodb("UnrecognizedClientException"), "credentials"),
            (400, dynamodb("ExpiredTokenException"), "credentials"),
            (400, dynamodb("ValidationException"), "failed"),
            (500, dynamodb("InternalServerError"), "failed"),
            (404, s3("NoSuchKey"), "not found"),
            (404, s3("NoSuchBucket"), "missing"),
            (404, String::new(), "not found"),
            (403, s3("AccessDenied"), "denied"),
            (403, String::new(), "denied"),
            (412, s3("PreconditionFailed"), "condition"),
            (503, s3("SlowDown"), "throttled"),
            (301, s3("PermanentRedirect"), "failed"),
            (502, "<html>a proxy</html>".to_owned(), "unreachable"),
            (200, r#"{"__type":5}"#.to_owned(), "failed"),
        ] {
            let status_code = StatusCode::try_from(status).unwrap();
            let response = HttpResponse::new(status_code, SdkBody::from(body.clone()));
            assert_eq!(answered(&response), outcome, "{status} {body}");
        }
    }
}
