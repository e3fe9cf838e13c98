//! How the lock of a state can be released, by what its stores promise.

use serde::{Deserialize, Serialize};

/// What the stores of a state promise to a release.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Guarantees {
    /// How far its lock table is.
    pub table: Distance,
    /// Whether the store of its lockfiles keeps conditions. [`StoreCheck::Kept`] for a state without lockfiles.
    pub lockfiles: StoreCheck,
    /// The program that deletes its locks in place of the bot. Its table is then called far.
    pub tool: Option<Tool>,
}

/// A program that can release a lock: the backend's own tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tool {
    /// `terraform`.
    Terraform,
    /// `tofu`, of OpenTofu.
    Tofu,
}

/// Whether one transaction can change a backend's lock table and the bot's own tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Distance {
    /// It can: they are in the same account and region, and are reached in the same way.
    #[default]
    Near,
    /// It cannot.
    Far,
}

/// What is known of whether a store of lockfiles keeps conditions: `If-None-Match` when an object is put, and
/// `If-Match` when one is deleted. AWS's S3 keeps them. Some stores that are compatible with S3 ignore them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoreCheck {
    /// It keeps them.
    #[default]
    Kept,
    /// It ignores at least one of them.
    Ignored,
    /// It is not AWS's S3, and no finding of `locktender doctor` is known.
    Unverified,
}

impl Tool {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Terraform, Self::Tofu];

    /// The name of the program.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Terraform => "terraform",
            Self::Tofu => "tofu",
        }
    }
}

impl StoreCheck {
    /// Whether it surely keeps them.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        *self == Self::Kept
    }
}
