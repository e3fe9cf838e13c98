//! A stand-in for Terraform: makes a lock table and takes locks in it.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
    ScalarAttributeType,
};

use crate::aws::error::Subject;
use crate::aws::locks::rows::{DIGEST, KEY, RECORD};
use crate::aws::session::Session;
use crate::error::Fault;
use crate::lock::{LockRecord, StatePath};

/// A lock table in the embedded `DynamoDB`, with rows as Terraform writes them.
#[derive(Debug)]
pub struct Sandbox {
    client: Client,
    table: String,
    subject: Subject,
    is_new: bool,
}

impl Sandbox {
    /// Creates the table unless it exists.
    ///
    /// # Errors
    /// If the table cannot be created.
    pub async fn open(session: &Session, table: &str) -> Result<Self, Fault> {
        let subject = Subject::lock_table(table, session.reached());
        let client = session.dynamodb();
        let key = KeySchemaElement::builder().attribute_name(KEY).key_type(KeyType::Hash).build();
        let attribute = AttributeDefinition::builder()
            .attribute_name(KEY)
            .attribute_type(ScalarAttributeType::S)
            .build();
        let made = client
            .create_table()
            .table_name(table)
            .key_schema(key.map_err(|error| subject.unexpected(error))?)
            .attribute_definitions(attribute.map_err(|error| subject.unexpected(error))?)
            .billing_mode(BillingMode::PayPerRequest)
            .send()
            .await;
        let is_new = match made {
            Ok(_) => true,
            Err(error) => match error.as_service_error() {
                Some(CreateTableError::ResourceInUseException(_)) => false,
                _ => return Err(subject.fault("allow dynamodb:CreateTable on it", error)),
            },
        };
        Ok(Self { client, table: table.to_owned(), subject, is_new })
    }

    /// Whether this call created the table.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// Writes the digest row of a state, as Terraform does after each write of the state.
    ///
    /// # Errors
    /// If the row cannot be written.
    pub async fn write_digest(&self, path: &StatePath) -> Result<(), Fault> {
        self.client
            .put_item()
            .table_name(&self.table)
            .item(KEY, AttributeValue::S(path.digest_row()))
            .item(DIGEST, AttributeValue::S("0".repeat(32)))
            .send()
            .await
            .map_err(|error| self.subject.fault("allow dynamodb:PutItem on it", error))?;
        Ok(())
    }

    /// Takes the lock of a state and returns whether it was free (Terraform's `s3/client.go`).
    ///
    /// # Errors
    /// If the row cannot be written.
    pub async fn lock(&self, path: &StatePath, record: &LockRecord) -> Result<bool, Fault> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .item(KEY, AttributeValue::S(path.as_str().to_owned()))
            .item(RECORD, AttributeValue::S(record.to_text()))
            .condition_expression("attribute_not_exists(#key)")
            .expression_attribute_names("#key", KEY)
            .send()
            .await;
        match put {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(false),
                _ => Err(self.subject.fault("allow dynamodb:PutItem on it", error)),
            },
        }
    }
}
