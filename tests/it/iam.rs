//! The IAM policies of `deploy/iam`, held against what the bot calls: in the sources and in its doubles.

pub mod calls;
mod policies;

#[cfg(unix)]
mod enforced;
#[cfg(unix)]
mod job;
