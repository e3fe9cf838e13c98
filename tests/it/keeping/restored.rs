//! The trail after its table was restored from a backup.
