//! Compares the digests of a lock table with the `ETag`s of the states.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use super::AwsLocks;
use super::lockfiles::Bucket;
use super::rows::LockTable;
use crate::error::Fault;
use crate::lock::StatePath;
use crate::ports::{Digests, ExamineDigests};
use crate::text::visible;

/// Most digests that are looked at a second time.
const TWICE: usize = 25;

/// A lock table, and one bucket whose states have digests in it.
struct DigestsOf {
    table: Arc<LockTable>,
    bucket: Arc<Bucket>,
}

/// How a digest compares with an `ETag`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    Different,
    WithoutState,
    Incomparable,
}

impl AwsLocks {
    /// The digests of each lock table, by bucket.
    #[must_use]
    pub fn digests(&self) -> Vec<Arc<dyn ExamineDigests>> {
        let mut pairs: Vec<DigestsOf> = Vec::new();
        for place in &self.places.all {
            let Some(table) = &place.table else { continue };
            let bucket = &place.bucket;
            let is_it = |pair: &DigestsOf| {
                Arc::ptr_eq(&pair.table, table) && Arc::ptr_eq(&pair.bucket, bucket)
            };
            if !pairs.iter().any(is_it) {
                pairs.push(DigestsOf { table: table.clone(), bucket: bucket.clone() });
            }
        }
        pairs.into_iter().map(|pair| Arc::new(pair) as Arc<dyn ExamineDigests>).collect()
    }
}

#[async_trait]
impl ExamineDigests for DigestsOf {
    fn subject(&self) -> String {
        let (table, bucket) = (visible(self.table.name()), visible(self.bucket.name()));
        format!("digests of the bucket `{bucket}` in the table `{table}`")
    }

    async fn compare(&self) -> Result<Digests, Fault> {
        let rows = self.table.digests(self.bucket.name()).await?;
        let (mut etags, mut locked) = (BTreeMap::new(), rows.locked);
        self.bucket
            .each_object(|key, object| {
                if let Some(path) = StatePath::of_lockfile(self.bucket.name(), key) {
                    locked.insert(path);
                } else if let Ok(path) = StatePath::new(self.bucket.name(), key) {
                    let etag = object.e_tag().unwrap_or_default().to_owned();
                    if rows.digests.contains_key(&path) {
                        etags.insert(path, etag);
                    }
                }
            })
            .await?;
        let mut digests = Digests::default();
        let mut again = 0;
        for (path, digest) in rows.digests {
            // A run that holds the lock writes the state first, and its digest then.
            if locked.contains(&path) {
                continue;
            }
            let mut comparison = compared(&digest, etags.get(&path).map(String::as_str));
            let is_odd = matches!(comparison, Comparison::Different | Comparison::WithoutState);
            if is_odd && again < TWICE {
                again += 1;
                comparison = self.compare_again(&path).await?;
            }
            match comparison {
                Comparison::Equal => digests.equal += 1,
                Comparison::Incomparable => digests.incomparable += 1,
                Comparison::Different => digests.different.push(path),
                Comparison::WithoutState => digests.without_state.push(path),
            }
        }
        Ok(digests)
    }
}

impl DigestsOf {
    /// A run may have written the state between the two reads.
    async fn compare_again(&self, path: &StatePath) -> Result<Comparison, Fault> {
        let etag = self.bucket.etag(path).await?;
        Ok(match self.table.digest(path).await? {
            Some(digest) => compared(&digest, etag.as_deref()),
            // Terraform has deleted the state and its digest.
            None => Comparison::Equal,
        })
    }
}

/// The `ETag` of an object that was uploaded in parts has a dash, and is no MD5 (S3 API reference, "Object").
fn compared(digest: &str, etag: Option<&str>) -> Comparison {
    let Some(etag) = etag else { return Comparison::WithoutState };
    let etag = etag.trim_matches('"');
    if etag.len() != 32 || !etag.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Comparison::Incomparable
    } else if etag.eq_ignore_ascii_case(digest) {
        Comparison::Equal
    } else {
        Comparison::Different
    }
}
