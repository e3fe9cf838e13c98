//! What outlives a process and a version: upgrades, rollbacks, backups and restored tables.

#[cfg(unix)]
mod alongside;
mod kept;
#[cfg(unix)]
mod recording;
mod restored;
mod upgrade;
#[cfg(unix)]
mod versions;
