//! Locks stored as `.tflock` objects beside their states in S3.

use std::borrow::Cow;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::operation::get_object::{GetObjectError, GetObjectOutput};
use aws_sdk_s3::types::{EncodingType, Object};
use chrono::{DateTime, Utc};
use futures::stream::{self, StreamExt};
use percent_encoding::percent_decode_str;
use tokio::time::error::Elapsed;
use tracing::warn;

use crate::aws::error::Subject;
use crate::aws::locks::seen_lockfiles::{Listed, SeenLockfiles, Sorted, Version, is_of_one_object};
use crate::aws::session::Session;
use crate::error::Fault;
use crate::lock::{Flaw, LockRecord, RECORD_LIMIT, StatePath, StoreCheck, StoredLock};
use crate::ports::CheckedStore;
use crate::text::visible;

/// How many records a listing fetches at once: enough to hide S3's 20 to 50 ms an object, and far
/// below its 5,500 reads a second and prefix.
const AT_ONCE: usize = 16;

const ALLOW_GET: &str = "allow s3:GetObject on *.tflock, s3:ListBucket (without it a missing \
    lockfile looks forbidden), and kms:Decrypt where KMS encrypts";
pub(super) const ALLOW_LIST: &str = "allow s3:ListBucket on it";

/// A bucket of states, which may serve several backends.
#[derive(Debug)]
pub(super) struct Bucket {
    name: String,
    subject: Subject,
    client: Client,
    /// Limit for reading the bytes of a record. The SDK's own limit ends when S3 answers.
    body_limit: Duration,
    seen: Mutex<SeenLockfiles>,
    /// The address of a store that is not AWS's own, and what is known of it.
    other: Option<(String, Mutex<StoreCheck>)>,
}

impl Bucket {
    pub(super) fn new(session: &Session, name: &str) -> Self {
        let subject = Subject::bucket(name, session.reached());
        let (client, body_limit) = (session.s3(), session.patience().attempt);
        let unverified = || Mutex::new(StoreCheck::Unverified);
        let other = session.other_store().map(|endpoint| (endpoint, unverified()));
        Self { name: name.to_owned(), subject, client, body_limit, seen: Mutex::default(), other }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn subject(&self) -> &Subject {
        &self.subject
    }

    /// Whether the store keeps conditions, as far as it is known.
    pub(super) fn check(&self) -> StoreCheck {
        self.other.as_ref().map_or(StoreCheck::Kept, |(_, check)| {
            *check.lock().unwrap_or_else(PoisonError::into_inner)
        })
    }

    /// Whether that is known only from a finding.
    pub(super) fn is_learnt(&self) -> bool {
        self.other.is_some()
    }

    /// Takes over the finding about this store, if there is one.
    pub(super) fn learn(&self, found: &[CheckedStore]) {
        let Some((endpoint, check)) = &self.other else {
            return;
        };
        let mut found = found.iter();
        let found = found.find(|it| it.endpoint == *endpoint && it.bucket == self.name);
        let found = found.map_or(StoreCheck::Unverified, |it| it.found);
        *check.lock().unwrap_or_else(PoisonError::into_inner) = found;
    }

    /// The lockfile of one state. S3 reads are strongly consistent.
    pub(super) async fn get(&self, path: &StatePath) -> Result<Option<StoredLock>, Fault> {
        let request = self.client.get_object().bucket(&self.name).key(path.lockfile_key());
        match request.send().await {
            Ok(object) => tokio::time::timeout(self.body_limit, self.read(object))
                .await
                .map_err(|elapsed: Elapsed| self.subject.unreachable(elapsed))?
                .map(Some),
            Err(error) => match error.as_service_error() {
                Some(GetObjectError::NoSuchKey(_)) => Ok(None),
                // No object can have a key that S3 rejects, so this state has no lockfile.
                Some(other) if other.code() == Some("KeyTooLongError") => Ok(None),
                _ => Err(self.subject.fault(ALLOW_GET, error)),
            },
        }
    }

    /// The lockfile of a state in a bucket that the bot can list. S3 reports a missing object there as
    /// missing, not as forbidden. So a lockfile that cannot be fetched exists.
    pub(super) async fn get_or_unread(
        &self,
        path: &StatePath,
    ) -> Result<Option<StoredLock>, Fault> {
        match self.get(path).await {
            Err(fault) if is_of_one_object(&fault) => {
                let flaw = Flaw::Unread(fault.to_string());
                Ok(Some(StoredLock::flawed(flaw, LockRecord::new([]), None)))
            }
            result => result,
        }
    }

    /// Every lockfile of the bucket, also those that cannot be fetched. Leaves out a lockfile that is
    /// removed while the list is read. Fetches only what changed since the last list.
    pub(super) async fn lockfiles(&self) -> Result<Vec<(StatePath, StoredLock)>, Fault> {
        let listed = self.listed_lockfiles().await?;
        let mut seen = self.seen().clone();
        let Sorted { known: mut lockfiles, unknown } = seen.sort(listed, Instant::now());
        let mut fetched = stream::iter(unknown)
            .map(|listed| async move { (self.get(&listed.path).await, listed) })
            .buffer_unordered(AT_ONCE);
        let mut unread = Vec::new();
        while let Some((got, listed)) = fetched.next().await {
            match got {
                Ok(Some(stored)) => {
                    seen.read(&listed, &stored);
                    lockfiles.push((listed.path, stored));
                }
                Ok(None) => {}
                Err(fault) if is_of_one_object(&fault) => {
                    let stored = listed.unread(fault.to_string());
                    seen.unread(&listed, &stored, &fault, Instant::now());
                    lockfiles.push((listed.path.clone(), stored));
                    unread.push((listed.path, fault));
                }
                Err(fault) => return Err(fault),
            }
        }
        if let Some((path, fault)) = unread.first() {
            let (count, state, kind) = (unread.len(), visible(path.as_str()), fault.kind.as_str());
            warn!(count, state, kind, "lockfiles were not fetched, the first of them: {fault}");
        }
        *self.seen() = seen;
        Ok(lockfiles)
    }

    fn seen(&self) -> MutexGuard<'_, SeenLockfiles> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn listed_lockfiles(&self) -> Result<Vec<Listed>, Fault> {
        let mut lockfiles = Vec::new();
        self.each_object(|key, object| {
            lockfiles.extend(StatePath::of_lockfile(&self.name, key).map(|path| Listed {
                path,
                version: Version {
                    etag: object.e_tag.clone(),
                    modified: object.last_modified.and_then(time),
                },
                size: object.size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
            }));
        })
        .await?;
        Ok(lockfiles)
    }

    /// Calls `key` with the key of every object.
    pub(super) async fn each_key(&self, mut key: impl FnMut(&str)) -> Result<(), Fault> {
        self.each_object(|of, _| key(of)).await
    }

    /// Calls `object` with every object and its key. It lists the whole bucket: a lock may be on a
    /// state outside the configured names, and a listing must not leave it out.
    pub(super) async fn each_object(
        &self,
        mut object: impl FnMut(&str, &Object),
    ) -> Result<(), Fault> {
        // A key may have characters that XML does not allow. Unencoded, one such object would make
        // the whole list unreadable.
        let list = self.client.list_objects_v2().bucket(&self.name);
        let mut pages = list.encoding_type(EncodingType::Url).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.subject.fault(ALLOW_LIST, error))?;
            for stored in page.contents() {
                if let Some(key) = key_of(stored, page.encoding_type()) {
                    object(&key, stored);
                }
            }
        }
        Ok(())
    }

    /// Reads a record. If it is above the limit, only its first bytes are read.
    async fn read(&self, object: GetObjectOutput) -> Result<StoredLock, Fault> {
        let stored_at = object.last_modified.and_then(time);
        let etag = object.e_tag;
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
        Ok(StoredLock::new(LockRecord::new(bytes), stored_at).with_etag(etag))
    }
}

/// The key of an object in a list. In S3's URL encoding a `+` is a space.
pub(super) fn key_of<'o>(
    object: &'o Object,
    encoding: Option<&EncodingType>,
) -> Option<Cow<'o, str>> {
    let key = object.key()?;
    if encoding != Some(&EncodingType::Url) {
        return Some(Cow::Borrowed(key));
    }
    let key = key.replace('+', " ");
    Some(Cow::Owned(percent_decode_str(&key).decode_utf8_lossy().into_owned()))
}

fn time(time: aws_sdk_s3::primitives::DateTime) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(time.secs(), time.subsec_nanos())
}
