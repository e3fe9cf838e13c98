//! State locks in AWS: rows in `DynamoDB`, lockfiles in S3.
//!
//! Only this module uses the AWS SDK. Callers see the types of [`crate::lock`], and a
//! [`Fault`](crate::error::Fault) for every error. A lock that could not be read is never reported
//! as free.

mod answers;
mod doctor;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzz;
mod http;
mod ledger;
mod locks;
mod measured;
mod migrations;
mod own;
mod pauses;
mod reads;
#[cfg(feature = "embedded")]
mod sandbox;
mod session;
mod values;

pub use self::doctor::Examined;
pub use self::ledger::AwsLedger;
pub use self::locks::AwsLocks;
pub use self::migrations::Migrations;
pub use self::own::LedgerTables;
pub use self::own::holds::AwsHolds;
pub use self::own::lease::AwsLease;
pub use self::own::outbox::AwsOutbox;
pub use self::own::reach::AwsOwnTables;
pub use self::own::store_checks::AwsStoreChecks;
pub use self::own::trail::AwsTrail;
pub use self::own::weeks::AwsWeeks;
#[cfg(feature = "embedded")]
pub use self::sandbox::Sandbox;
pub use self::session::{Patience, Session};
