//! Stand-ins and helpers that the integration tests share. `README.md` beside this file lists them.

#[cfg(unix)]
pub mod apply;
#[cfg(unix)]
pub mod deadline;
pub mod discord;
pub mod dynamodb;
#[cfg(unix)]
pub mod e2e;
#[cfg(unix)]
pub mod endpoint;
pub mod far;
pub mod given;
pub mod guard;
pub mod iam;
#[cfg(unix)]
pub mod leash;
#[cfg(unix)]
pub mod lock;
pub mod loopback;
pub mod meter;
#[cfg(unix)]
pub mod moto;
pub mod office;
pub mod program;
pub mod proxy;
#[cfg(unix)]
pub mod s3;
#[cfg(unix)]
pub mod screen;
#[cfg(unix)]
pub mod site;
pub mod sites;
#[cfg(unix)]
pub mod stand;
#[cfg(unix)]
pub mod store;
pub mod stub;
#[cfg(unix)]
pub mod terraform;
pub mod trail;
pub mod two_stores;
