//! The only deletes of locks. Each demands an `ApprovedUnlock`.

use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::types::{Delete, ReturnValuesOnConditionCheckFailure};
use aws_sdk_s3::config::Builder;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::operation::delete_object::DeleteObjectError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;

use crate::aws::answers::Answers;
use crate::aws::locks::lockfiles::Bucket;
use crate::aws::locks::rows::{self, DIGEST, KEY, LockTable, RECORD};
use crate::aws::pauses::{PAUSES, wait};
use crate::aws::values::text;
use crate::error::Fault;
use crate::lock::Flaw;
use crate::ports::Deleted;
use crate::unlock::ApprovedUnlock;

/// Most tries of a delete that the SDK does not repeat.
const TRIES: usize = 3;

type DeleteFailed = SdkError<DeleteObjectError, HttpResponse>;

const ALLOW_DELETE: &str = "allow s3:DeleteObject on *.tflock";
const ALLOW_DELETE_ITEM: &str = "allow dynamodb:DeleteItem on it";

/// The delete of the approved row, on the condition that the row still has the approved record.
/// `None` if the approved lock has no row. If the condition fails, `DynamoDB` returns the stored
/// row.
pub(in crate::aws) fn delete_row(table: &str, unlock: &ApprovedUnlock) -> Option<Delete> {
    let row = unlock.pinned().row()?;
    let delete = Delete::builder()
        .table_name(table)
        .key(KEY, text(unlock.state().path.as_str()))
        .expression_attribute_names("#record", RECORD)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    // The exact bytes that were read. The same JSON with other bytes is another lock.
    let pinned = || String::from_utf8(row.record.as_bytes().to_vec()).ok().map(text);
    let delete = match row.info {
        // The approved row had no record. It must still have none, and must not be a digest.
        Err(Flaw::Missing) => delete
            .condition_expression(
                "attribute_exists(#key) AND attribute_not_exists(#record) \
                 AND attribute_not_exists(#digest)",
            )
            .expression_attribute_names("#key", KEY)
            .expression_attribute_names("#digest", DIGEST),
        // A digest at the key of a lock. Only its value distinguishes it from another row.
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

impl LockTable {
    /// Deletes the approved row, if it still has the approved record. A row that is deleted together with the
    /// record of the release goes another way: see [`delete_row`].
    pub(super) async fn delete(&self, unlock: &ApprovedUnlock) -> Result<Deleted, Fault> {
        let Some(delete) = delete_row(self.name(), unlock) else {
            // Nothing is deleted, so the result must not be `Gone`.
            return Ok(Deleted::Changed);
        };
        let answers = Answers::default();
        let deleted = self
            .client()
            .delete_item()
            .table_name(delete.table_name)
            .set_key(Some(delete.key))
            .set_condition_expression(delete.condition_expression)
            .set_expression_attribute_names(delete.expression_attribute_names)
            .set_expression_attribute_values(delete.expression_attribute_values)
            .set_return_values_on_condition_check_failure(
                delete.return_values_on_condition_check_failure,
            )
            .customize()
            .interceptor(answers.clone())
            .send()
            .await;
        let Err(error) = deleted else {
            return Ok(Deleted::Gone);
        };
        let is_refused = error.raw_response().is_some_and(|raw| raw.status().as_u16() < 500);
        if is_refused && answers.is_one_missing() {
            return Ok(Deleted::Unanswered);
        }
        match error.as_service_error() {
            Some(DeleteItemError::ConditionalCheckFailedException(failed)) => {
                let row = failed.item().filter(|item| !item.is_empty()).cloned();
                let lock = row.and_then(|row| rows::stored(unlock.state().path.as_str(), row));
                Ok(if lock.is_some() { Deleted::Changed } else { Deleted::Absent })
            }
            _ => Err(self.subject().fault(ALLOW_DELETE_ITEM, error)),
        }
    }
}

impl Bucket {
    /// Deletes the approved lockfile, if it is still the approved version. Passes no version ID: in
    /// a versioned bucket that would erase history, while a plain delete adds a marker.
    pub(super) async fn delete(&self, unlock: &ApprovedUnlock) -> Result<Deleted, Fault> {
        let Some(etag) = unlock.pinned().lockfile().and_then(|lockfile| lockfile.etag.as_deref())
        else {
            // An approved lockfile always has an ETag. Without one nothing is deleted, so the
            // result must not be `Gone`.
            return Ok(Deleted::Changed);
        };
        if self.check().is_kept() {
            let answers = Answers::default();
            let sent = self.send_delete(unlock, etag, &answers, None).await;
            return self.deleted(sent, answers.is_one_missing());
        }
        // The store may ignore the condition. Then only a look right before protects another lock, so every try
        // comes after its own look.
        let mut is_one_missing = false;
        let mut last = Ok(Deleted::Unanswered);
        for pause in &PAUSES[..TRIES] {
            wait(*pause).await;
            let there = self.get(&unlock.state().path).await?;
            if there.as_ref() != unlock.pinned().lockfile() {
                return Ok(match there {
                    _ if is_one_missing => Deleted::Unanswered,
                    None => Deleted::Absent,
                    Some(_) => Deleted::Changed,
                });
            }
            let answers = Answers::default();
            let sent = self.send_delete(unlock, etag, &answers, Some(once())).await;
            let is_answered = !answers.is_one_missing();
            last = self.deleted(sent, is_one_missing);
            if is_answered {
                return last;
            }
            is_one_missing = true;
        }
        last
    }

    async fn send_delete(
        &self,
        unlock: &ApprovedUnlock,
        etag: &str,
        answers: &Answers,
        config: Option<Builder>,
    ) -> Result<(), DeleteFailed> {
        let delete = self
            .client()
            .delete_object()
            .bucket(self.name())
            .key(unlock.state().path.lockfile_key())
            .if_match(etag)
            .customize()
            .interceptor(answers.clone());
        let delete = match config {
            Some(config) => delete.config_override(config),
            None => delete,
        };
        delete.send().await.map(|_| ())
    }

    /// What a delete has done, after tries of which one may be without an answer.
    fn deleted(
        &self,
        sent: Result<(), DeleteFailed>,
        is_one_missing: bool,
    ) -> Result<Deleted, Fault> {
        let Err(error) = sent else {
            return Ok(Deleted::Gone);
        };
        // The codes are from "How to perform conditional deletes" in the S3 user guide. A 404 with
        // another code does not come from the object, but from a proxy or a missing bucket.
        match (status(&error), error.code()) {
            (Some(status), _) if status < 500 && is_one_missing => Ok(Deleted::Unanswered),
            (Some(404), Some("NoSuchKey")) => Ok(Deleted::Absent),
            (Some(412), _) => Ok(Deleted::Changed),
            _ => Err(self.subject().fault(ALLOW_DELETE, error)),
        }
    }
}

/// The SDK sends a request once.
fn once() -> Builder {
    Builder::new().retry_config(RetryConfig::disabled())
}

fn status(error: &DeleteFailed) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}
