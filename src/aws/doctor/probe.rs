//! Tries with an object of the bot's own whether a store that is only compatible with S3 keeps conditions.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use super::tries::NO_ETAG;
use crate::aws::error::Subject;
use crate::error::Fault;
use crate::ports::Conditions;

/// The start of the object's key. No listing takes such an object for a lockfile or a state.
const PREFIX: &str = ".locktender-probe-";

/// What is in it, for people who find it.
const BODY: &[u8] =
    b"Locktender wrote this to learn whether the store keeps conditions. It can be deleted.\n";

const ALLOW: &str = "allow s3:PutObject and s3:DeleteObject on .locktender-probe-*";

/// Puts an object twice under `If-None-Match: *`, and deletes it under an `If-Match` that does not hold. The object is
/// removed in the end.
pub(super) async fn conditions(client: &Client, subject: &Subject) -> Result<Conditions, Fault> {
    let key = format!("{PREFIX}{:016x}", fastrand::u64(..));
    let tried = try_both(client, subject, &key).await;
    // Whatever happened before, the object must not stay. It may never have been written.
    let removed = client.delete_object().bucket(subject.name()).key(&key).send().await;
    let tried = tried?;
    removed.map_err(|error| subject.fault(ALLOW, error))?;
    Ok(tried)
}

async fn try_both(client: &Client, subject: &Subject, key: &str) -> Result<Conditions, Fault> {
    let put = || {
        let put = client.put_object().bucket(subject.name()).key(key).if_none_match("*");
        put.body(ByteStream::from_static(BODY))
    };
    put().send().await.map_err(|error| subject.fault(ALLOW, error))?;
    let put = is_ignored(subject, put().send().await)?;
    let delete = client.delete_object().bucket(subject.name()).key(key).if_match(NO_ETAG);
    let delete = is_ignored(subject, delete.send().await)?;
    Ok(if put || delete { Conditions::Ignored { put, delete } } else { Conditions::Kept })
}

/// Whether a request whose condition does not hold was carried out.
fn is_ignored<T, E>(
    subject: &Subject,
    answer: Result<T, SdkError<E, HttpResponse>>,
) -> Result<bool, Fault>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match answer {
        Ok(_) => Ok(true),
        Err(error) => match error.raw_response().map(|answer| answer.status().as_u16()) {
            Some(412) => Ok(false),
            _ => Err(subject.fault(ALLOW, error)),
        },
    }
}
