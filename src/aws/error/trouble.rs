//! What an AWS error means.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

/// What an AWS error means for the person who has to fix it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::aws) enum Trouble {
    Denied,
    NoCredentials,
    Expired,
    BadCredentials,
    Throttled,
    Unreachable,
    Missing,
    /// The bucket is in another region, which S3 may name.
    WrongRegion(Option<String>),
    NotALockTable,
    /// The object's storage class requires a restore before it can be read.
    Archived,
    Unexpected,
}

/// Whether AWS refused the whole call. A single item in it may be the cause.
pub(in crate::aws) fn is_refused<E>(error: &SdkError<E, HttpResponse>) -> bool
where
    E: ProvideErrorMetadata + Error + 'static,
{
    use Trouble::{Denied, Missing, NotALockTable, Unexpected};
    let is_refusal = error.raw_response().is_some_and(|answer| answer.status().is_client_error());
    is_refusal && matches!(Trouble::of(error), Denied | Missing | NotALockTable | Unexpected)
}

impl Trouble {
    pub(super) fn of<E>(error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        match error {
            SdkError::DispatchFailure(failure) if failure.is_other() => {
                Self::before_sending(error).unwrap_or(Self::Unexpected)
            }
            SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) => Self::Unreachable,
            _ => match error.raw_response() {
                Some(response) => Self::answered(
                    error.code(),
                    error.message(),
                    response.status().as_u16(),
                    response.headers().get("x-amz-bucket-region"),
                ),
                None => Self::Unexpected,
            },
        }
    }

    /// Why a request was not sent: usually there were no credentials.
    fn before_sending(error: &(dyn Error + 'static)) -> Option<Self> {
        chain(error).find_map(|error| match error.downcast_ref::<CredentialsError>() {
            // The provider itself reports an expired SSO login or session.
            Some(error) if says_expired(error) => Some(Self::Expired),
            Some(CredentialsError::InvalidConfiguration(_)) => Some(Self::BadCredentials),
            Some(_) => Some(Self::NoCredentials),
            // The type of this error is private in the SDK (`identity/cache/lazy.rs`).
            None => error
                .to_string()
                .starts_with("identity resolver timed out")
                .then_some(Self::NoCredentials),
        })
    }

    /// What an error answer means, by its code. An answer without a code, such as a proxy's or a
    /// `301` without a body, is judged by its status. The codes are from "Error handling with
    /// `DynamoDB`" in its developer guide, "Common error types" in its API reference, and "Error
    /// responses" in the S3 API reference.
    pub(in crate::aws) fn answered(
        code: Option<&str>,
        message: Option<&str>,
        status: u16,
        bucket_region: Option<&str>,
    ) -> Self {
        match code.unwrap_or_default() {
            "AccessDenied" | "AccessDeniedException" | "AllAccessDisabled" => Self::Denied,
            "InvalidObjectState" => Self::Archived,
            // For example `KMS.DisabledException`: the object's key is disabled or deleted.
            code if code.starts_with("KMS.") => Self::Denied,
            "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired" => Self::Expired,
            "UnrecognizedClientException"
            | "InvalidSignatureException"
            | "InvalidClientTokenId"
            | "IncompleteSignatureException"
            | "MissingAuthenticationTokenException"
            | "InvalidAccessKeyId"
            | "SignatureDoesNotMatch"
            | "InvalidToken"
            | "RequestTimeTooSkewed" => Self::BadCredentials,
            "ProvisionedThroughputExceededException"
            | "ThrottlingException"
            | "Throttling"
            | "RequestLimitExceeded"
            | "SlowDown"
            | "ServiceUnavailable"
            | "TooManyRequests" => Self::Throttled,
            "ResourceNotFoundException" | "NoSuchBucket" => Self::Missing,
            "PermanentRedirect"
            | "AuthorizationHeaderMalformed"
            | "TemporaryRedirect"
            | "IllegalLocationConstraintException" => {
                Self::WrongRegion(bucket_region.map(str::to_owned))
            }
            "ValidationException" if message.is_some_and(is_about_keys) => Self::NotALockTable,
            _ => match status {
                301 | 307 => Self::WrongRegion(bucket_region.map(str::to_owned)),
                401 | 403 => Self::Denied,
                429 | 503 => Self::Throttled,
                502 | 504 => Self::Unreachable,
                _ => Self::Unexpected,
            },
        }
    }
}

/// Whether a validation failed because the table has another key: "The provided key element does not
/// match the schema", "Query condition missed key schema element".
fn is_about_keys(message: &str) -> bool {
    message.contains("the schema") || message.contains("key schema")
}

/// Whether an error or one of its sources says that something has expired.
fn says_expired(error: &(dyn Error + 'static)) -> bool {
    chain(error).any(|error| error.to_string().contains("expired"))
}

/// An error, followed by its sources.
fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}
