//! `locktender doctor` and `/lock doctor`: every finding, on a store or a server that really is so.

mod asked;
#[cfg(unix)]
mod aws;
#[cfg(unix)]
mod buckets;
#[cfg(unix)]
mod codes;
mod hanging;
#[cfg(unix)]
mod locks;
#[cfg(unix)]
mod program;
#[cfg(unix)]
mod server;
#[cfg(unix)]
mod session;
#[cfg(unix)]
mod stores;
