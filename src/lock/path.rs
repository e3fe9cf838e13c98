//! The state path, `bucket/key`, which is the key of the state's lock row.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Longest S3 object key, in bytes (S3 user guide, "Naming Amazon S3 objects").
const KEY_LIMIT: usize = 1024;

/// The suffix of a lockfile's key after the state's key (Terraform's `s3/client.go`).
const LOCKFILE_SUFFIX: &str = ".tflock";

/// The suffix of a digest row's `LockID` after the state path (Terraform's `s3/client.go`).
const DIGEST_SUFFIX: &str = "-md5";

/// A state path, `bucket/key`, as Terraform writes it to `LockID` and to a record's `Path`.
///
/// The bucket ends at the first `/`, because bucket names contain none. So the two parts can always
/// be separated again.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StatePath {
    text: String,
    /// Byte index of the first `/`.
    slash: usize,
}

/// Why a text is not a state path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// There is no bucket before the first slash.
    #[error("it has no bucket before the first slash")]
    NoBucket,
    /// Nothing follows the bucket.
    #[error("it has no key after the bucket")]
    NoKey,
    /// The key is longer than S3 allows.
    #[error("its key is longer than the {KEY_LIMIT} bytes that S3 allows")]
    TooLong,
}

impl StatePath {
    /// Joins a bucket and the key of a state object.
    ///
    /// # Errors
    /// When either part is empty, or the key is longer than S3 allows.
    pub fn new(bucket: &str, key: &str) -> Result<Self, PathError> {
        Self::of_text(format!("{bucket}/{key}"))
    }

    /// Splits a `LockID` into bucket and key.
    ///
    /// # Errors
    /// When there is no bucket or no key, or the key is longer than S3 allows.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        Self::of_text(text.to_owned())
    }

    fn of_text(text: String) -> Result<Self, PathError> {
        let slash = text.find('/').filter(|&at| at > 0).ok_or(PathError::NoBucket)?;
        match text.len() - slash - 1 {
            0 => Err(PathError::NoKey),
            1..=KEY_LIMIT => Ok(Self { text, slash }),
            _ => Err(PathError::TooLong),
        }
    }

    /// The state of a digest row: its `LockID` without `-md5`.
    ///
    /// `None` for a `LockID` without that suffix. Use it only for rows with a `Digest` and no
    /// `Info`, because the key of a state may end in `-md5` too.
    #[must_use]
    pub fn of_digest_row(lock_id: &str) -> Option<Self> {
        Self::parse(lock_id.strip_suffix(DIGEST_SUFFIX)?).ok()
    }

    /// The state of a lockfile: its key without `.tflock`.
    #[must_use]
    pub fn of_lockfile(bucket: &str, key: &str) -> Option<Self> {
        Self::new(bucket, key.strip_suffix(LOCKFILE_SUFFIX)?).ok()
    }

    /// The whole path, `bucket/key`: the `LockID` of the lock row.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The bucket of the state.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.text[..self.slash]
    }

    /// The key of the state object in its bucket.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.text[self.slash + 1..]
    }

    /// The `LockID` of the state's digest row.
    #[must_use]
    pub fn digest_row(&self) -> String {
        format!("{}{DIGEST_SUFFIX}", self.text)
    }

    /// The key of the state's lockfile, in the same bucket.
    #[must_use]
    pub fn lockfile_key(&self) -> String {
        format!("{}{LOCKFILE_SUFFIX}", self.key())
    }
}

/// Whether a `LockID` ends like that of a digest row. The key of a state may end so too, so a row
/// with this key is a digest only if it has no `Info`.
#[must_use]
pub fn is_digest_key(lock_id: &str) -> bool {
    lock_id.ends_with(DIGEST_SUFFIX)
}

impl TryFrom<String> for StatePath {
    type Error = PathError;

    fn try_from(text: String) -> Result<Self, PathError> {
        Self::of_text(text)
    }
}

impl From<StatePath> for String {
    fn from(path: StatePath) -> Self {
        path.text
    }
}

impl fmt::Display for StatePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bucket_ends_at_the_first_slash() {
        let path = StatePath::parse("my-bucket/env:/blue/env/prod/terraform.tfstate").unwrap();
        assert_eq!(path.bucket(), "my-bucket");
        assert_eq!(path.key(), "env:/blue/env/prod/terraform.tfstate");
        assert_eq!(path.lockfile_key(), "env:/blue/env/prod/terraform.tfstate.tflock");
        assert_eq!(path.as_str(), "my-bucket/env:/blue/env/prod/terraform.tfstate");
    }

    #[test]
    fn a_text_without_both_parts_is_no_path() {
        let long = format!("b/{}", "k".repeat(1025));
        let cases = [
            ("", PathError::NoBucket),
            ("bucket", PathError::NoBucket),
            ("/key", PathError::NoBucket),
            ("bucket/", PathError::NoKey),
            (long.as_str(), PathError::TooLong),
        ];
        for (text, error) in cases {
            assert_eq!(StatePath::parse(text), Err(error), "{text:?}");
        }
        assert!(StatePath::parse(&long[..long.len() - 1]).is_ok());
    }

    #[test]
    fn digest_rows_and_lockfiles_name_their_state() {
        let state = StatePath::parse("b/env/prod/terraform.tfstate").unwrap();
        assert_eq!(
            StatePath::of_digest_row("b/env/prod/terraform.tfstate-md5"),
            Some(state.clone())
        );
        assert_eq!(StatePath::of_digest_row("b/env/prod/terraform.tfstate"), None);
        assert_eq!(StatePath::of_lockfile("b", "env/prod/terraform.tfstate.tflock"), Some(state));
        assert_eq!(StatePath::of_lockfile("b", "env/prod/terraform.tfstate"), None);
    }
}
