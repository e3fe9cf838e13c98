//! Waits for something outside this process: look, pause, look again, and give up at a deadline.

use std::time::{Duration, Instant};

/// How long a test waits for something that should come soon. Only a broken test waits this long, so
/// the limit is far more than a busy machine needs.
pub const PATIENCE: Duration = Duration::from_mins(2);

/// Short beside a Terraform command (0.1 s), long beside one look at a file or a process.
const PAUSE: Duration = Duration::from_millis(20);

/// The deadline of a loop that looks for something.
///
/// It serves a loop and not a closure, so that the loop may borrow anything, and its failure message
/// can show what was there instead.
pub struct Deadline(Instant);

impl Deadline {
    /// A deadline after [`PATIENCE`].
    pub fn generous() -> Self {
        Self(Instant::now() + PATIENCE)
    }

    /// Pauses. False once the deadline has passed.
    pub async fn look_again(&self) -> bool {
        tokio::time::sleep(PAUSE).await;
        Instant::now() < self.0
    }
}
