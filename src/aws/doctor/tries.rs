//! Calls that are tried to learn whether they are allowed, and that change nothing.
//!
//! AWS looks at the permission first and at the condition then (the IAM user guide, "Policy evaluation logic"). So a
//! write whose condition never holds is answered with "the condition failed" if it is allowed, and with "access
//! denied" if not. On top of that, each write goes to a key at which there is nothing.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::KeysAndAttributes;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use crate::aws::error::Subject;
use crate::aws::values::{Item, text};
use crate::error::{Fault, FaultKind};
use crate::ports::TableAction;

/// A condition that no item and no missing item meets.
const NEVER: &str = "attribute_exists(#key) AND attribute_not_exists(#key)";

/// The attribute that an update would set.
const MARK: &str = "doctor";

/// An `ETag` that no object has: the MD5 of no known text.
pub(super) const NO_ETAG: &str = "\"00000000000000000000000000000000\"";

/// Whether a call to a table is allowed. There must be no item at `key`.
pub(super) async fn on_table(
    client: &Client,
    subject: &Subject,
    key: Item,
    action: TableAction,
) -> Result<bool, Fault> {
    let table = subject.name();
    // Any part of the key will do: an item has all of them.
    let part = key.keys().min().cloned().unwrap_or_default();
    match action {
        TableAction::GetItem => {
            let asked = client.get_item().table_name(table).set_key(Some(key)).send().await;
            judged(subject, asked)
        }
        TableAction::BatchGetItem => {
            let keys = KeysAndAttributes::builder().keys(key).build();
            let keys = keys.map_err(|error| subject.unexpected(error))?;
            judged(subject, client.batch_get_item().request_items(table, keys).send().await)
        }
        TableAction::Query => {
            let (name, value) = first_part(key);
            let query = client.query().table_name(table).limit(1);
            let query = query.key_condition_expression("#key = :value");
            let query = query.expression_attribute_names("#key", name);
            judged(subject, query.expression_attribute_values(":value", value).send().await)
        }
        TableAction::Scan => judged(subject, client.scan().table_name(table).limit(1).send().await),
        TableAction::PutItem => {
            let put = client.put_item().table_name(table).set_item(Some(key));
            let put = put.condition_expression(NEVER).expression_attribute_names("#key", part);
            judged(subject, put.send().await)
        }
        TableAction::UpdateItem => {
            let update = client.update_item().table_name(table).set_key(Some(key));
            let update =
                update.condition_expression(NEVER).expression_attribute_names("#key", part);
            let update = update.update_expression("SET #mark = :mark");
            let update = update.expression_attribute_names("#mark", MARK);
            judged(subject, update.expression_attribute_values(":mark", text(MARK)).send().await)
        }
        TableAction::DeleteItem => {
            let delete = client.delete_item().table_name(table).set_key(Some(key));
            let delete =
                delete.condition_expression(NEVER).expression_attribute_names("#key", part);
            judged(subject, delete.send().await)
        }
    }
}

/// Whether a lockfile can be deleted. There must be no object at `key`.
pub(super) async fn delete_of_object(
    client: &aws_sdk_s3::Client,
    subject: &Subject,
    key: &str,
) -> Result<bool, Fault> {
    let delete = client.delete_object().bucket(subject.name()).key(key).if_match(NO_ETAG);
    match delete.send().await {
        Err(error) => match error.raw_response().map(|answer| answer.status().as_u16()) {
            Some(412) => Ok(true),
            Some(404) if error.code() != Some("NoSuchBucket") => Ok(true),
            _ => allowed(subject.fault("allow s3:DeleteObject on *.tflock", error)),
        },
        Ok(_) => Ok(true),
    }
}

/// The part of a key by which a table is queried: the one that is a string and comes first.
fn first_part(key: Item) -> (String, aws_sdk_dynamodb::types::AttributeValue) {
    let mut parts: Vec<_> = key.into_iter().collect();
    parts.sort_by(|(one, _), (other, _)| one.cmp(other));
    parts.swap_remove(0)
}

fn judged<T, E>(
    subject: &Subject,
    asked: Result<T, SdkError<E, HttpResponse>>,
) -> Result<bool, Fault>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match asked {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(true),
        Err(error) => allowed(subject.fault("add the permission", error)),
    }
}

/// A denial is an answer.
pub(super) fn allowed(fault: Fault) -> Result<bool, Fault> {
    if fault.kind == FaultKind::Denied { Ok(false) } else { Err(fault) }
}
