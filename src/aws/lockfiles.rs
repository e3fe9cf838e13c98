//! Locks that are `.tflock` objects beside their states in S3.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::{GetObjectError, GetObjectOutput};
use chrono::{DateTime, Utc};
use futures::stream::{self, StreamExt, TryStreamExt};
use tokio::time::error::Elapsed;

use super::error::Subject;
use crate::error::Fault;
use crate::lock::{Flaw, LockRecord, RECORD_LIMIT, StatePath, StoredLock};

/// How many records are fetched at once for a listing: enough to hide S3's 20 to 50 ms an object,
/// and few enough to stay far from its 5,500 reads a second and prefix.
const AT_ONCE: usize = 16;

const ALLOW_GET: &str = "allow s3:GetObject on *.tflock, s3:ListBucket (without it a missing \
    lockfile looks forbidden), and kms:Decrypt where KMS encrypts";
const ALLOW_LIST: &str = "allow s3:ListBucket on it";

/// A bucket with lockfiles, which may serve several backends.
#[derive(Debug)]
pub(super) struct Lockfiles {
    bucket: String,
    subject: Subject,
    client: Client,
    /// For the bytes of a record to come, after S3 has answered; the SDK's limit ends there.
    body_limit: Duration,
}

impl Lockfiles {
    pub(super) fn new(client: Client, bucket: &str, region: &str, body_limit: Duration) -> Self {
        let subject = Subject::bucket(bucket, region);
        Self { bucket: bucket.to_owned(), subject, client, body_limit }
    }

    pub(super) fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The lockfile of one state. S3 reads are strongly consistent.
    pub(super) async fn get(&self, path: &StatePath) -> Result<Option<StoredLock>, Fault> {
        let request = self.client.get_object().bucket(&self.bucket).key(path.lockfile_key());
        match request.send().await {
            Ok(object) => tokio::time::timeout(self.body_limit, self.read(object))
                .await
                .map_err(|elapsed: Elapsed| self.subject.unreachable(elapsed))?
                .map(Some),
            Err(error) => match error.as_service_error() {
                Some(GetObjectError::NoSuchKey(_)) => Ok(None),
                _ => Err(self.subject.fault(ALLOW_GET, error)),
            },
        }
    }

    /// Every lockfile of the bucket. One that is removed while the list is read is left out.
    pub(super) async fn list(&self) -> Result<Vec<(StatePath, StoredLock)>, Fault> {
        let mut paths = Vec::new();
        self.each_key(|key| paths.extend(StatePath::of_lockfile(&self.bucket, key))).await?;
        stream::iter(paths)
            .map(|path| async move { Ok(self.get(&path).await?.map(|stored| (path, stored))) })
            .buffer_unordered(AT_ONCE)
            .try_filter_map(async |found| Ok(found))
            .try_collect()
            .await
    }

    /// Hands over the key of every object. The whole bucket is listed: a lock may lie on a state
    /// that the configured names do not cover, and a listing must not be shorter than the truth.
    pub(super) async fn each_key(&self, mut key: impl FnMut(&str)) -> Result<(), Fault> {
        let mut pages = self.client.list_objects_v2().bucket(&self.bucket).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.subject.fault(ALLOW_LIST, error))?;
            page.contents().iter().filter_map(|object| object.key()).for_each(&mut key);
        }
        Ok(())
    }

    /// Takes a record, and of one that is above the limit no more than its first bytes.
    async fn read(&self, object: GetObjectOutput) -> Result<StoredLock, Fault> {
        let stored_at = object.last_modified.and_then(time);
        let mut body = object.body;
        let mut bytes = Vec::new();
        while let Some(chunk) = body.next().await {
            bytes.extend(chunk.map_err(|error| self.subject.unreachable(error))?);
            if bytes.len() > RECORD_LIMIT {
                let stated = object.content_length.and_then(|length| u64::try_from(length).ok());
                let flaw = Flaw::TooLarge(stated.unwrap_or(bytes.len() as u64));
                bytes.truncate(RECORD_LIMIT);
                return Ok(StoredLock::flawed(flaw, LockRecord::new(bytes), stored_at));
            }
        }
        Ok(StoredLock::new(LockRecord::new(bytes), stored_at))
    }
}

fn time(time: aws_sdk_s3::primitives::DateTime) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(time.secs(), time.subsec_nanos())
}
