//! Loops that run beside the commands, each a small struct with `run(shutdown)`.

mod directory;

pub use directory::{LiveDirectory, PatientDirectory};
