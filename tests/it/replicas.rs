//! Two replicas: the lease, and what people notice when one takes over from the other.

mod keeper;
#[cfg(unix)]
mod turns;
