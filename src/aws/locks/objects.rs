//! State objects. Only their keys and `ETag`s are read.

use aws_sdk_s3::types::EncodingType;

use crate::aws::locks::lockfiles::{ALLOW_LIST, Bucket, key_of};
use crate::error::Fault;
use crate::lock::StatePath;

impl Bucket {
    /// Whether the state has an object. If the path ends like a lockfile's, the object is a
    /// lockfile and not a state.
    pub(super) async fn has_object(&self, path: &StatePath) -> Result<bool, Fault> {
        if StatePath::of_lockfile(path.bucket(), path.key()).is_some() {
            return Ok(false);
        }
        Ok(self.etag(path).await?.is_some())
    }

    /// The `ETag` of a state's object, or an empty text if the store gives none. `None` without an object. The object
    /// itself is not read.
    pub(super) async fn etag(&self, path: &StatePath) -> Result<Option<String>, Fault> {
        // A HEAD request would need s3:GetObject on states. A list is ordered by key, so the first
        // key with this prefix is the key itself if it exists.
        let list = self
            .client()
            .list_objects_v2()
            .bucket(self.name())
            .prefix(path.key())
            .max_keys(1)
            .encoding_type(EncodingType::Url)
            .send()
            .await
            .map_err(|error| self.subject().fault(ALLOW_LIST, error))?;
        let is_it = |key| key == path.key();
        let first = list.contents().first();
        let object = first.filter(|object| key_of(object, list.encoding_type()).is_some_and(is_it));
        Ok(object.map(|object| object.e_tag().unwrap_or_default().to_owned()))
    }
}
