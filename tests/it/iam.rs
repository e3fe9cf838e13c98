//! The IAM policies of `deploy/iam`, held against what the bot calls: in the sources, in its doubles, and
//! under moto's own IAM.

pub mod calls;
mod policies;

#[cfg(unix)]
mod deployed;
#[cfg(unix)]
mod enforced;
#[cfg(unix)]
mod job;
#[cfg(unix)]
mod moto;
