//! State objects, of which only their keys are read.

use aws_sdk_s3::types::EncodingType;

use crate::aws::locks::lockfiles::{ALLOW_LIST, Bucket, key_of};
use crate::error::Fault;
use crate::lock::StatePath;

impl Bucket {
    /// Whether the state has an object. A lockfile is none: the state that it would be the object of
    /// has a name that ends as a lockfile's does.
    pub(super) async fn has_object(&self, path: &StatePath) -> Result<bool, Fault> {
        if StatePath::of_lockfile(path.bucket(), path.key()).is_some() {
            return Ok(false);
        }
        // Reading the object's head would need s3:GetObject on states. Of the keys that begin with
        // this one it is the first itself, since a listing is in the order of the keys.
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
        let first = list.contents().first();
        let first = first.and_then(|object| key_of(object, list.encoding_type()));
        Ok(first.is_some_and(|key| key == path.key()))
    }
}
