//! Waiting for the outside world: look, pause, look again, and give up in the end.

use std::time::{Duration, Instant};

/// How long a test waits for something that should come soon. Only a broken test gets there, so it
/// is far more than any of it takes on a machine that is busy with other work.
pub const PATIENCE: Duration = Duration::from_mins(2);

/// Short beside a Terraform command (0.1 s), long beside one look at a file or a process.
const PAUSE: Duration = Duration::from_millis(20);

/// A bound on a loop that looks for something.
///
/// A loop and not a closure, so that what is looked at may be borrowed in any way and the
/// message of a failure can show what was there instead.
pub struct Deadline(Instant);

impl Deadline {
    /// Lets the loop look for [`PATIENCE`].
    pub fn generous() -> Self {
        Self(Instant::now() + PATIENCE)
    }

    /// Pauses, and says whether it is worth looking again.
    pub async fn look_again(&self) -> bool {
        tokio::time::sleep(PAUSE).await;
        Instant::now() < self.0
    }
}
