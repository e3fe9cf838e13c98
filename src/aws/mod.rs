//! The state locks as AWS holds them: rows in `DynamoDB`, lockfiles in S3.
//!
//! This is the only place that knows the AWS SDK. What it tells the rest are the types of
//! [`crate::lock`], and a [`Fault`](crate::error::Fault) for everything that goes wrong; a lock that could not be read is
//! never passed off as free.

mod answers;
mod error;
#[cfg(test)]
mod fuzz;
mod http;
mod ledger;
mod locks;
mod migrations;
mod own;
mod pauses;
mod reads;
#[cfg(feature = "embedded")]
mod sandbox;
mod session;
mod values;

pub use self::ledger::AwsLedger;
pub use self::locks::AwsLocks;
pub use self::migrations::Migrations;
pub use self::own::LedgerTables;
pub use self::own::holds::AwsHolds;
pub use self::own::outbox::AwsOutbox;
pub use self::own::trail::AwsTrail;
#[cfg(feature = "embedded")]
pub use self::sandbox::Sandbox;
pub use self::session::{Patience, Session};
