//! The deletes of locks: the only ones there are, and each asks for the right to it.

use aws_sdk_dynamodb::types::{Delete, ReturnValuesOnConditionCheckFailure};
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::operation::delete_object::DeleteObjectError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;

use crate::aws::answers::Answers;
use crate::aws::locks::lockfiles::Bucket;
use crate::aws::locks::rows::{DIGEST, KEY, RECORD};
use crate::aws::values::text;
use crate::error::Fault;
use crate::lock::Flaw;
use crate::ports::Deleted;
use crate::unlock::ApprovedUnlock;

const ALLOW_DELETE: &str = "allow s3:DeleteObject on *.tflock";

/// The delete of the approved row, under the condition that it has the approved record still; `None`
/// where what was approved has no row. When the condition fails, `DynamoDB` gives what is there.
pub(in crate::aws) fn delete_row(table: &str, unlock: &ApprovedUnlock) -> Option<Delete> {
    let row = unlock.pinned().row()?;
    let delete = Delete::builder()
        .table_name(table)
        .key(KEY, text(unlock.state().path.as_str()))
        .expression_attribute_names("#record", RECORD)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    // The very bytes that were read: equal JSON that is written otherwise is another lock.
    let pinned = || String::from_utf8(row.record.as_bytes().to_vec()).ok().map(text);
    let delete = match row.info {
        // A row that was pinned without a record has none still, and is no digest.
        Err(Flaw::Missing) => delete
            .condition_expression(
                "attribute_exists(#key) AND attribute_not_exists(#record) \
                 AND attribute_not_exists(#digest)",
            )
            .expression_attribute_names("#key", KEY)
            .expression_attribute_names("#digest", DIGEST),
        // A digest at the key of a lock, which only its value tells from another one.
        Err(Flaw::DigestOnly) => delete
            .condition_expression("attribute_not_exists(#record) AND #digest = :pinned")
            .expression_attribute_names("#digest", DIGEST)
            .expression_attribute_values(":pinned", pinned()?),
        _ => delete
            .condition_expression("#record = :pinned")
            .expression_attribute_values(":pinned", pinned()?),
    };
    delete.build().ok()
}

impl Bucket {
    /// Deletes the approved lockfile, if it is that very version of it. Never with a version id: in
    /// a versioned bucket that would erase history, and a plain delete adds a marker.
    pub(super) async fn delete(&self, unlock: &ApprovedUnlock) -> Result<Deleted, Fault> {
        let Some(etag) = unlock.pinned().lockfile().and_then(|lockfile| lockfile.etag.as_deref())
        else {
            // Nothing was deleted, so nothing may be called gone. What is pinned has an ETag.
            return Ok(Deleted::Changed);
        };
        let answers = Answers::default();
        let deleted = self
            .client()
            .delete_object()
            .bucket(self.name())
            .key(unlock.state().path.lockfile_key())
            .if_match(etag)
            .customize()
            .interceptor(answers.clone())
            .send()
            .await;
        let Err(error) = deleted else {
            return Ok(Deleted::Gone);
        };
        // The codes are from "How to perform conditional deletes" in the user guide of S3. A 404 of
        // another code comes from something else than the object: a proxy, a missing bucket.
        match (status(&error), error.code()) {
            (Some(status), _) if status < 500 && answers.is_one_missing() => {
                Ok(Deleted::Unanswered)
            }
            (Some(404), Some("NoSuchKey")) => Ok(Deleted::Absent),
            (Some(412), _) => Ok(Deleted::Changed),
            _ => Err(self.subject().fault(ALLOW_DELETE, error)),
        }
    }
}

fn status(error: &SdkError<DeleteObjectError, HttpResponse>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}
